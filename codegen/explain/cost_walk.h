// For this folder only: the cost of one phase.
#pragma once

#include "codegen/explain/cost.h"

namespace mlffgen::explain {

PhaseCost cost_of_phase(const ir::Graph& graph, const emit::Schedule& schedule, int phase);

}  // namespace mlffgen::explain
