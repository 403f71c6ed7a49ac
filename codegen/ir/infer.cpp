// The typing rules: which operands an operation takes, and the type it gives. Equivariance is one of them.
#include <fmt/format.h>

#include "codegen/ir/graph.h"

namespace mlffgen::ir {
namespace {

class Inference {
 public:
  Inference(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  Type run() const {
    check_input_count();
    switch (node_.op) {
      case Op::zero:
        return node_.type;
      case Op::constant:
        return {Domain::constant, Kind::scalar, static_cast<int>(node_.tensors.at(0)->columns())};
      case Op::element_table:
        return {Domain::element, Kind::scalar, static_cast<int>(node_.tensors.at(0)->columns())};
      case Op::distance:
        return {Domain::radial, Kind::scalar, 1};
      case Op::direction:
        return {Domain::pair, Kind::vector, 1};
      case Op::spline:
        return {Domain::radial, Kind::scalar, static_cast<int>(node_.tensors.at(0)->columns())};
      case Op::add:
      case Op::multiply:
      case Op::dot:
        return binary();
      case Op::negate:
        return input(0);
      case Op::unary:
      case Op::power:
        return scalar_function();
      case Op::linear:
        return linear();
      case Op::cartesian_mix:
        return cartesian_mix();
      case Op::concat:
        return concat();
      case Op::slice:
        return slice();
      case Op::broadcast:
        return broadcast();
      case Op::sum_channels:
        return {input(0).domain, input(0).kind, 1};
      case Op::at_i:
      case Op::at_j:
      case Op::reverse:
      case Op::sum_j:
      case Op::sum_i:
        return change_of_domain();
    }
    throw InternalError("operation without a typing rule");
  }

 private:
  const Type& input(std::size_t k) const { return graph_[node_.inputs.at(k)].type; }

  [[noreturn]] void fail(const std::string& message) const { throw UserError(node_.where, message); }

  void check_input_count() const {
    std::size_t expected = 1;
    switch (node_.op) {
      case Op::zero:
      case Op::constant:
      case Op::element_table:
      case Op::distance:
      case Op::direction:
        expected = 0;
        break;
      case Op::add:
      case Op::multiply:
      case Op::dot:
        expected = 2;
        break;
      case Op::linear:
      case Op::concat:
        expected = node_.inputs.empty() ? 1 : node_.inputs.size();
        break;
      case Op::spline:
      case Op::negate:
      case Op::unary:
      case Op::power:
      case Op::cartesian_mix:
      case Op::slice:
      case Op::broadcast:
      case Op::sum_channels:
      case Op::at_i:
      case Op::at_j:
      case Op::reverse:
      case Op::sum_j:
      case Op::sum_i:
        break;
    }
    internal_check(node_.inputs.size() == expected, "wrong number of operands");
  }

  Domain join(Domain a, Domain b) const {
    if (a == b || b == Domain::constant) return a;
    if (a == Domain::constant) return b;
    if (is_per_atom(a) && is_per_atom(b)) return Domain::atom;
    if (is_per_pair(a) && is_per_pair(b)) return Domain::pair;
    fail(
        fmt::format("{} cannot combine a value of domain {} with one of domain {}; a value of an atom meets a pair as "
                    "x[i] or x[j], and sum_j brings a pair back to the atom",
                    name_of(node_.op), name_of(a), name_of(b)));
  }

  int join_channels(const Type& a, const Type& b) const {
    if (a.channels == b.channels || b.channels == 1) return a.channels;
    if (a.channels == 1) return b.channels;
    fail(fmt::format("{} of {} and {} channels: they must agree, or one of them be 1", name_of(node_.op), a.channels,
                     b.channels));
  }

  Type binary() const {
    const Type& a = input(0);
    const Type& b = input(1);
    const Domain domain = join(a.domain, b.domain);
    const int channels = join_channels(a, b);
    if (node_.op == Op::dot) {
      if (a.kind != Kind::vector || b.kind != Kind::vector) {
        fail(fmt::format("dot takes two vectors, not a {} and a {}", name_of(a.kind), name_of(b.kind)));
      }
      return {domain, Kind::scalar, channels};
    }
    if (node_.op == Op::add) {
      if (a.kind != b.kind) {
        fail("a scalar and a vector cannot be added: their sum would not turn with the molecule");
      }
      return {domain, a.kind, channels};
    }
    if (a.kind == Kind::vector && b.kind == Kind::vector) {
      fail("two vectors cannot be multiplied; dot(a, b) gives the scalar product");
    }
    return {domain, a.kind == Kind::vector ? a.kind : b.kind, channels};
  }

  Type scalar_function() const {
    if (input(0).kind == Kind::vector) {
      const std::string what = node_.op == Op::unary ? name_of(node_.function) : "**";
      fail(
          fmt::format("{} of a vector: a non-linearity on the components of a vector breaks rotational symmetry; apply "
                      "it to norm(v, eps) or dot(u, v) and multiply the vector by the result",
                      what));
    }
    return input(0);
  }

  Type linear() const {
    internal_check(node_.tensors.size() == node_.inputs.size(), "linear needs one matrix an input");
    Type result = input(0);
    result.channels = static_cast<int>(node_.tensors[0]->rows());
    for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
      const Tensor& matrix = *node_.tensors[k];
      internal_check(matrix.shape.size() == 2, "linear needs a matrix");
      if (matrix.columns() != input(k).channels) {
        fail(fmt::format("linear: matrix '{}' has shape [{}, {}] and so takes {} channels, but is given {}",
                         matrix.name, matrix.rows(), matrix.columns(), matrix.columns(), input(k).channels));
      }
      internal_check(matrix.rows() == result.channels && input(k).kind == result.kind, "linear terms differ");
      result.domain = join(result.domain, input(k).domain);
    }
    if (node_.bias) {
      if (result.kind == Kind::vector) fail("linear: a bias on a vector breaks rotational symmetry; use mix(v, ...)");
      internal_check(node_.bias->columns() == result.channels, "bias and matrix differ");
    }
    return result;
  }

