// Numbers of every adjoint: reverse mode on the values that the interpreter gives, an implementation apart from
// passes/differentiate, so that naming a value of the gradient by its numbers also checks it.
#pragma once

#include <vector>

#include "codegen/ir/graph.h"
#include "codegen/ir/interpret.h"

namespace mlffgen::explain {

using Values = std::vector<std::vector<double>>;  // of each node, as ir::interpret gives them

// dE/dx of every value x that the graph's energy depends on; empty for the others.
Values adjoint_values(const ir::Graph& graph, const ir::Sample& sample, const Values& values);

// Three atoms in general position, each within the cutoff of the others; the same for every call.
ir::Sample general_sample(const ir::Graph& graph);

}  // namespace mlffgen::explain
