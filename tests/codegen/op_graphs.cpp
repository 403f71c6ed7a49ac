#include "op_graphs.h"

#include <string>

#include "samples.h"

namespace mlffgen::test {

using ir::Builder;
using ir::Domain;
using ir::Function;
using ir::Graph;
using ir::Kind;
using ir::kNoNode;
using ir::NodeId;
using ir::Op;

namespace {

constexpr int kWidth = 3;

template <typename Enum>
std::vector<Enum> enumerators() {
  std::vector<Enum> result;
  for (int k = 0; std::string(ir::name_of(static_cast<Enum>(k))) != "?"; ++k) result.push_back(static_cast<Enum>(k));
  return result;
}

// Operands of every domain, and the energy that an operation's result is turned into.
class Operands {
 public:
  explicit Operands(Builder& build) : b_(build) {
    table_ = b_.element_table(random_tensor({3, kWidth}, 1));
    distance_ = b_.distance();
    direction_ = b_.direction();
    radial_ =
        b_.unary(Function::exp, b_.multiply(distance_, b_.constant(ir::make_tensor("", {kWidth}, {-0.4, -0.7, -1.1}))));
    atom_ = b_.sum_j(b_.multiply(b_.at_j(table_), radial_));
    atom_vector_ = b_.sum_j(b_.multiply(b_.multiply(b_.at_j(table_), radial_), direction_));
  }

  NodeId scalar(Domain domain, int which = 0) {
    NodeId result = kNoNode;
    switch (domain) {
      case Domain::element:
        result = table_;
        break;
      case Domain::radial:
        result = radial_;
        break;
      case Domain::atom:
        result = atom_;
        break;
      case Domain::pair:
        result = b_.add(b_.at_i(atom_), b_.multiply(b_.at_j(atom_), radial_));
        break;
      case Domain::constant:
      case Domain::system:
        break;
    }
    return which == 0 ? result : b_.linear({result}, {random_tensor({kWidth, kWidth}, 7)}, random_tensor({kWidth}, 8));
  }

  // Values between 0.5 and 2.5, for functions that have none below zero.
  NodeId positive(Domain domain) { return b_.add(b_.number(1.5), b_.unary(Function::tanh, scalar(domain, 1))); }

  NodeId vector(Domain domain, int which = 0) {
    if (domain == Domain::element || domain == Domain::radial) return kNoNode;
    NodeId result = atom_vector_;
    if (domain == Domain::pair) result = b_.add(b_.at_j(atom_vector_), b_.multiply(radial_, direction_));
    return which == 0 ? result : b_.linear({result}, {random_tensor({kWidth, kWidth}, 9)}, nullptr);
  }

  // Ends in an energy that depends on the positions even if the value is the element's alone.
  NodeId energy(NodeId value) {
    if (b_.type(value).kind == Kind::vector) value = b_.dot(value, value);
    const Domain domain = b_.type(value).domain;
    if (domain == Domain::constant || ir::is_per_atom(domain)) {
      value = b_.multiply(b_.at_j(b_.sum_channels(b_.add(value, b_.power(value, 2)))), radial_);
    }
    const NodeId channels = b_.sum_channels(b_.sum_j(value));
    return b_.sum_i(b_.multiply(channels, channels));
  }

