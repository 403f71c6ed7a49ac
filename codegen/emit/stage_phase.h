// Orders the work of one phase into segments and stages.
#pragma once

#include <vector>

#include "codegen/emit/place_values.h"
#include "codegen/emit/schedule.h"

namespace mlffgen::emit {

// The phase of the given level. Values of other phases are read from buffers or recomputed, as the placement says.
Phase stage_phase(const ir::Graph& graph, const Placement& placement, const std::vector<int>& level, int phase);

// What a segment over pairs works out: sums over neighbours and terms of the pair gradient.
struct PairRoots {
  std::vector<NodeId> sums;       // sum_j nodes
  std::vector<NodeId> gradients;  // pair vectors of one channel
};

// The stages of a segment over pairs; makes room in the phase for what it keeps of a pair.
Segment stage_pairs(const ir::Graph& graph, const PairRoots& roots, Phase& phase);

}  // namespace mlffgen::emit
