#include "runtime/cuda/context.h"

#include <fmt/format.h>

#include "base/error.h"
#include "runtime/cuda/driver_api.h"

namespace mlffgen::cuda {
namespace {

DeviceInfo choose(const std::vector<DeviceInfo>& devices, int index) {
  for (const DeviceInfo& device : devices) {
    if (device.index == index) return device;
  }
  std::string list;
  for (const DeviceInfo& device : devices) {
    list += fmt::format("{}cuda:{} ({})", list.empty() ? "" : ", ", device.index, device.name);
  }
  throw UserError(fmt::format("there is no GPU cuda:{}: this machine has {}", index, list));
}

// Errors after which the driver refuses all further work of the process: an uncorrectable memory error, an illegal
// address, a time-out, a failed assertion, and the hardware's exceptions up to "unspecified launch failure".
bool is_sticky(Status status) {
  return status == 214 || status == 700 || status == 702 || status == 710 || (status >= 714 && status <= 719);
}

}  // namespace

ContextState::ContextState(const DriverApi& driver, DeviceInfo info) : api(driver), device(std::move(info)) {
  check(api.device_get(&ordinal, device.index), "finding the device");
  check(api.context_retain(&context, ordinal), "making a context");
}

ContextState::~ContextState() { api.context_release(ordinal); }

DeviceError ContextState::error(const std::string& what, Status status, const std::string& more) const {
  std::string text = fmt::format("{} on {} (GPU {}): {}", what, device.name, device.index, api.text(status));
  if (!more.empty()) text += "; " + more;
  if (is_sticky(status)) text += "; this process cannot use the GPU any more";
  return DeviceError(text);
}

Context::Context(int device) {
  const DriverApi& api = driver_api();
  state_ = std::make_shared<const ContextState>(api, choose(describe_devices(api), device));
}

const DeviceInfo& Context::device() const { return state_->device; }
int Context::driver_version() const { return state_->api.version; }

Context::Memory Context::memory() const {
  Memory memory;
  state_->check(state_->api.memory_info(&memory.free, &memory.total), "asking for the free memory");
  return memory;
}

void Context::synchronise() const { state_->check(state_->api.context_synchronise(), "waiting for all work"); }

CurrentContext::CurrentContext(const Context& context) : context_(context) {
  const ContextState& state = context_.state();
  state.check(state.api.context_push(state.context), "making the context current");
}

CurrentContext::~CurrentContext() {
  Handle popped = nullptr;
  context_.state().api.context_pop(&popped);
}

ProfiledRange::ProfiledRange(const Context& context) : context_(context) {
  context_.state().check(context_.state().api.profiler_start(), "beginning a profiled range");
}

ProfiledRange::~ProfiledRange() { context_.state().api.profiler_stop(); }

}  // namespace mlffgen::cuda
