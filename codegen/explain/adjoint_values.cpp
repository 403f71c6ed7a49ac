#include "codegen/explain/adjoint_values.h"

#include <cmath>

namespace mlffgen::explain {

using ir::Domain;
using ir::Function;
using ir::Kind;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

double slope_of(Function function, double x, double y) {
  switch (function) {
    case Function::exp:
      return y;
    case Function::log:
      return 1 / x;
    case Function::sqrt:
      return y > 0 ? 0.5 / y : 0;
    case Function::rsqrt:
      return -0.5 * y * y * y;
    case Function::reciprocal:
      return -y * y;
    case Function::sin:
      return std::cos(x);
    case Function::cos:
      return -std::sin(x);
    case Function::tanh:
      return 1 - y * y;
    case Function::sigmoid:
      return y * (1 - y);
    case Function::silu: {
      const double s = 1 / (1 + std::exp(-x));
      return s + y * (1 - s);
    }
    case Function::softplus:
      return 1 / (1 + std::exp(-x));
  }
  throw InternalError("function without a slope");
}

class NumericReverse {
 public:
  NumericReverse(const ir::Graph& graph, const ir::Sample& sample, const Values& values)
      : graph_(graph), sample_(sample), values_(values), adjoint_(graph.nodes.size()) {}

  Values run() {
    const NodeId energy = graph_.output("energy");
    internal_check(energy != ir::kNoNode, "a graph without an energy");
    adjoint_[static_cast<std::size_t>(energy)] = {1.0};
    for (NodeId id = energy; id >= 0; --id) {
      const Node& node = graph_[id];
      const std::vector<double> own = adjoint_[static_cast<std::size_t>(id)];
      const auto size = static_cast<std::size_t>(node.type.size());
      for (std::size_t at = 0; at < own.size(); ++at) {
        const int within = static_cast<int>(at % size);
        if (own[at] != 0) propagate(id, at / size, within / node.type.channels, within % node.type.channels, own[at]);
      }
    }
    return std::move(adjoint_);
  }

 private:
  std::size_t index(NodeId id, std::size_t item, int c, int f) const {
    const ir::Type& type = graph_[id].type;
    const int channel = type.channels == 1 ? 0 : f;
    const int component = type.kind == Kind::vector ? c : 0;
    return item * static_cast<std::size_t>(type.size()) + static_cast<std::size_t>(component * type.channels + channel);
  }

  // The item of a value of some domain that belongs to an item of its user.
  std::size_t item_of(Domain from, Domain to, std::size_t item) const {
    if (from == Domain::constant) return 0;
    if (from == Domain::element && to == Domain::atom) return static_cast<std::size_t>(sample_.element[item]);
    return item;
  }

  double value(NodeId id, std::size_t item, int c, int f) const {
    return values_[static_cast<std::size_t>(id)][index(id, item, c, f)];
  }

  void add(NodeId id, std::size_t item, int c, int f, double amount) {
    std::vector<double>& target = adjoint_[static_cast<std::size_t>(id)];
    if (target.empty()) target.assign(values_[static_cast<std::size_t>(id)].size(), 0.0);
    target[index(id, item, c, f)] += amount;
  }

