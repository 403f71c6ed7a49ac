#include "codegen/passes/passes.h"
#include "codegen/passes/rewrite.h"
#include "codegen/passes/simplifier.h"

namespace mlffgen::passes {

using ir::Graph;
using ir::NodeId;

ir::Graph simplify(const Graph& graph) {
  Graph result = empty_like(graph);
  Simplifier simplifier(result);
  std::vector<NodeId> renamed(graph.nodes.size());
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    renamed[id] = simplifier.make(graph.nodes[id], renamed_inputs(graph.nodes[id], renamed));
  }
  copy_outputs(graph, renamed, result);
  return result;
}

ir::Graph remove_dead_code(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size(), false);
  for (const ir::Output& out : graph.outputs) needed[static_cast<std::size_t>(out.node)] = true;
  for (std::size_t id = graph.nodes.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (const NodeId input : graph.nodes[id].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  Graph result = empty_like(graph);
  std::vector<NodeId> renamed(graph.nodes.size(), ir::kNoNode);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    if (!needed[id]) continue;
    ir::Node node = graph.nodes[id];
    node.inputs = renamed_inputs(node, renamed);
    renamed[id] = ir::append(result, std::move(node));
  }
  copy_outputs(graph, renamed, result);
  return result;
}

}  // namespace mlffgen::passes
