// A sequence of launches and copies, recorded once and then started by one call of the driver. Failures are
// DeviceErrors.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "runtime/cuda/context.h"
#include "runtime/cuda/stream.h"

namespace mlffgen::cuda {

// Moves, does not copy. The modules and memory that its work uses must outlive it.
class Graph {
 public:
  // Records what `enqueue` puts into the stream (and into streams that wait for it and that it waits for in the end);
  // none of it runs. Other threads may work meanwhile. `enqueue` must not allocate, free or wait. When it throws, the
  // recording is dropped, the stream is as before, and the exception goes on.
  static Graph capture(const Stream& stream, const std::function<void()>& enqueue);

  Graph(Graph&& other) noexcept;
  Graph& operator=(Graph&& other) noexcept;
  ~Graph();

  void launch(const Stream& stream) const;

  // How many launches, copies and fills it holds.
  std::size_t nodes() const;

  // Takes over the arguments and launch shapes of a graph of the same structure; this is quicker than a new graph.
  // False, and nothing changed, when the structure differs.
  bool update(const Graph& like);

 private:
  struct Recording;
  Graph(const Context& context, std::shared_ptr<const Recording> recording);
  void release() noexcept;

  Context context_;
  std::shared_ptr<const Recording> recording_;
  void* executable_ = nullptr;
};

}  // namespace mlffgen::cuda
