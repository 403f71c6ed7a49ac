// One GPU, by its primary context: the one that PyTorch and the CUDA runtime use too, so that pointers and streams can
// be shared with them.
//
// Every call of this library needs the context of its objects to be current on the calling thread: entry points hold a
// CurrentContext. Destructors see to it themselves, never throw, and are safe after a sticky error or at exit.
// Objects may be used by several threads; one object by one thread at a time, but for Context, Stream, Module and
// Kernel.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/cuda/driver.h"

namespace mlffgen::cuda {

struct ContextState;

// Cheap to copy; the primary context is released with the last copy, kept by every object made from it.
class Context {
 public:
  // Throws what find_driver throws; UserError for a device that is not there, which names those that are.
  explicit Context(int device = 0);

  const DeviceInfo& device() const;
  int driver_version() const;  // Driver::version

  struct Memory {
    std::size_t free = 0, total = 0;  // bytes
  };
  Memory memory() const;

  // Waits for all streams of this context. Throws DeviceError.
  void synchronise() const;

  const ContextState& state() const { return *state_; }  // for this library

 private:
  std::shared_ptr<const ContextState> state_;
};

// Makes a context current on this thread for a scope, and restores what the caller had after it.
class CurrentContext {
 public:
  explicit CurrentContext(const Context& context);
  ~CurrentContext();
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

 private:
  Context context_;
};

// Marks what is put into streams and waited for while it lives as what profilers are to look at that leave out all
// else, such as `ncu --profile-from-start off`. Needs the context current.
class ProfiledRange {
 public:
  explicit ProfiledRange(const Context& context);
  ~ProfiledRange();
  ProfiledRange(const ProfiledRange&) = delete;
  ProfiledRange& operator=(const ProfiledRange&) = delete;

 private:
  Context context_;
};

}  // namespace mlffgen::cuda
