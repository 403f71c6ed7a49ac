#include "codegen/emit/fusion.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "codegen/ir/analysis.h"

namespace mlffgen::emit {

using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

const std::vector<std::pair<Fusion, std::string>>& names() {
  static const std::vector<std::pair<Fusion, std::string>> list = {{Fusion::phases, "fused"},
                                                                   {Fusion::split, "split"},
                                                                   {Fusion::forward, "fused-forward"},
                                                                   {Fusion::layers, "unfused"}};
  return list;
}

std::vector<bool> needed_for_energy(const Graph& graph) {
  std::vector<bool> needed(graph.nodes.size(), false);
  needed[static_cast<std::size_t>(graph.output("energy"))] = true;
  for (std::size_t id = graph.nodes.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (const NodeId input : graph.nodes[id].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  return needed;
}

class Cutter {
 public:
  Cutter(const Graph& graph, Fusion fusion)
      : graph_(graph), fusion_(fusion), for_energy_(needed_for_energy(graph)), by_map_(graph.nodes.size(), false) {}

  std::vector<int> run() {
    // first: the level of a value; second: that of its reverse, for which [i] and [j] change places.
    std::vector<std::pair<int, int>> both(graph_.nodes.size(), {0, 0});
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      by_map_[id] = is_by_map(node);
      auto& [level, reversed] = both[id];
      for (const NodeId input : node.inputs) {
        const auto& [its_level, its_reversed] = both[static_cast<std::size_t>(input)];
        const int cut = is_cut(id, input) ? 1 : 0;
        level = std::max(level, its_level + cut);
        reversed = std::max(reversed, its_reversed + cut);
      }
      const bool gathers_atom = !node.inputs.empty() && graph_[node.inputs[0]].type.domain == Domain::atom;
      const bool centre_too = fuses_less(id) && gathers_atom && graph_[node.inputs[0]].op != Op::zero;
      if (gathers_atom && (node.op == Op::at_j || (node.op == Op::at_i && centre_too))) ++level;
      if (gathers_atom && (node.op == Op::at_i || (node.op == Op::at_j && centre_too))) ++reversed;
      if (node.op == Op::reverse) std::swap(level, reversed);
      if (node.op == Op::sum_j) reversed = level;
    }
    std::vector<int> result;
    for (const auto& [level, reversed] : both) result.push_back(level);
    return result;
  }

 private:
  bool fuses_less(std::size_t id) const { return fusion_ != Fusion::forward || !for_energy_[id]; }

  static bool is_map(Op op) { return op == Op::linear || op == Op::sum_channels; }
  // A matrix product of atoms, or a part of one.
  bool is_by_map(const Node& node) const {
    if (node.type.domain != Domain::atom) return false;
    const bool view = node.op == Op::slice || node.op == Op::broadcast;
    return is_map(node.op) || (view && by_map_[static_cast<std::size_t>(node.inputs[0])]);
  }

  bool is_cut(std::size_t id, NodeId input) const {
    const Node& node = graph_.nodes[id];
    const Node& from = graph_[input];
    if (node.type.domain != Domain::atom || from.type.domain != Domain::atom || !fuses_less(id)) return false;
    if (node.op == Op::sum_j || from.op == Op::zero) return false;
    if (from.op == Op::sum_j) return true;
    if (fusion_ == Fusion::split) return false;
    if (is_map(node.op)) return true;
    return by_map_[static_cast<std::size_t>(input)] && node.op != Op::slice && node.op != Op::broadcast;
  }

  const Graph& graph_;
  Fusion fusion_;
  std::vector<bool> for_energy_, by_map_;
};

}  // namespace

const std::string& name(Fusion fusion) {
  for (const auto& [known, text] : names()) {
    if (known == fusion) return text;
  }
  throw InternalError("a form of code without a name");
}

Fusion fusion_named(const std::string& name) {
  for (const auto& [known, text] : names()) {
    if (text == name) return known;
  }
  throw InternalError("no form of code is called " + name);
}

const std::vector<Fusion>& all_fusions() {
  static const std::vector<Fusion> all = {Fusion::phases, Fusion::split, Fusion::forward, Fusion::layers};
  return all;
}

std::vector<int> levels(const Graph& graph, Fusion fusion) {
  return fusion == Fusion::phases ? ir::levels(graph) : Cutter(graph, fusion).run();
}

}  // namespace mlffgen::emit
