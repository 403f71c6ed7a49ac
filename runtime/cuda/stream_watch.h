// Sees what is put into a stream, piece by piece: for measurements.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"

namespace mlffgen::cuda {

struct Work {
  std::string_view name;    // of the kernel, or "copy to the device" and the like
  LaunchShape shape{0, 0};  // of a kernel's launch; without blocks for all else
  std::size_t bytes = 0;    // of a copy or a fill
};

// While it lives, `seen` is called behind each launch, copy, fill or graph that this library puts into the stream. One
// at a time for a stream, on the thread that uses the stream.
class StreamWatch {
 public:
  StreamWatch(const Stream& stream, std::function<void(const Work&)> seen);
  ~StreamWatch();
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;

 private:
  Stream stream_;
};

}  // namespace mlffgen::cuda
