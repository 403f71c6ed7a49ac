#include "codegen/ir/interpret.h"
#include "codegen/passes/passes.h"
#include "codegen/passes/rewrite.h"
#include "codegen/passes/simplifier.h"

namespace mlffgen::passes {

using ir::Domain;
using ir::Graph;
using ir::Kind;
using ir::Node;
using ir::NodeId;
using ir::Op;

Graph fold_element_values(const Graph& graph) {
  const auto is_element_value = [](const Node& node) {
    return node.type.domain == Domain::element && node.type.kind == Kind::scalar && node.op != Op::zero;
  };
  // Only values that something outside the domain uses become tables.
  std::vector<bool> needed(graph.nodes.size(), false);
  for (const Node& node : graph.nodes) {
    if (is_element_value(node)) continue;
    for (const NodeId input : node.inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  Graph result = empty_like(graph);
  Simplifier simplifier(result);
  std::vector<NodeId> renamed(graph.nodes.size(), ir::kNoNode);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (!is_element_value(node)) {
      renamed[id] = simplifier.make(node, renamed_inputs(node, renamed));
    } else if (needed[id]) {
      Node table;
      table.op = Op::element_table;
      table.name = node.name;
      table.where = node.where;
      table.tensors = {ir::make_tensor(node.name,
                                       {static_cast<std::int64_t>(graph.elements.size()), node.type.channels},
                                       ir::interpret_local(graph, static_cast<NodeId>(id)))};
      renamed[id] = simplifier.make(table, {});
    }
  }
  copy_outputs(graph, renamed, result);
  return result;
}

namespace {

// Splits a sum into the part that depends on positions (returned, or kNoNode) and the offsets of each element.
class OffsetSplitter {
 public:
  OffsetSplitter(Graph& graph, std::vector<double>& element_energy)
      : graph_(graph), uses_(count_uses(graph)), build_(graph), element_energy_(element_energy) {}

  NodeId split(NodeId id) {
    const Node node = graph_[id];
    build_.set_origin(node.where, node.name);
    if (node.op == Op::zero) return ir::kNoNode;
    if (node.op == Op::constant) {
      for (double& energy : element_energy_) energy += node.tensors[0]->values[0];
      return ir::kNoNode;
    }
    if (node.op == Op::element_table) {
      for (std::size_t k = 0; k < element_energy_.size(); ++k) element_energy_[k] += node.tensors[0]->values[k];
      return ir::kNoNode;
    }
    if (node.op == Op::add && uses_[static_cast<std::size_t>(id)] == 1) {
      const NodeId a = split(node.inputs[0]);
      const NodeId b = split(node.inputs[1]);
      return a == ir::kNoNode ? b : b == ir::kNoNode ? a : build_.add(a, b);
    }
    if (node.op == Op::linear && node.bias) {
      for (double& energy : element_energy_) energy += node.bias->values[0];
      return build_.linear(node.inputs, node.tensors, nullptr);
    }
    return id;
  }

 private:
  Graph& graph_;
  std::vector<int> uses_;  // a sum used twice stays whole: following it from each use could take for ever
  ir::Builder build_;
  std::vector<double>& element_energy_;
};

}  // namespace

Graph split_energy_offset(const Graph& graph, std::vector<double>& element_energy) {
  Graph result = graph;
  element_energy.assign(graph.elements.size(), 0.0);
  const NodeId energy = graph.output("energy");
  internal_check(energy != ir::kNoNode && (graph[energy].op == Op::sum_i || graph[energy].op == Op::zero),
                 "the energy must be a sum over atoms");
  OffsetSplitter splitter(result, element_energy);
  NodeId rest = graph[energy].op == Op::zero ? ir::kNoNode : splitter.split(graph[energy].inputs[0]);
  ir::Builder build(result);
  build.set_origin(graph[energy].where, graph[energy].name);
  if (rest == ir::kNoNode) rest = build.zero({Domain::atom, Kind::scalar, 1});
  for (ir::Output& out : result.outputs) {
    if (out.name == "energy") out.node = build.sum_i(rest);
  }
  return remove_dead_code(result);
}

}  // namespace mlffgen::passes
