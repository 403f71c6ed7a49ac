// What passes that rebuild a graph share.
#pragma once

#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::passes {

// A graph without nodes and outputs for the same elements, cutoff and spline grid.
inline ir::Graph empty_like(const ir::Graph& graph) {
  ir::Graph result;
  result.elements = graph.elements;
  result.cutoff = graph.cutoff;
  result.spline_grid = graph.spline_grid;
  return result;
}

inline std::vector<ir::NodeId> renamed_inputs(const ir::Node& node, const std::vector<ir::NodeId>& renamed) {
  std::vector<ir::NodeId> inputs;
  for (const ir::NodeId input : node.inputs) inputs.push_back(renamed[static_cast<std::size_t>(input)]);
  return inputs;
}

inline void copy_outputs(const ir::Graph& from, const std::vector<ir::NodeId>& renamed, ir::Graph& to) {
  for (const ir::Output& out : from.outputs) {
    to.outputs.push_back({out.name, renamed[static_cast<std::size_t>(out.node)]});
  }
}

// Number of uses of each node as an input or output.
inline std::vector<int> count_uses(const ir::Graph& graph) {
  std::vector<int> uses(graph.nodes.size(), 0);
  for (const ir::Node& node : graph.nodes) {
    for (const ir::NodeId input : node.inputs) ++uses[static_cast<std::size_t>(input)];
  }
  for (const ir::Output& out : graph.outputs) ++uses[static_cast<std::size_t>(out.node)];
  return uses;
}

}  // namespace mlffgen::passes
