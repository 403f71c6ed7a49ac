// What a stream remembers. For this folder only.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/cuda/context.h"
#include "runtime/cuda/driver_api.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream_watch.h"

namespace mlffgen::cuda {

// "63 blocks of 256 threads, 116736 bytes of shared memory".
std::string shape_text(const LaunchShape& shape);

struct StreamState {
  StreamState(const Context& its_context, Handle its_handle, bool is_owned)
      : context(its_context), handle(its_handle), owned(is_owned) {}
  ~StreamState();
  StreamState(const StreamState&) = delete;
  StreamState& operator=(const StreamState&) = delete;

  // Kernels fail after their launch: a message names the last one, which failed or comes after the one that did.
  // Allocates nothing; cuts long names. A shape without blocks is left out of the message.
  void remember(std::string_view name, const LaunchShape& shape);

  // A DeviceError with the last launch.
  DeviceError error(const char* what, Status status);

  void check(Status status, const char* what) {
    if (status != kSuccess) throw error(what, status);
  }

  Context context;
  Handle handle;
  bool owned;
  std::function<void(const Work&)> watcher;  // of a StreamWatch, or none

  void tell(const Work& work) const {
    if (watcher) watcher(work);
  }

 private:
  std::mutex mutex_;
  std::array<char, 64> name_{};
  std::size_t name_size_ = 0;
  LaunchShape shape_;
};

}  // namespace mlffgen::cuda
