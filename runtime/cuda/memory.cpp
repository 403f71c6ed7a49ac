#include "runtime/cuda/memory.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/cuda/driver_api.h"
#include "runtime/cuda/stream_state.h"

namespace mlffgen::cuda {
namespace {

// Of pinned memory: every context may use it.
constexpr unsigned kPortable = 1;

DeviceError allocation_error(const ContextState& state, const char* kind, std::size_t bytes, Status status) {
  std::string more;
  std::size_t free = 0, total = 0;
  if (status == kOutOfMemory && state.api.memory_info(&free, &total) == kSuccess) {
    more = fmt::format("{} of {} bytes of the GPU are free", free, total);
  }
  return state.error(fmt::format("allocating {} bytes of {} memory", bytes, kind), status, more);
}

}  // namespace

DeviceBuffer::DeviceBuffer(const Context& context) : context_(context) {}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : context_(other.context_), address_(std::exchange(other.address_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() { release(); }

void DeviceBuffer::release() noexcept {
  if (address_ == 0) return;
  const QuietContext current(context_.state());
  context_.state().api.memory_free(address_);
  address_ = 0;
  bytes_ = 0;
}

DevicePointer DeviceBuffer::at_least(std::size_t bytes) {
  if (bytes <= bytes_) return address_;
  release();
  const ContextState& state = context_.state();
  const Status status = state.api.memory_allocate(&address_, bytes);
  if (status != kSuccess) {
    address_ = 0;
    throw allocation_error(state, "device", bytes, status);
  }
  bytes_ = bytes;
  return address_;
}

PinnedBuffer::PinnedBuffer(const Context& context) : context_(context) {}

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : context_(other.context_),
      address_(std::exchange(other.address_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

PinnedBuffer& PinnedBuffer::operator=(PinnedBuffer&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PinnedBuffer::~PinnedBuffer() { release(); }

void PinnedBuffer::release() noexcept {
  if (address_ == nullptr) return;
  const QuietContext current(context_.state());
  context_.state().api.host_free(address_);
  address_ = nullptr;
  bytes_ = 0;
}

void* PinnedBuffer::at_least(std::size_t bytes) {
  if (bytes <= bytes_) return address_;
  release();
  const ContextState& state = context_.state();
  const Status status = state.api.host_allocate(&address_, bytes, kPortable);
  if (status != kSuccess) {
    address_ = nullptr;
    throw allocation_error(state, "pinned", bytes, status);
  }
  bytes_ = bytes;
  return address_;
}

void copy_to_device(const Stream& stream, DevicePointer to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  StreamState& state = stream.state();
  state.check(state.context.state().api.copy_to_device(to, from, bytes, state.handle), "copying to the device");
  state.tell({"copy to the device", {0, 0}, bytes});
}

void copy_to_host(const Stream& stream, void* to, DevicePointer from, std::size_t bytes) {
  if (bytes == 0) return;
  StreamState& state = stream.state();
  state.check(state.context.state().api.copy_to_host(to, from, bytes, state.handle), "copying to the host");
  state.tell({"copy to the host", {0, 0}, bytes});
}

void copy_on_device(const Stream& stream, DevicePointer to, DevicePointer from, std::size_t bytes) {
  if (bytes == 0) return;
  StreamState& state = stream.state();
  state.check(state.context.state().api.copy_on_device(to, from, bytes, state.handle), "copying on the device");
  state.tell({"copy on the device", {0, 0}, bytes});
}

void fill_bytes(const Stream& stream, DevicePointer to, std::uint8_t value, std::size_t bytes) {
  if (bytes == 0) return;
  StreamState& state = stream.state();
  state.check(state.context.state().api.fill(to, value, bytes, state.handle), "filling memory");
  state.tell({"fill memory", {0, 0}, bytes});
}

}  // namespace mlffgen::cuda
