#include "runtime/cuda/stream.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/cuda/stream_state.h"

namespace mlffgen::cuda {
namespace {

constexpr unsigned kNonBlocking = 1, kNoTiming = 2;

}  // namespace

std::string shape_text(const LaunchShape& shape) {
  return fmt::format("{} block{} of {} threads, {} bytes of shared memory", shape.blocks, shape.blocks == 1 ? "" : "s",
                     shape.threads, shape.shared_bytes);
}

StreamState::~StreamState() {
  if (!owned) return;
  const QuietContext current(context.state());
  context.state().api.stream_destroy(handle);
}

void StreamState::remember(std::string_view name, const LaunchShape& shape) {
  const std::lock_guard lock(mutex_);
  name_size_ = name.copy(name_.data(), name_.size());
  shape_ = shape;
}

DeviceError StreamState::error(const char* what, Status status) {
  const std::lock_guard lock(mutex_);
  std::string more;
  if (name_size_ > 0) {
    more = fmt::format("the last launch was {}{}{}; CUDA_LAUNCH_BLOCKING=1 shows which launch failed",
                       std::string_view(name_.data(), name_size_), shape_.blocks > 0 ? ", " : "",
                       shape_.blocks > 0 ? shape_text(shape_) : "");
  }
  return context.state().error(what, status, more);
}

Stream::Stream(const Context& context) {
  Handle handle = nullptr;
  context.state().check(context.state().api.stream_create(&handle, kNonBlocking), "making a stream");
  state_ = std::make_shared<StreamState>(context, handle, true);
}

Stream Stream::borrow(const Context& context, void* cuda_stream) {
  return Stream(std::make_shared<StreamState>(context, cuda_stream, false));
}

void Stream::synchronise() const {
  state_->check(state_->context.state().api.stream_synchronise(state_->handle), "waiting for a stream");
}

void Stream::wait(const Event& event) const {
  state_->check(state_->context.state().api.stream_wait(state_->handle, event.handle(), 0), "waiting for an event");
}

void* Stream::handle() const { return state_->handle; }

const Context& Stream::context() const { return state_->context; }

Event::Event(const Context& context, bool timing) : context_(context) {
  context.state().check(context.state().api.event_create(&handle_, timing ? 0 : kNoTiming), "making an event");
}

Event::Event(Event&& other) noexcept : context_(other.context_), handle_(std::exchange(other.handle_, nullptr)) {}

Event& Event::operator=(Event&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(handle_, other.handle_);
  return *this;
}

Event::~Event() {
  if (handle_ == nullptr) return;
  const QuietContext current(context_.state());
  context_.state().api.event_destroy(handle_);
}

void Event::record(const Stream& stream) {
  stream.state().check(context_.state().api.event_record(handle_, stream.handle()), "recording an event");
}

void Event::synchronise() const {
  context_.state().check(context_.state().api.event_synchronise(handle_), "waiting for an event");
}

bool Event::done() const {
  const Status status = context_.state().api.event_query(handle_);
  if (status == kNotReady) return false;
  context_.state().check(status, "asking for an event");
  return true;
}

float Event::milliseconds(const Event& from, const Event& to) {
  float result = 0;
  const ContextState& state = from.context_.state();
  state.check(state.api.event_elapsed(&result, from.handle_, to.handle_), "timing between events");
  return result;
}

}  // namespace mlffgen::cuda
