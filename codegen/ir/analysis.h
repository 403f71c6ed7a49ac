// Facts about a graph that several passes and the scheduler need.
#pragma once

#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::ir {

// The number of neighbour gathers (at_j of a value that itself depends on neighbours) before a value is known: the
// phase in which it can be computed at the earliest.
std::vector<int> levels(const Graph& graph);

// Whether a value depends on positions, through distances or directions.
std::vector<bool> depends_on_positions(const Graph& graph);

}  // namespace mlffgen::ir
