// The analytical gradient: reverse mode on atoms and pairs, forward mode on functions of the distance alone.
//
// Let E be the energy and d the displacement of a pair q = (i <- j), r = |d|, u = d / r. Reverse mode gives each value
// x its adjoint dE/dx. sum_j and [j] are each other's adjoints: the full list holds every pair both ways, so
//     sum over all pairs that have a as their NEIGHBOUR of g(q)  =  sum over the pairs CENTRED on a of g(reverse q),
// and the backward pass is again a gather. At the frontier, where a function w(r) of the distance alone enters the
// pair, the chain rule needs dw/dr, which forward mode gives (and a spline table gives exactly). With a = dE/dr and b =
// dE/du of a pair, dE/dd = a u + (b - (b . u) u) / r.
#include <algorithm>
#include <map>

#include "codegen/ir/analysis.h"
#include "codegen/ir/build.h"
#include "codegen/passes/passes.h"
#include "codegen/passes/radial_derivative.h"

namespace mlffgen::passes {

using ir::Builder;
using ir::Domain;
using ir::Function;
using ir::Graph;
using ir::Kind;
using ir::kNoNode;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Type;

namespace {

class ReverseMode {
 public:
  explicit ReverseMode(const Graph& graph)
      : graph_(graph),
        build_(graph_),
        radial_(build_),
        active_(depends_on_positions(graph)),
        levels_(levels(graph)),
        adjoint_(graph.nodes.size(), kNoNode) {}

  Graph run() {
    const NodeId energy = graph_.output("energy");
    internal_check(energy != kNoNode && graph_[energy].op == Op::sum_i, "the energy must be a sum over atoms");
    contribute(energy, build_.number(1));
    const auto count = static_cast<NodeId>(adjoint_.size());
    for (NodeId id = count - 1; id >= 0; --id) {
      if (adjoint_[static_cast<std::size_t>(id)] == kNoNode) continue;
      const Node node = graph_[id];
      build_.set_origin(node.where, node.name.empty() ? "" : "d" + node.name);
      propagate(id, node, adjoint_[static_cast<std::size_t>(id)]);
    }
    emit_pair_gradient();
    return std::move(graph_);
  }

 private:
  // Adds to the adjoint of a value; an operand that was repeated over channels sums over them.
  void contribute(NodeId target, NodeId amount) {
    if (!active_[static_cast<std::size_t>(target)]) return;
    const int channels = graph_[target].type.channels;
    if (channels == 1 && graph_[amount].type.channels > 1) amount = build_.sum_channels(amount);
    if (channels > 1 && graph_[amount].type.channels == 1) amount = build_.broadcast(amount, channels);
    if (graph_[target].type.domain == Domain::radial || graph_[target].op == Op::direction) {
      leaves_[target].push_back(amount);
      return;
    }
    NodeId& sum = adjoint_[static_cast<std::size_t>(target)];
    sum = sum == kNoNode ? amount : build_.add(sum, amount);
  }

  NodeId product(NodeId adjoint, NodeId factor) {
    return graph_[adjoint].type.kind == Kind::vector && graph_[factor].type.kind == Kind::vector
               ? build_.dot(adjoint, factor)
               : build_.multiply(adjoint, factor);
  }

  // The adjoint rules: node has adjoint g.
  void propagate(NodeId id, const Node& node, NodeId g) {
    Builder& b = build_;
    const auto in = [&](std::size_t k) { return node.inputs[k]; };
    switch (node.op) {
      case Op::add:
        contribute(in(0), g), contribute(in(1), g);
        return;
      case Op::multiply:
      case Op::dot:
        contribute_product(node, g);
        return;
      case Op::negate:
        contribute(in(0), b.negate(g));
        return;
      case Op::unary:
        contribute(in(0), b.multiply(g, derivative_of(b, node.function, in(0), id)));
        return;
      case Op::power:
        contribute(in(0), b.multiply(g, derivative_of_power(b, node.number, in(0))));
        return;
      case Op::linear:
        for (std::size_t k = 0; k < node.inputs.size(); ++k) {
          if (!active_[static_cast<std::size_t>(in(k))]) continue;
          const NodeId wide = b.type(g).channels == node.type.channels ? g : b.broadcast(g, node.type.channels);
          contribute(in(k), b.linear({wide}, {ir::transpose(node.tensors[k])}, nullptr));
        }
        return;
      case Op::cartesian_mix:
        contribute(in(0), b.cartesian_mix(g, ir::transpose(node.tensors[0])));
        return;
      case Op::concat: {
        int begin = 0;
        for (const NodeId input : node.inputs) {
          const int channels = b.type(input).channels;
          contribute(input, b.type(g).channels == 1 ? g : b.slice(g, begin, channels));
          begin += channels;
        }
        return;
      }
      case Op::slice:
        contribute_slice(node, g);
        return;
      case Op::broadcast:
        contribute(in(0), g);
        return;
      case Op::sum_channels:
        contribute(in(0), g);
        return;
      case Op::at_i:
        contribute(in(0), b.sum_j(per_pair(g)));
        return;
      case Op::at_j:
        contribute(in(0), b.sum_j(b.reverse(per_pair(g))));
        return;
      case Op::sum_j:
        contribute(in(0), b.at_i(g));
        return;
      case Op::sum_i:
        contribute(in(0), g);
        return;
      case Op::direction:
      case Op::zero:
      case Op::constant:
      case Op::element_table:
      case Op::distance:
      case Op::spline:
        return;
      case Op::reverse:
        break;
    }
    throw InternalError("operation without an adjoint rule");
  }

