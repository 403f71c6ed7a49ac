// Decides which values of atoms are kept from one phase to a later one.
#pragma once

#include <set>
#include <vector>

#include "codegen/emit/schedule.h"

namespace mlffgen::emit {

struct Placement {
  std::vector<Buffer> buffers;
  std::set<NodeId> stored;  // the nodes of the buffers
  // For each phase, values of earlier phases that are not stored but computed again from stored ones.
  std::vector<std::set<NodeId>> recomputed;
};

// The values of atoms at the ends of a pair value's expression: what [i] and [j] are taken of.
struct PairLeaves {
  std::vector<NodeId> centre, neighbour;
};
PairLeaves pair_leaves(const ir::Graph& graph, NodeId pair_value);

Placement place_values(const ir::Graph& graph, const std::vector<int>& level, int phases);

}  // namespace mlffgen::emit