 private:
  Builder& b_;
  NodeId table_, distance_, direction_, radial_, atom_, atom_vector_;
};

bool needs_positive(Function function) {
  return function == Function::log || function == Function::sqrt || function == Function::rsqrt ||
         function == Function::reciprocal;
}

// The operation on operands of the domain, or kNoNode.
NodeId apply(Builder& b, Operands& x, Op op, Domain domain, Function function) {
  const auto scalar = [&](int which) { return x.scalar(domain, which); };
  const auto vector = [&](int which) { return x.vector(domain, which); };
  const bool has_vectors = vector(0) != kNoNode;
  switch (op) {
    case Op::zero:
      return b.add(scalar(0), b.zero({domain, Kind::scalar, kWidth}));
    case Op::constant:
      return b.multiply(scalar(0), b.constant(random_tensor({kWidth}, 3)));
    case Op::element_table:
      return domain == Domain::element ? scalar(0) : kNoNode;
    case Op::distance:
      return domain == Domain::radial ? b.multiply(b.distance(), scalar(0)) : kNoNode;
    case Op::direction:
      return domain == Domain::pair ? b.add(vector(0), b.direction()) : kNoNode;
    case Op::spline:
      return domain == Domain::radial ? b.spline(b.distance(), random_tensor({9, kWidth}, 4), 0) : kNoNode;
    case Op::add:
      return b.add(scalar(0), b.slice(scalar(1), 1, 1));
    case Op::multiply:
      return has_vectors ? b.multiply(b.slice(scalar(0), 0, 1), vector(0)) : b.multiply(scalar(0), scalar(1));
    case Op::negate:
      return b.negate(scalar(1));
    case Op::unary:
      return b.unary(function, needs_positive(function) ? x.positive(domain) : scalar(1));
    case Op::power:
      return b.add(b.power(x.positive(domain), 2.5), b.power(scalar(1), 3));
    case Op::dot:
      return has_vectors ? b.dot(vector(0), b.slice(vector(1), 1, 1)) : kNoNode;
    case Op::linear:
      return b.linear({scalar(0), b.slice(scalar(1), 1, 2)}, {random_tensor({2, kWidth}, 5), random_tensor({2, 2}, 6)},
                      random_tensor({2}, 10));
    case Op::cartesian_mix:
      return has_vectors ? b.cartesian_mix(vector(0), random_tensor({3, 3}, 11)) : kNoNode;
    case Op::concat: {
      const NodeId scalars = b.concat({scalar(0), scalar(1)});
      const NodeId mixed = b.linear({scalars}, {random_tensor({2, 2 * kWidth}, 12)}, nullptr);
      return has_vectors ? b.multiply(mixed, b.slice(b.concat({vector(0), vector(1)}), 2, 2)) : mixed;
    }
    case Op::slice:
      return b.multiply(b.slice(scalar(0), 1, 2), b.slice(scalar(1), 0, 2));
    case Op::broadcast:
      return b.multiply(b.broadcast(b.slice(scalar(1), 2, 1), kWidth), scalar(0));
    case Op::sum_channels:
      return b.multiply(b.sum_channels(scalar(1)), scalar(0));
    case Op::at_i:
      return ir::is_per_atom(domain)
                 ? b.multiply(b.multiply(b.at_i(scalar(0)), b.at_j(scalar(1))), x.scalar(Domain::radial))
                 : kNoNode;
    case Op::at_j:
      return ir::is_per_atom(domain) ? b.multiply(b.power(b.at_j(scalar(1)), 2), x.scalar(Domain::radial)) : kNoNode;
    case Op::reverse:
      return domain == Domain::pair ? b.reverse(scalar(1)) : kNoNode;
    case Op::sum_j:
      return ir::is_per_pair(domain) ? b.power(b.sum_j(scalar(1)), 2) : kNoNode;
    case Op::sum_i:
      return scalar(1);
  }
  return kNoNode;
}

}  // namespace

std::vector<Op> all_ops() { return enumerators<Op>(); }
std::vector<Function> all_functions() { return enumerators<Function>(); }

ir::TensorPtr random_tensor(std::vector<std::int64_t> shape, std::uint64_t seed) {
  Random random(seed);
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  std::vector<double> values(count);
  for (double& value : values) value = random.uniform(-1, 1);
  return ir::make_tensor("", std::move(shape), std::move(values));
}

Graph energy_using(Op op, Domain operands, Function function) {
  Graph graph;
  graph.elements = {1, 6, 8};
  graph.cutoff = 5;
  graph.spline_grid = {5, 4, 0, 5};
  Builder build(graph);
  Operands x(build);
  const NodeId value = apply(build, x, op, operands, function);
  if (value != kNoNode) graph.outputs.push_back({"energy", x.energy(value)});
  return graph;
}

}  // namespace mlffgen::test
