#include "codegen/ir/analysis.h"

#include <algorithm>

namespace mlffgen::ir {

std::vector<int> levels(const Graph& graph) {
  std::vector<int> result(graph.nodes.size(), 0);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    for (const NodeId input : node.inputs) result[id] = std::max(result[id], result[static_cast<std::size_t>(input)]);
    if (node.op == Op::at_j && graph[node.inputs[0]].type.domain == Domain::atom) ++result[id];
  }
  return result;
}

std::vector<bool> depends_on_positions(const Graph& graph) {
  std::vector<bool> result(graph.nodes.size(), false);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    result[id] = node.op == Op::distance || node.op == Op::direction;
    for (const NodeId input : node.inputs) result[id] = result[id] || result[static_cast<std::size_t>(input)];
  }
  return result;
}

}  // namespace mlffgen::ir