  // Component c, channel f of an item of a node has adjoint g.
  void propagate(NodeId id, std::size_t item, int c, int f, double g) {
    const Node& node = graph_[id];
    const auto input = [&](std::size_t k) { return node.inputs[k]; };
    const auto at = [&](std::size_t k) { return item_of(graph_[input(k)].type.domain, node.type.domain, item); };
    const auto of = [&](std::size_t k, int component) { return value(input(k), at(k), component, f); };
    switch (node.op) {
      case Op::add:
        for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) add(input(k), at(k), c, f, g);
        return;
      case Op::multiply:
        for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) add(input(k), at(k), c, f, g * of(1 - k, c));
        return;
      case Op::dot:
        for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
          for (int x = 0; x < 3; ++x) add(input(k), at(k), x, f, g * of(1 - k, x));
        }
        return;
      case Op::negate:
        add(input(0), at(0), c, f, -g);
        return;
      case Op::unary:
        add(input(0), at(0), c, f, g * slope_of(node.function, of(0, c), value(id, item, c, f)));
        return;
      case Op::power:
        add(input(0), at(0), c, f, g * node.number * std::pow(of(0, c), node.number - 1));
        return;
      case Op::linear:
        linear(node, item, c, f, g);
        return;
      case Op::cartesian_mix:
        for (int x = 0; x < 3; ++x)
          add(input(0), at(0), x, f, g * node.tensors[0]->values[static_cast<std::size_t>(3 * c + x)]);
        return;
      case Op::concat: {
        std::size_t part = 0;
        int channel = f;
        while (channel >= graph_[input(part)].type.channels) channel -= graph_[input(part++)].type.channels;
        add(input(part), at(part), c, channel, g);
        return;
      }
      case Op::slice:
        add(input(0), at(0), c, node.begin + f, g);
        return;
      case Op::broadcast:
        add(input(0), at(0), c, 0, g);
        return;
      case Op::sum_channels:
        for (int channel = 0; channel < graph_[input(0)].type.channels; ++channel) add(input(0), at(0), c, channel, g);
        return;
      case Op::at_i:
        gather(input(0), sample_.centre[item], c, f, g);
        return;
      case Op::at_j:
        gather(input(0), sample_.neighbour[item], c, f, g);
        return;
      case Op::sum_j:
        for (std::size_t q = 0; q < sample_.centre.size(); ++q) {
          if (static_cast<std::size_t>(sample_.centre[q]) == item) add(input(0), q, c, f, g);
        }
        return;
      case Op::sum_i:
        for (std::size_t atom = 0; atom < sample_.element.size(); ++atom)
          gather(input(0), static_cast<int>(atom), c, f, g);
        return;
      case Op::zero:
      case Op::constant:
      case Op::element_table:
      case Op::distance:
      case Op::direction:
      case Op::spline:
        return;
      case Op::reverse:
        break;
    }
    throw InternalError("operation without an adjoint");
  }

  void linear(const Node& node, std::size_t item, int c, int out, double g) {
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const ir::Tensor& matrix = *node.tensors[k];
      const auto columns = static_cast<std::size_t>(matrix.columns());
      const std::size_t at = item_of(graph_[node.inputs[k]].type.domain, node.type.domain, item);
      for (std::size_t in = 0; in < columns; ++in) {
        add(node.inputs[k], at, c, static_cast<int>(in),
            g * matrix.values[static_cast<std::size_t>(out) * columns + in]);
      }
    }
  }

  void gather(NodeId source, int atom, int c, int f, double g) {
    add(source, item_of(graph_[source].type.domain, Domain::atom, static_cast<std::size_t>(atom)), c, f, g);
  }

  const ir::Graph& graph_;
  const ir::Sample& sample_;
  const Values& values_;
  Values adjoint_;
};

}  // namespace

Values adjoint_values(const ir::Graph& graph, const ir::Sample& sample, const Values& values) {
  return NumericReverse(graph, sample, values).run();
}

ir::Sample general_sample(const ir::Graph& graph) {
  // In units of the cutoff: distances 0.42, 0.51 and 0.61.
  constexpr double kPositions[3][3] = {{0.02, -0.03, 0.01}, {0.31, 0.22, 0.19}, {-0.15, 0.41, -0.17}};
  ir::Sample sample;
  for (int a = 0; a < 3; ++a) {
    sample.element.push_back(a % static_cast<int>(graph.elements.size()));
    for (int b = 0; b < 3; ++b) {
      if (a == b) continue;
      sample.centre.push_back(a);
      sample.neighbour.push_back(b);
      std::array<double, 3> displacement{};
      for (std::size_t x = 0; x < 3; ++x) displacement[x] = graph.cutoff * (kPositions[b][x] - kPositions[a][x]);
      sample.displacement.push_back(displacement);
    }
  }
  for (std::size_t q = 0; q < sample.centre.size(); ++q) {
    for (std::size_t p = 0; p < sample.centre.size(); ++p) {
      if (sample.centre[p] == sample.neighbour[q] && sample.neighbour[p] == sample.centre[q]) {
        sample.reverse.push_back(static_cast<int>(p));
      }
    }
  }
  return sample;
}

}  // namespace mlffgen::explain
