#include "runtime/cuda/stream_watch.h"

#include <utility>

#include "base/error.h"
#include "runtime/cuda/stream_state.h"

namespace mlffgen::cuda {

StreamWatch::StreamWatch(const Stream& stream, std::function<void(const Work&)> seen) : stream_(stream) {
  internal_check(!stream.state().watcher, "a stream is watched twice");
  stream.state().watcher = std::move(seen);
}

StreamWatch::~StreamWatch() { stream_.state().watcher = nullptr; }

}  // namespace mlffgen::cuda
