#include "runtime/cuda/module.h"

#include <fmt/format.h>

#include "runtime/cuda/driver_api.h"
#include "runtime/cuda/stream_state.h"

namespace mlffgen::cuda {
namespace {

// CU_FUNC_ATTRIBUTE_...
constexpr int kMaxThreads = 0, kStaticSharedBytes = 1, kLocalBytes = 3, kRegisters = 4, kMaxDynamicSharedBytes = 8;

}  // namespace

struct ModuleState {
  ModuleState(const Context& its_context, Handle its_handle, std::string its_name)
      : context(its_context), handle(its_handle), name(std::move(its_name)) {}
  ~ModuleState() {
    const QuietContext current(context.state());
    context.state().api.module_unload(handle);
  }
  ModuleState(const ModuleState&) = delete;
  ModuleState& operator=(const ModuleState&) = delete;

  Context context;
  Handle handle;
  std::string name;
};

Module::Module(const Context& context, std::span<const std::byte> cubin, std::string name) {
  const ContextState& state = context.state();
  Handle handle = nullptr;
  const Status status = state.api.module_load(&handle, cubin.data());
  if (status != kSuccess)
    throw state.error(fmt::format("loading {}", name), status, "it needs code for " + state.device.arch);
  state_ = std::make_shared<const ModuleState>(context, handle, std::move(name));
}

Kernel Module::kernel(const std::string& name) const {
  const ContextState& state = state_->context.state();
  Handle function = nullptr;
  const Status status = state.api.module_function(&function, state_->handle, name.c_str());
  if (status != kSuccess) throw state.error(fmt::format("looking for kernel {} in {}", name, state_->name), status);
  return {state_, function, name};
}

void Kernel::allow_shared(unsigned bytes) {
  const ContextState& state = module_->context.state();
  const Status status = state.api.function_set_attribute(function_, kMaxDynamicSharedBytes, static_cast<int>(bytes));
  if (status == kSuccess) return;
  throw state.error(fmt::format("{}: allowing {} bytes of shared memory", name_, bytes), status,
                    fmt::format("the GPU has {} bytes for a block", state.device.shared_bytes_per_block));
}

Kernel::Resources Kernel::resources() const {
  const ContextState& state = module_->context.state();
  const auto attribute = [&](int which) {
    int value = 0;
    state.check(state.api.function_attribute(&value, which, function_), name_.c_str());
    return value;
  };
  return {attribute(kRegisters), attribute(kStaticSharedBytes), attribute(kLocalBytes), attribute(kMaxThreads)};
}

int Kernel::blocks_per_multiprocessor(unsigned threads, unsigned shared_bytes) const {
  const ContextState& state = module_->context.state();
  int blocks = 0;
  state.check(state.api.occupancy(&blocks, function_, static_cast<int>(threads), shared_bytes), name_.c_str());
  return blocks;
}

void Kernel::launch_raw(const Stream& stream, const LaunchShape& shape, void** arguments) const {
  const ContextState& state = module_->context.state();
  const Status status = state.api.launch(function_, shape.blocks, 1, 1, shape.threads, 1, 1, shape.shared_bytes,
                                         stream.handle(), arguments, nullptr);
  if (status != kSuccess) throw state.error(name_, status, "launch " + shape_text(shape));
  stream.state().remember(name_, shape);
  stream.state().tell({name_, shape});
}

}  // namespace mlffgen::cuda