  Type cartesian_mix() const {
    if (input(0).kind != Kind::vector) fail("cartesian_mix takes a vector");
    const Tensor& matrix = *node_.tensors.at(0);
    internal_check(matrix.shape.size() == 2 && matrix.rows() == 3 && matrix.columns() == 3, "cartesian_mix is 3x3");
    return input(0);
  }

  Type concat() const {
    Type result = input(0);
    for (std::size_t k = 1; k < node_.inputs.size(); ++k) {
      if (input(k).kind != result.kind) fail("concat of scalars and vectors: all parts must be of one kind");
      result.domain = join(result.domain, input(k).domain);
      result.channels += input(k).channels;
    }
    return result;
  }

  Type slice() const {
    const int end = node_.begin + node_.type.channels;
    if (node_.begin < 0 || node_.type.channels < 1 || end > input(0).channels) {
      fail(fmt::format("channels {} to {} are not within the {} channels there are", node_.begin, end - 1,
                       input(0).channels));
    }
    return {input(0).domain, input(0).kind, node_.type.channels};
  }

  Type broadcast() const {
    internal_check(input(0).channels == 1 && node_.type.channels >= 1, "broadcast of more than one channel");
    return {input(0).domain, input(0).kind, node_.type.channels};
  }

  Type change_of_domain() const {
    Type result = input(0);
    const Domain from = result.domain;
    switch (node_.op) {
      case Op::at_i:
      case Op::at_j:
        if (!is_per_atom(from)) {
          fail(fmt::format("[i] and [j] take a value of an atom; this one is of domain {}", name_of(from)));
        }
        result.domain = Domain::pair;
        break;
      case Op::reverse:
        internal_check(is_per_pair(from) || from == Domain::constant, "reverse of what is not a pair");
        break;
      case Op::sum_j:
        if (!is_per_pair(from)) {
          fail(fmt::format("sum_j takes a value of a pair; this one is of domain {}", name_of(from)));
        }
        result.domain = Domain::atom;
        break;
      case Op::sum_i:
        if (!is_per_atom(from)) {
          fail(fmt::format("sum_i takes a value of an atom; this one is of domain {}", name_of(from)));
        }
        result.domain = Domain::system;
        break;
      default:
        break;
    }
    return result;
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

Type infer_type(const Graph& graph, const Node& node) { return Inference(graph, node).run(); }

void verify(const Graph& graph) {
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    const auto fail = [&](const std::string& what) { throw InternalError(fmt::format("node %{}: {}", id, what)); };
    for (const NodeId input : node.inputs) {
      if (input < 0 || static_cast<std::size_t>(input) >= id) fail("an input does not come before its user");
    }
    try {
      if (infer_type(graph, node) != node.type) fail("its type is not the one its rule gives");
    } catch (const UserError& error) {
      fail(error.what());
    }
    if (node.op == Op::element_table && node.tensors[0]->rows() != static_cast<std::int64_t>(graph.elements.size())) {
      fail("an element table needs one row an element");
    }
    if (node.op == Op::spline && node.tensors[0]->rows() != graph.spline_grid.coefficients()) {
      fail("a spline table needs one row a coefficient");
    }
  }
  for (const Output& out : graph.outputs) {
    if (out.node < 0 || static_cast<std::size_t>(out.node) >= graph.nodes.size()) {
      throw InternalError("output " + out.name + " names no node");
    }
  }
}

}  // namespace mlffgen::ir
