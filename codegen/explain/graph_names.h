// Symbols for the values of the compiled graph: those of the program's own values, of their adjoints and radial
// derivatives, and new ones for values that the compiler introduced.
//
// The passes rewrite values beyond recognition of their form, so that they are recognised by their numbers: the program
// and the compiled graph are evaluated for three atoms, adjoints are worked out once more by an implementation of its
// own (adjoint_values.h), and a value has the symbol of the one whose numbers it equals, channel by channel.
#pragma once

#include "codegen/explain/program_names.h"
#include "codegen/ir/graph.h"

namespace mlffgen::explain {

struct GraphNames {
  Symbols symbols;
  std::vector<bool> forward;  // the energy depends on the node
  // Node of the program that a constant array of the graph equals; kNoNode otherwise.
  std::vector<ir::NodeId> program_constant;
};

// keeps: nodes that are written to device memory, which always get a symbol unless they are as short as one.
GraphNames name_graph(const ir::Graph& program, const ProgramNames& names, const ir::Graph& graph,
                      const std::vector<ir::NodeId>& keeps);

}  // namespace mlffgen::explain
