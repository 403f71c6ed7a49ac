#include "runtime/cuda_model/graph_cache.h"

#include <algorithm>

namespace mlffgen::cuda_model {

GraphCache::Entry& GraphCache::at(const CallKey& key) {
  auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) {
    if (entries_.size() >= most_) {
      entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                      [](const Entry& a, const Entry& b) { return a.last_use < b.last_use; }));
    }
    entries_.push_back({key, std::nullopt, false, 0});
    found = entries_.end() - 1;
  }
  found->last_use = ++clock_;
  return *found;
}

}  // namespace mlffgen::cuda_model
