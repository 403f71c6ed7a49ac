#include "codegen/ir/analysis.h"

#include <algorithm>
#include <utility>

namespace mlffgen::ir {

std::vector<int> levels(const Graph& graph) {
  // first: the level of a value; second: that of its reverse, for which [i] and [j] change places.
  std::vector<std::pair<int, int>> both(graph.nodes.size(), {0, 0});
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    auto& [level, reversed] = both[id];
    for (const NodeId input : node.inputs) {
      level = std::max(level, both[static_cast<std::size_t>(input)].first);
      reversed = std::max(reversed, both[static_cast<std::size_t>(input)].second);
    }
    const bool gathers_atom = !node.inputs.empty() && graph[node.inputs[0]].type.domain == Domain::atom;
    if (node.op == Op::at_j && gathers_atom) ++level;
    if (node.op == Op::at_i && gathers_atom) ++reversed;
    if (node.op == Op::reverse) std::swap(level, reversed);
    if (node.op == Op::sum_j) reversed = level;
  }
  std::vector<int> result;
  for (const auto& [level, reversed] : both) result.push_back(level);
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
