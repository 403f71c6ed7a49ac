#include <algorithm>
#include <functional>

#include "codegen/emit/stage_phase.h"

namespace mlffgen::emit {

using ir::Graph;
using ir::Node;
using ir::Op;

namespace {

// The loop over so many channels of a stage, made if there is none.
Loop& loop_of(Stage& stage, int channels) {
  for (Loop& loop : stage.loops) {
    if (loop.channels == channels) return loop;
  }
  stage.loops.push_back({});
  stage.loops.back().channels = channels;
  return stage.loops.back();
}

class PairStager {
 public:
  PairStager(const Graph& graph, const PairRoots& roots, Phase& phase) : graph_(graph), roots_(roots), phase_(phase) {}

  Segment run() {
    collect();
    find_kept();
    segment_.pairs = true;
    for (const NodeId id : order_) place(id);
    for (const NodeId sum : roots_.sums) {
      const NodeId value = graph_[sum].inputs[0];
      loop_of(stage(available(value)), graph_[value].type.channels).sums.push_back(sum);
    }
    for (const NodeId term : roots_.gradients) loop_of(stage(available(term)), 1).gradients.push_back(term);
    for (Stage& s : segment_.stages) {
      std::sort(s.loops.begin(), s.loops.end(), [](const Loop& a, const Loop& b) { return a.channels < b.channels; });
    }
    return std::move(segment_);
  }

 private:
  static bool is_leaf(Op op) {
    return op == Op::at_i || op == Op::at_j || op == Op::distance || op == Op::direction || op == Op::constant ||
           op == Op::zero || op == Op::spline;
  }

  // Nodes of the pairs' expressions, inputs first.
  void collect() {
    std::set<NodeId> seen;
    const std::function<void(NodeId)> visit = [&](NodeId id) {
      if (!seen.insert(id).second) return;
      if (!is_leaf(graph_[id].op)) {
        for (const NodeId input : graph_[id].inputs) visit(input);
      }
      order_.push_back(id);
    };
    for (const NodeId sum : roots_.sums) visit(graph_[sum].inputs[0]);
    for (const NodeId term : roots_.gradients) visit(term);
  }

  bool calls_function(NodeId id) const {
    const Node& node = graph_[id];
    if (node.op == Op::unary || node.op == Op::power) return true;
    if (!is_elementwise(node.op)) return false;
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](NodeId input) { return calls_function(input); });
  }

  // Team arrays: inputs and results of matrix products, and costly values of one channel that many channels use.
  void find_kept() {
    for (const NodeId id : order_) {
      const Node& node = graph_[id];
      if (is_leaf(node.op)) continue;
      if (node.op == Op::linear) {
        for (const NodeId input : node.inputs) {
          if (!is_inline_map(graph_, input)) kept_.insert(input);
        }
        if (!is_inline_map(graph_, id)) kept_.insert(id);
      }
      for (const NodeId input : node.inputs) {
        const Node& operand = graph_[input];
        const bool repeated = operand.type.channels == 1 && node.type.channels > 1;
        if (repeated && is_elementwise(operand.op) && calls_function(input)) kept_.insert(input);
        if (node.op == Op::linear && is_inline_map(graph_, input)) kept_.insert(input);
      }
    }
  }

  Stage& stage(int at) {
    while (segment_.stages.size() <= static_cast<std::size_t>(at)) segment_.stages.emplace_back();
    return segment_.stages[static_cast<std::size_t>(at)];
  }

  // The first stage that can use a value.
  int available(NodeId id) const {
    const auto found = computed_.find(id);
    const int at = found == computed_.end() ? 0 : found->second;
    return at + (kept_.contains(id) || graph_[id].op == Op::sum_channels ? 1 : 0);
  }

  // The first stage in which a node can use an operand: the same loop, if both go channel by channel over as many.
  int available_to(const Node& node, NodeId operand) const {
    const bool same_loop = is_elementwise(node.op) && is_elementwise(graph_[operand].op) &&
                           node.type.channels == graph_[operand].type.channels;
    return same_loop ? computed_.at(operand) : available(operand);
  }

  void place(NodeId id) {
    const Node& node = graph_[id];
    int at = 0;
    if (!is_leaf(node.op)) {
      for (const NodeId input : node.inputs) at = std::max(at, available_to(node, input));
    }
    computed_[id] = at;
    if (node.op == Op::sum_channels) {
      loop_of(stage(at), graph_[node.inputs[0]].type.channels).reductions.push_back(id);
    }
    if (!kept_.contains(id)) return;
    phase_.team_arrays[id] = phase_.team_numbers;
    phase_.team_numbers += node.type.size();
    if (node.op == Op::linear && !is_inline_map(graph_, id)) {
      stage(at).maps.push_back(id);
    } else {
      loop_of(stage(at), node.type.channels).results.push_back(id);
    }
  }

  const Graph& graph_;
  const PairRoots& roots_;
  Phase& phase_;
  Segment segment_;
  std::vector<NodeId> order_;
  std::set<NodeId> kept_;
  std::map<NodeId, int> computed_;
};

}  // namespace

Segment stage_pairs(const Graph& graph, const PairRoots& roots, Phase& phase) {
  return PairStager(graph, roots, phase).run();
}

}  // namespace mlffgen::emit
