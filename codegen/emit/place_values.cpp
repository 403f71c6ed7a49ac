#include "codegen/emit/place_values.h"

#include <algorithm>
#include <functional>

namespace mlffgen::emit {

using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::Op;

PairLeaves pair_leaves(const Graph& graph, NodeId pair_value) {
  PairLeaves leaves;
  std::set<NodeId> seen;
  const std::function<void(NodeId)> visit = [&](NodeId id) {
    if (!seen.insert(id).second) return;
    const Node& node = graph[id];
    if (node.op == Op::at_i || node.op == Op::at_j) {
      (node.op == Op::at_i ? leaves.centre : leaves.neighbour).push_back(node.inputs[0]);
      return;
    }
    for (const NodeId input : node.inputs) visit(input);
  };
  visit(pair_value);
  return leaves;
}

namespace {

class Placer {
 public:
  Placer(const Graph& graph, const std::vector<int>& level, int phases)
      : graph_(graph), level_(level), needs_(static_cast<std::size_t>(phases)) {}

  Placement run() {
    find_needs();
    for (std::size_t phase = 0; phase < needs_.size(); ++phase) {
      for (const NodeId id : needs_[phase]) stored_.insert(id);
    }
    prefer_recomputation();
    return collect();
  }

 private:
  int level(NodeId id) const { return level_[static_cast<std::size_t>(id)]; }
  bool is_atom_value(NodeId id) const { return graph_[id].type.domain == Domain::atom && graph_[id].op != Op::zero; }

  void need(NodeId id, int phase) {
    if (is_atom_value(id) && level(id) < phase) needs_[static_cast<std::size_t>(phase)].insert(id);
  }

  void need_pair(NodeId pair_value, int phase) {
    const PairLeaves leaves = pair_leaves(graph_, pair_value);
    for (const NodeId id : leaves.centre) need(id, phase);
    for (const NodeId id : leaves.neighbour) {
      need(id, phase);
      if (is_atom_value(id)) gathered_.insert(id);
    }
  }

  // What each phase reads of earlier ones.
  void find_needs() {
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      const int phase = level_[id];
      if (node.op == Op::sum_j) {
        need_pair(node.inputs[0], phase);
      } else if (node.type.domain == Domain::atom) {
        for (const NodeId input : node.inputs) need(input, phase);
      }
    }
    for (const ir::Output& out : graph_.outputs) {
      if (graph_[out.node].op != Op::sum_i) need_pair(out.node, level(out.node));
    }
  }

  // A value that costs less to compute again from what is stored anyway need not be stored itself: activations are
  // kept, their cheap functions are not.
  void prefer_recomputation() {
    for (NodeId id = static_cast<NodeId>(graph_.nodes.size()) - 1; id >= 0; --id) {
      const Node& node = graph_[id];
      if (!stored_.contains(id) || gathered_.contains(id) || !is_elementwise(node.op)) continue;
      int cost = 0;
      std::set<NodeId> inputs;
      for (const NodeId input : node.inputs) {
        if (is_atom_value(input) && inputs.insert(input).second && !stored_.contains(input)) {
          cost += graph_[input].type.size();
        }
      }
      if (cost > node.type.size()) continue;
      stored_.erase(id);
      stored_.insert(inputs.begin(), inputs.end());
    }
  }

  Placement collect() {
    Placement result;
    result.stored = stored_;
    std::map<NodeId, int> last;
    for (std::size_t phase = 0; phase < needs_.size(); ++phase) {
      std::set<NodeId> again;
      const std::function<void(NodeId)> read = [&](NodeId id) {
        if (!is_atom_value(id)) return;
        if (stored_.contains(id)) {
          last[id] = static_cast<int>(phase);
        } else if (again.insert(id).second) {
          for (const NodeId input : graph_[id].inputs) read(input);
        }
      };
      for (const NodeId id : needs_[phase]) read(id);
      result.recomputed.push_back(std::move(again));
    }
    for (const auto& [id, phase] : last) result.buffers.push_back({id, level(id), phase, 0});
    return result;
  }

  const Graph& graph_;
  const std::vector<int>& level_;
  std::vector<std::set<NodeId>> needs_;
  std::set<NodeId> stored_;
  std::set<NodeId> gathered_;
};

}  // namespace

Placement place_values(const Graph& graph, const std::vector<int>& level, int phases) {
  return Placer(graph, level, phases).run();
}

}  // namespace mlffgen::emit