  // A constant adjoint has no pairs to sum over until it is tied to them.
  NodeId per_pair(NodeId g) {
    const Type type = graph_[g].type;
    return ir::is_per_pair(type.domain) ? g : build_.add(g, build_.zero({Domain::pair, type.kind, type.channels}));
  }

  void contribute_product(const Node& node, NodeId g) {
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
      const NodeId target = node.inputs[k];
      if (active_[static_cast<std::size_t>(target)]) contribute(target, product(g, node.inputs[1 - k]));
    }
  }

  // The adjoint of a range of channels is zero outside the range.
  void contribute_slice(const Node& node, NodeId g) {
    Type before = graph_[node.inputs[0]].type;
    Type after = before;
    const int end = node.begin + node.type.channels;
    after.channels = before.channels - end;
    before.channels = node.begin;
    std::vector<NodeId> parts;
    if (before.channels > 0) parts.push_back(build_.zero(before));
    parts.push_back(g);
    if (after.channels > 0) parts.push_back(build_.zero(after));
    contribute(node.inputs[0], build_.concat(parts));
  }

  // Levels of nodes made by this pass are found when they are first asked for.
  int level_of(NodeId id) {
    if (levels_.size() < graph_.nodes.size()) levels_ = levels(graph_);
    return levels_[static_cast<std::size_t>(id)];
  }

  struct Contribution {
    NodeId value;  // dE/d(distance) channel by channel, or dE/d(direction)
    int level;
  };

  void reach_geometry() {
    for (const auto& [target, amounts] : leaves_) {
      std::map<int, NodeId> by_level;
      for (const NodeId amount : amounts) {
        const auto found = by_level.find(level_of(amount));
        if (found == by_level.end()) {
          by_level[level_of(amount)] = amount;
        } else {
          found->second = build_.add(found->second, amount);
        }
      }
      const bool is_direction = graph_[target].op == Op::direction;
      for (const auto& [level, amount] : by_level) {
        if (is_direction) direction_.push_back({amount, level});
        if (!is_direction) distance_.push_back({build_.multiply(amount, radial_.of(target)), level});
      }
    }
  }

  // The total over channels of contributions of one level: those of equal width are added before they are summed.
  NodeId total(const std::vector<Contribution>& all, int level) {
    std::map<int, NodeId> by_width;
    for (const Contribution& c : all) {
      if (c.level != level) continue;
      const int width = graph_[c.value].type.channels;
      const auto found = by_width.find(width);
      by_width[width] = found == by_width.end() ? c.value : build_.add(found->second, c.value);
    }
    NodeId sum = kNoNode;
    for (const auto& [width, value] : by_width) {
      const NodeId narrow = width == 1 ? value : build_.sum_channels(value);
      sum = sum == kNoNode ? narrow : build_.add(sum, narrow);
    }
    return sum;
  }

  void emit_pair_gradient() {
    std::vector<int> found;
    reach_geometry();
    if (distance_.empty() && direction_.empty()) return;
    for (const auto* list : {&distance_, &direction_}) {
      for (const Contribution& c : *list) found.push_back(c.level);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    build_.set_origin({}, "pair_gradient");
    const NodeId u = build_.direction();
    for (const int level : found) {
      const NodeId a = total(distance_, level);
      const NodeId b = total(direction_, level);
      NodeId gradient = a == kNoNode ? kNoNode : build_.multiply(a, u);
      if (b != kNoNode) {
        const NodeId across = build_.subtract(b, build_.multiply(build_.dot(b, u), u));
        const NodeId turned = build_.multiply(build_.unary(Function::reciprocal, build_.distance()), across);
        gradient = gradient == kNoNode ? turned : build_.add(gradient, turned);
      }
      graph_.outputs.push_back({"pair_gradient", build_.reverse(gradient)});
    }
  }

  Graph graph_;
  Builder build_;
  RadialDerivative radial_;
  std::vector<bool> active_;
  std::vector<int> levels_;
  std::vector<NodeId> adjoint_;
  // Contributions to the adjoints of directions and of functions of the distance, by their target: kept apart, since
  // they become known at different levels.
  std::map<NodeId, std::vector<NodeId>> leaves_;
  std::vector<Contribution> distance_, direction_;
};

}  // namespace

Graph differentiate(const Graph& graph) { return ReverseMode(graph).run(); }

}  // namespace mlffgen::passes
