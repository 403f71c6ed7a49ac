#include "codegen/passes/passes.h"
#include "codegen/passes/rewrite.h"
#include "codegen/passes/simplifier.h"

namespace mlffgen::passes {

using ir::Domain;
using ir::Graph;
using ir::kNoNode;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

class Hoister {
 public:
  explicit Hoister(const Graph& graph)
      : graph_(graph), uses_(count_uses(graph)), result_(empty_like(graph)), simplifier_(result_) {}

  Graph run() {
    renamed_.assign(graph_.nodes.size(), kNoNode);
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      renamed_[id] = is_pair_product(node)  ? product(static_cast<NodeId>(id))
                     : node.op == Op::sum_j ? sum(node)
                                            : simplifier_.make(node, renamed_inputs(node, renamed_));
    }
    copy_outputs(graph_, renamed_, result_);
    return std::move(result_);
  }

 private:
  static bool is_pair_product(const Node& node) { return node.op == Op::multiply && node.type.domain == Domain::pair; }

  // Factors of a product, through inner products that nothing else uses.
  void collect(NodeId id, bool root, std::vector<NodeId>& factors) const {
    const Node& node = graph_[id];
    if (is_pair_product(node) && (root || uses_[static_cast<std::size_t>(id)] == 1)) {
      for (const NodeId input : node.inputs) collect(input, false, factors);
    } else {
      factors.push_back(id);
    }
  }

  NodeId times(NodeId a, NodeId b) { return a == kNoNode ? b : b == kNoNode ? a : simplifier_.multiply(a, b); }

  // The product of the factors that are `op` of something, taken before the gather; kNoNode if there are none.
  NodeId gathered(const std::vector<NodeId>& factors, Op op) {
    NodeId at_atom = kNoNode;
    for (const NodeId factor : factors) {
      if (graph_[factor].op == op)
        at_atom = times(at_atom, renamed_[static_cast<std::size_t>(graph_[factor].inputs[0])]);
    }
    return at_atom;
  }

  NodeId others(const std::vector<NodeId>& factors) {
    NodeId radial = kNoNode, rest = kNoNode;
    for (const NodeId factor : factors) {
      const Node& node = graph_[factor];
      if (node.op == Op::at_i || node.op == Op::at_j) continue;
      NodeId& group = node.type.domain == Domain::pair ? rest : radial;
      group = times(group, renamed_[static_cast<std::size_t>(factor)]);
    }
    return times(radial, rest);
  }

  NodeId product(NodeId id) {
    std::vector<NodeId> factors;
    collect(id, true, factors);
    const NodeId j = gathered(factors, Op::at_j);
    const NodeId i = gathered(factors, Op::at_i);
    NodeId result = others(factors);
    if (j != kNoNode) result = times(result, simplifier_.at(Op::at_j, j));
    if (i != kNoNode) result = times(result, simplifier_.at(Op::at_i, i));
    return result;
  }

  // sum_j(x[i] * y) -> x * sum_j(y), if y still is a value of the pair.
  NodeId sum(const Node& node) {
    const NodeId operand = node.inputs[0];
    std::vector<NodeId> factors;
    if (is_pair_product(graph_[operand]) && uses_[static_cast<std::size_t>(operand)] == 1)
      collect(operand, true, factors);
    const NodeId i = gathered(factors, Op::at_i);
    if (i == kNoNode) return simplifier_.make(node, renamed_inputs(node, renamed_));
    NodeId rest = others(factors);
    const NodeId j = gathered(factors, Op::at_j);
    if (j != kNoNode) rest = times(rest, simplifier_.at(Op::at_j, j));
    if (rest == kNoNode || !ir::is_per_pair(result_[rest].type.domain)) {
      return simplifier_.make(node, renamed_inputs(node, renamed_));
    }
    return simplifier_.multiply(i, simplifier_.sum_j(rest));
  }

  const Graph& graph_;
  std::vector<int> uses_;
  Graph result_;
  Simplifier simplifier_;
  std::vector<NodeId> renamed_;
};

}  // namespace

Graph hoist_products(const Graph& graph) { return Hoister(graph).run(); }

}  // namespace mlffgen::passes
