// Compiled kernels on a GPU and their launches. Failures are DeviceErrors that name the kernel, the GPU and the launch.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"

namespace mlffgen::cuda {

struct ModuleState;

struct LaunchShape {
  unsigned blocks = 1, threads = 1;
  unsigned shared_bytes = 0;  // dynamic
};

// A function of a module, which it keeps loaded. Cheap to copy.
class Kernel {
 public:
  const std::string& name() const { return name_; }

  // Allows launches with so much dynamic shared memory; needed beyond 48 KiB. DeviceError names what the GPU has.
  void allow_shared(unsigned bytes);

  struct Resources {
    int registers = 0;      // of a thread
    int static_shared = 0;  // bytes of a block
    int local_bytes = 0;    // of a thread: its stack
    int max_threads = 0;    // of a block
  };
  Resources resources() const;

  // How many blocks of so many threads and so much dynamic shared memory run on one multiprocessor at once.
  int blocks_per_multiprocessor(unsigned threads, unsigned shared_bytes) const;

  // `arguments` points to one value for each parameter of the kernel. Asynchronous; allocates nothing.
  void launch_raw(const Stream& stream, const LaunchShape& shape, void** arguments) const;

  // Each argument goes by value with its exact C type: int, float, double, DevicePointer for any pointer.
  template <class... Arguments>
  void launch(const Stream& stream, const LaunchShape& shape, const Arguments&... arguments) const {
    void* addresses[sizeof...(Arguments) + 1] = {const_cast<void*>(static_cast<const void*>(&arguments))..., nullptr};
    launch_raw(stream, shape, addresses);
  }

 private:
  friend class Module;
  Kernel(std::shared_ptr<const ModuleState> module, void* function, std::string name)
      : module_(std::move(module)), function_(function), name_(std::move(name)) {}

  std::shared_ptr<const ModuleState> module_;
  void* function_;
  std::string name_;
};

// A cubin on a GPU. Cheap to copy; unloaded with the last copy and the last of its kernels.
class Module {
 public:
  // `name` is for messages. DeviceError when the GPU cannot run it.
  Module(const Context& context, std::span<const std::byte> cubin, std::string name);

  // DeviceError when it has no such kernel.
  Kernel kernel(const std::string& name) const;

 private:
  std::shared_ptr<const ModuleState> state_;
};

}  // namespace mlffgen::cuda
