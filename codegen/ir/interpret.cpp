#include "codegen/ir/interpret.h"

#include <algorithm>
#include <cmath>

namespace mlffgen::ir {

double apply(Function function, double x) {
  switch (function) {
    case Function::exp:
      return std::exp(x);
    case Function::log:
      return std::log(x);
    case Function::sqrt:
      return std::sqrt(x);
    case Function::rsqrt:
      return x > 0 ? 1 / std::sqrt(x) : 0;  // so that the gradient of sqrt at zero is zero
    case Function::reciprocal:
      return 1 / x;
    case Function::sin:
      return std::sin(x);
    case Function::cos:
      return std::cos(x);
    case Function::tanh:
      return std::tanh(x);
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::silu:
      return x / (1 + std::exp(-x));
    case Function::softplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  throw InternalError("function without a value");
}

std::vector<double> spline_basis(const SplineGrid& grid, double distance, int derivative, int& row) {
  const double width = (grid.end - grid.begin) / grid.intervals;
  const double position = (distance - grid.begin) / width;
  row = std::clamp(static_cast<int>(std::floor(position)), 0, grid.intervals - 1);
  const double t = position - row;
  // Cox-de Boor on uniform knots: raises the degree one by one; stops a degree short for the derivative.
  std::vector<double> basis(static_cast<std::size_t>(grid.degree) + 1, 0.0);
  basis[0] = 1;
  for (int d = 1; d <= grid.degree - derivative; ++d) {
    for (int k = d; k >= 0; --k) {
      const auto at = static_cast<std::size_t>(k);
      const double left = k > 0 ? (t + d - k) * basis[at - 1] : 0;
      const double right = k < d ? (k + 1 - t) * basis[at] : 0;
      basis[at] = (left + right) / d;
    }
  }
  // Ordered so that basis[k] multiplies coefficient row + k.
  if (derivative == 1) {
    for (int k = grid.degree; k >= 0; --k) {
      const auto at = static_cast<std::size_t>(k);
      basis[at] = ((k > 0 ? basis[at - 1] : 0) - (k < grid.degree ? basis[at] : 0)) / width;
    }
  }
  return basis;
}

namespace {

class Interpreter {
 public:
  Interpreter(const Graph& graph, const Sample& sample) : graph_(graph), sample_(sample), values_(graph.nodes.size()) {}

  // Distances for graphs of radial nodes alone; overrides the sample's.
  void set_distances(const std::vector<double>& distances) { distances_ = &distances; }

  void run(std::size_t id) {
    const Node& node = graph_.nodes[id];
    const std::size_t items = item_count(node.type.domain);
    std::vector<double> out(items * static_cast<std::size_t>(node.type.size()), 0.0);
    for (std::size_t item = 0; item < items; ++item) evaluate(node, item, out);
    if (node.op == Op::sum_j || node.op == Op::sum_i) accumulate(node, out);
    values_[id] = std::move(out);
  }

  std::vector<std::vector<double>>& values() { return values_; }

 private:
  std::size_t item_count(Domain domain) const {
    switch (domain) {
      case Domain::constant:
      case Domain::system:
        return 1;
      case Domain::element:
        return graph_.elements.size();
      case Domain::radial:
      case Domain::pair:
        return distances_ ? distances_->size() : sample_.centre.size();
      case Domain::atom:
        return sample_.element.size();
    }
    return 0;
  }

  // The item of an operand that belongs to an item of its user.
  std::size_t map_item(Domain from, Domain to, std::size_t item) const {
    if (from == Domain::constant) return 0;
    if (from == Domain::element && to == Domain::atom) return static_cast<std::size_t>(sample_.element[item]);
    return item;
  }

  double distance(std::size_t pair) const {
    if (distances_) return (*distances_)[pair];
    const auto& d = sample_.displacement[pair];
    return std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  }

  // Component c (0 for scalars), channel f of operand k for an item of the user; one channel serves all.
  double operand(const Node& node, std::size_t k, std::size_t item, int c, int f) const {
    const Node& input = graph_[node.inputs[k]];
    return read(node.inputs[k], map_item(input.type.domain, node.type.domain, item), c, f);
  }

  double read(NodeId id, std::size_t item, int c, int f) const {
    const Type& type = graph_[id].type;
    const int channel = type.channels == 1 ? 0 : f;
    const int component = type.kind == Kind::vector ? c : 0;
    const auto index =
        item * static_cast<std::size_t>(type.size()) + static_cast<std::size_t>(component * type.channels + channel);
    return values_[static_cast<std::size_t>(id)][index];
  }

  void evaluate(const Node& node, std::size_t item, std::vector<double>& out) const {
    double* result = out.data() + item * static_cast<std::size_t>(node.type.size());
    if (node.op == Op::spline) return evaluate_spline(node, item, result);
    for (int c = 0; c < node.type.components(); ++c) {
      for (int f = 0; f < node.type.channels; ++f) result[c * node.type.channels + f] = element_of(node, item, c, f);
    }
  }

  void evaluate_spline(const Node& node, std::size_t item, double* result) const {
    int row = 0;
    const double r = read(node.inputs[0], item, 0, 0);
    const std::vector<double> basis = spline_basis(graph_.spline_grid, r, node.derivative, row);
    const Tensor& table = *node.tensors[0];
    for (int f = 0; f < node.type.channels; ++f) {
      for (std::size_t k = 0; k < basis.size(); ++k) {
        result[f] +=
            basis[k] * table.values[(static_cast<std::size_t>(row) + k) * static_cast<std::size_t>(node.type.channels) +
                                    static_cast<std::size_t>(f)];
      }
    }
  }

  double element_of(const Node& node, std::size_t item, int c, int f) const {
    const auto channel = static_cast<std::size_t>(f);
    switch (node.op) {
      case Op::zero:
        return 0;
      case Op::constant:
        return node.tensors[0]->values[channel];
      case Op::element_table:
        return node.tensors[0]->values[item * static_cast<std::size_t>(node.type.channels) + channel];
      case Op::distance:
        return distance(item);
      case Op::direction:
        return sample_.displacement[item][static_cast<std::size_t>(c)] / distance(item);
      case Op::add:
        return operand(node, 0, item, c, f) + operand(node, 1, item, c, f);
      case Op::multiply:
        return operand(node, 0, item, c, f) * operand(node, 1, item, c, f);
      case Op::negate:
        return -operand(node, 0, item, c, f);
      case Op::unary:
        return apply(node.function, operand(node, 0, item, c, f));
      case Op::power:
        return std::pow(operand(node, 0, item, c, f), node.number);
      case Op::dot: {
        double sum = 0;
        for (int x = 0; x < 3; ++x) sum += operand(node, 0, item, x, f) * operand(node, 1, item, x, f);
        return sum;
      }
      case Op::linear:
        return linear(node, item, c, channel);
      case Op::cartesian_mix: {
        double sum = 0;
        for (int x = 0; x < 3; ++x) {
          sum += node.tensors[0]->values[static_cast<std::size_t>(3 * c + x)] * operand(node, 0, item, x, f);
        }
        return sum;
      }
      case Op::concat: {
        std::size_t k = 0;
        int channel_of_part = f;
        while (channel_of_part >= graph_[node.inputs[k]].type.channels) {
          channel_of_part -= graph_[node.inputs[k]].type.channels;
          ++k;
        }
        return operand(node, k, item, c, channel_of_part);
      }
      case Op::slice:
        return operand(node, 0, item, c, node.begin + f);
      case Op::broadcast:
        return operand(node, 0, item, c, 0);
      case Op::sum_channels: {
        double sum = 0;
        for (int g = 0; g < graph_[node.inputs[0]].type.channels; ++g) sum += operand(node, 0, item, c, g);
        return sum;
      }
      case Op::at_i:
        return gather(node, sample_.centre[item], c, f);
      case Op::at_j:
        return gather(node, sample_.neighbour[item], c, f);
      case Op::reverse:
        return operand(node, 0, static_cast<std::size_t>(sample_.reverse[item]), c, f);
      case Op::spline:
      case Op::sum_j:
      case Op::sum_i:
        return 0;
    }
    throw InternalError("operation without a value");
  }

  double gather(const Node& node, int atom, int c, int f) const {
    const Domain domain = graph_[node.inputs[0]].type.domain;
    return read(node.inputs[0], map_item(domain, Domain::atom, static_cast<std::size_t>(atom)), c, f);
  }

  double linear(const Node& node, std::size_t item, int c, std::size_t out) const {
    double sum = node.bias ? node.bias->values[out] : 0;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const Tensor& matrix = *node.tensors[k];
      const auto columns = static_cast<std::size_t>(matrix.columns());
      for (std::size_t in = 0; in < columns; ++in) {
        sum += matrix.values[out * columns + in] * operand(node, k, item, c, static_cast<int>(in));
      }
    }
    return sum;
  }

  void accumulate(const Node& node, std::vector<double>& out) const {
    const auto size = static_cast<std::size_t>(node.type.size());
    const bool over_pairs = node.op == Op::sum_j;
    const std::size_t items = over_pairs ? sample_.centre.size() : sample_.element.size();
    const Type& type = graph_[node.inputs[0]].type;
    for (std::size_t item = 0; item < items; ++item) {
      const std::size_t target = over_pairs ? static_cast<std::size_t>(sample_.centre[item]) : 0;
      const std::size_t source = over_pairs ? item : map_item(type.domain, Domain::atom, item);
      for (std::size_t k = 0; k < size; ++k) {
        out[target * size + k] += values_[static_cast<std::size_t>(node.inputs[0])][source * size + k];
      }
    }
  }

  const Graph& graph_;
  const Sample& sample_;
  const std::vector<double>* distances_ = nullptr;
  std::vector<std::vector<double>> values_;
};

}  // namespace

std::vector<std::vector<double>> interpret(const Graph& graph, const Sample& sample) {
  Interpreter interpreter(graph, sample);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) interpreter.run(id);
  return std::move(interpreter.values());
}

std::vector<double> interpret_local(const Graph& graph, NodeId node, const std::vector<double>& distances) {
  std::vector<bool> needed(graph.nodes.size(), false);
  needed[static_cast<std::size_t>(node)] = true;
  for (NodeId id = node; id >= 0; --id) {
    if (!needed[static_cast<std::size_t>(id)]) continue;
    for (const NodeId input : graph[id].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  const Sample nothing;
  Interpreter interpreter(graph, nothing);
  interpreter.set_distances(distances);
  for (NodeId id = 0; id <= node; ++id) {
    if (needed[static_cast<std::size_t>(id)]) interpreter.run(static_cast<std::size_t>(id));
  }
  return std::move(interpreter.values()[static_cast<std::size_t>(node)]);
}

}  // namespace mlffgen::ir
