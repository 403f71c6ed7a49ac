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
    find_records();
    for (const NodeId id : order_) place(id);
    place_roots();
    add_to_phase();
    segment_.pairs = true;
    add(records_);
    add(narrow_);
    for (Stage& stage : batches_) add(stage);
    add(last_);
    return std::move(segment_);
  }

 private:
  static bool is_leaf(Op op) {
    return op == Op::at_i || op == Op::at_j || op == Op::distance || op == Op::direction || op == Op::constant ||
           op == Op::zero || op == Op::spline;
  }

  void add(Stage& stage) {
    if (stage.loops.empty() && stage.maps.empty()) return;
    std::sort(stage.loops.begin(), stage.loops.end(),
              [](const Loop& a, const Loop& b) { return a.channels < b.channels; });
    segment_.stages.push_back(std::move(stage));
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

  // Inputs and results of matrix products, and costly values of one channel that many channels use.
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

  // Which kept values a record holds, and what is known before the first batch: values that no sum over channels and no
  // matrix product goes into.
  void find_records() {
    std::set<NodeId> rows;  // of matrix products that are no sums in a loop
    for (const NodeId id : order_) {
      const Node& node = graph_[id];
      if (node.op == Op::linear && !is_inline_map(graph_, id)) rows.insert(node.inputs.begin(), node.inputs.end());
      const auto is_early = [&](NodeId input) { return early_.contains(input); };
      const bool elementwise = is_elementwise(node.op);
      if (is_leaf(node.op) || (elementwise && std::all_of(node.inputs.begin(), node.inputs.end(), is_early))) {
        early_.insert(id);
      }
      if (node.op == Op::spline) (node.derivative == 0 ? phase_.spline_values : phase_.spline_slopes) = true;
    }
    for (const NodeId id : kept_) {
      const int most = early_.contains(id) ? kInlineInputs : 1;
      if (!is_elementwise(graph_[id].op) || rows.contains(id) || graph_[id].type.channels > most) continue;
      segment_.record.insert(id);
    }
    find_deferred();
  }

  // Sums over channels that nothing with channels depends on.
  void find_deferred() {
    std::set<NodeId> feeds_channels;
    for (auto id = order_.rbegin(); id != order_.rend(); ++id) {
      const Node& node = graph_[*id];
      if (node.op == Op::sum_channels && !feeds_channels.contains(*id)) segment_.deferred.insert(*id);
      if (is_leaf(node.op)) continue;
      const bool has_channels = node.type.channels > 1 || node.op == Op::linear || node.op == Op::sum_channels;
      if (has_channels || feeds_channels.contains(*id)) feeds_channels.insert(node.inputs.begin(), node.inputs.end());
    }
  }

  Stage& batch(int at) {
    while (batches_.size() <= static_cast<std::size_t>(at)) batches_.emplace_back();
    return batches_[static_cast<std::size_t>(at)];
  }

  bool is_in_early_record(NodeId id) const { return early_.contains(id) && segment_.record.contains(id); }

  // The first stage over batches that can use a value.
  int available(NodeId id) const {
    if (is_in_early_record(id)) return 0;
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
    if (node.op == Op::sum_channels) place_reduction(id);
    if (is_in_early_record(id)) {
      loop_of(node.type.channels == 1 ? records_ : narrow_, node.type.channels).results.push_back(id);
    } else if (kept_.contains(id)) {
      place_kept(id);
    }
  }

  void place_reduction(NodeId id) {
    const Node& node = graph_[id];
    loop_of(batch(computed_.at(id)), graph_[node.inputs[0]].type.channels).reductions.push_back(id);
    if (segment_.deferred.contains(id)) deferred_numbers_ += node.type.size();
  }

  void place_kept(NodeId id) {
    const Node& node = graph_[id];
    if (!segment_.record.contains(id)) {
      segment_.team_arrays[id] = team_numbers_;
      team_numbers_ += node.type.size();
    }
    if (node.op == Op::linear && !is_inline_map(graph_, id)) {
      batch(computed_.at(id)).maps.push_back(id);
    } else {
      loop_of(batch(computed_.at(id)), node.type.channels).results.push_back(id);
    }
  }

  void place_roots() {
    for (const NodeId sum : roots_.sums) {
      const NodeId value = graph_[sum].inputs[0];
      const int channels = graph_[value].type.channels;
      if (channels == 1) carry(value);
      loop_of(channels == 1 ? last_ : batch(available(value)), channels).sums.push_back(sum);
    }
    for (const NodeId term : roots_.gradients) {
      carry(term);
      loop_of(last_, 1).gradients.push_back(term);
    }
  }

  // Puts into the record what the last stage needs of the batches for a value of one channel.
  void carry(NodeId id) {
    const Node& node = graph_[id];
    if (is_leaf(node.op) || segment_.record.contains(id) || segment_.deferred.contains(id)) return;
    if (is_elementwise(node.op)) {
      for (const NodeId input : node.inputs) carry(input);
      return;
    }
    segment_.record.insert(id);
    loop_of(batch(available(id)), 1).results.push_back(id);
  }

  void add_to_phase() {
    records_.each_pair = narrow_.each_pair = last_.each_pair = true;
    phase_.record.insert(segment_.record.begin(), segment_.record.end());
    phase_.team_numbers = std::max(phase_.team_numbers, team_numbers_);
    phase_.deferred_numbers = std::max(phase_.deferred_numbers, deferred_numbers_);
    const int basis = graph_.spline_grid.degree + 1;
    phase_.record_numbers = 4 + (phase_.spline_values ? basis : 0) + (phase_.spline_slopes ? basis : 0);
    for (const NodeId id : phase_.record) phase_.record_numbers += graph_[id].type.size();
  }

  const Graph& graph_;
  const PairRoots& roots_;
  Phase& phase_;
  std::vector<NodeId> order_;
  std::set<NodeId> kept_, early_;
  std::map<NodeId, int> computed_;
  Segment segment_;
  int team_numbers_ = 0, deferred_numbers_ = 0;
  Stage records_, narrow_;  // values of one channel, and of few
  std::vector<Stage> batches_;
  Stage last_;
};

}  // namespace

Segment stage_pairs(const Graph& graph, const PairRoots& roots, Phase& phase) {
  return PairStager(graph, roots, phase).run();
}

}  // namespace mlffgen::emit
