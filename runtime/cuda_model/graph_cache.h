// The graphs of a workspace, one for each kind of call, the least recently used dropped first. For this folder and its
// tests only.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/cuda/graph.h"
#include "runtime/kernels/device_neighbour_list.h"

namespace mlffgen::cuda_model {

// Where the inputs come from and the outputs go.
enum class BatchKind { host, device };

// What shapes the work of a call. Sizes are capacities: how many atoms and systems there are is read on the device.
struct CallKey {
  BatchKind kind = BatchKind::host;
  std::int64_t atoms = 0, systems = 0;
  bool forces = true;
  kernels::ListPath path = kernels::ListPath::all_pairs;

  auto operator<=>(const CallKey&) const = default;
};

class GraphCache {
 public:
  struct Entry {
    CallKey key;
    std::optional<cuda::Graph> graph;  // none before the second call
    bool seen = false;                 // a call of this key has run
    std::uint64_t last_use = 0;
  };

  explicit GraphCache(std::size_t most = 32) : most_(most) {}

  // The entry of a key, made if there is none; valid until the next call.
  Entry& at(const CallKey& key);
  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

 private:
  std::size_t most_;
  std::uint64_t clock_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace mlffgen::cuda_model
