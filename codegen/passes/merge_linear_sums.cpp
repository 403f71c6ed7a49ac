#include "codegen/ir/build.h"
#include "codegen/passes/passes.h"
#include "codegen/passes/rewrite.h"

namespace mlffgen::passes {

using ir::Graph;
using ir::kNoNode;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

class Merger {
 public:
  explicit Merger(const Graph& graph)
      : graph_(graph),
        uses_(count_uses(graph)),
        inside_sum_(graph.nodes.size(), false),
        result_(empty_like(graph)),
        build_(result_) {}

  Graph run() {
    renamed_.assign(graph_.nodes.size(), kNoNode);
    // A sum or linear map used once, by a sum, is handled where the whole sum is.
    for (const Node& node : graph_.nodes) {
      if (node.op != Op::add) continue;
      for (const NodeId input : node.inputs) {
        const Op op = graph_[input].op;
        inside_sum_[static_cast<std::size_t>(input)] = (op == Op::add || op == Op::linear) &&
                                                       uses_[static_cast<std::size_t>(input)] == 1 &&
                                                       graph_[input].type.channels == node.type.channels;
      }
    }
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (inside_sum_[id]) continue;
      const Node& node = graph_.nodes[id];
      renamed_[id] = node.op == Op::add ? sum(static_cast<NodeId>(id)) : copy(node);
    }
    copy_outputs(graph_, renamed_, result_);
    return std::move(result_);
  }

 private:
  NodeId copy(const Node& node) { return build_.clone(node, renamed_inputs(node, renamed_)); }

  void collect(NodeId id, bool root, std::vector<NodeId>& maps, std::vector<NodeId>& others) const {
    const Node& node = graph_[id];
    if (root || (inside_sum_[static_cast<std::size_t>(id)] && node.op == Op::add)) {
      for (const NodeId input : node.inputs) collect(input, false, maps, others);
    } else {
      (inside_sum_[static_cast<std::size_t>(id)] ? maps : others).push_back(id);
    }
  }

  NodeId sum(NodeId id) {
    std::vector<NodeId> maps, others;
    collect(id, true, maps, others);
    NodeId total = kNoNode;
    for (const NodeId other : others) {
      const NodeId term = renamed_[static_cast<std::size_t>(other)];
      total = total == kNoNode ? term : build_.add(total, term);
    }
    if (maps.empty()) return total;
    Node merged = graph_[maps[0]];
    merged.inputs = renamed_inputs(merged, renamed_);
    for (std::size_t k = 1; k < maps.size(); ++k) append_terms(graph_[maps[k]], merged);
    const std::vector<NodeId> inputs = merged.inputs;
    const NodeId product = build_.clone(merged, inputs);
    return total == kNoNode ? product : build_.add(total, product);
  }

  void append_terms(const Node& term, Node& merged) const {
    for (std::size_t n = 0; n < term.inputs.size(); ++n) {
      merged.inputs.push_back(renamed_[static_cast<std::size_t>(term.inputs[n])]);
      merged.tensors.push_back(term.tensors[n]);
    }
    if (!term.bias) return;
    if (!merged.bias) {
      merged.bias = term.bias;
      return;
    }
    std::vector<double> values = merged.bias->values;
    for (std::size_t f = 0; f < values.size(); ++f) values[f] += term.bias->values[f];
    merged.bias = ir::make_tensor(merged.bias->name, merged.bias->shape, std::move(values));
  }

  const Graph& graph_;
  std::vector<int> uses_;
  std::vector<bool> inside_sum_;
  Graph result_;
  ir::Builder build_;
  std::vector<NodeId> renamed_;
};

}  // namespace

Graph merge_linear_sums(const Graph& graph) { return Merger(graph).run(); }

}  // namespace mlffgen::passes
