#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "codegen/ir/build.h"
#include "op_graphs.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

// Operands to try the rules on.
struct Bench {
  Graph graph;
  Builder b{graph};
  NodeId number = b.number(2);
  NodeId weight = b.constant(make_filled(1, 3));
  NodeId table = b.element_table(test::random_tensor({2, 3}, 1));
  NodeId distance = b.distance();
  NodeId direction = b.direction();
  NodeId radial = b.multiply(distance, weight);
  NodeId atom = b.sum_j(radial);
  NodeId vector = b.sum_j(b.multiply(radial, direction));
  NodeId pair = b.at_j(atom);
  NodeId system = b.sum_i(atom);
  TensorPtr matrix = test::random_tensor({4, 3}, 2);
};

// The type as text, or the message of the error.
std::string outcome(const std::function<NodeId(Bench&)>& build) {
  Bench bench;
  bench.b.set_origin({"model.yaml", 3, 7}, "x");
  try {
    return bench.graph[build(bench)].type.str();
  } catch (const UserError& error) {
    return error.what();
  } catch (const InternalError& error) {
    return error.what();
  }
}

struct Case {
  Op op;
  std::function<NodeId(Bench&)> build;
  std::string expected;
};

const std::vector<Case>& accepted() {
  static const std::vector<Case> cases = {
      {Op::zero, [](Bench& t) { return t.b.zero({Domain::atom, Kind::vector, 5}); }, "atom vector[5]"},
      {Op::constant, [](Bench& t) { return t.weight; }, "constant scalar[3]"},
      {Op::element_table, [](Bench& t) { return t.table; }, "element scalar[3]"},
      {Op::distance, [](Bench& t) { return t.distance; }, "radial scalar[1]"},
      {Op::direction, [](Bench& t) { return t.direction; }, "pair vector[1]"},
      {Op::spline, [](Bench& t) { return t.b.spline(t.distance, test::random_tensor({9, 6}, 3), 1); },
       "radial scalar[6]"},
      {Op::add, [](Bench& t) { return t.b.add(t.table, t.atom); }, "atom scalar[3]"},
      {Op::add, [](Bench& t) { return t.b.add(t.radial, t.pair); }, "pair scalar[3]"},
      {Op::add, [](Bench& t) { return t.b.add(t.number, t.system); }, "system scalar[3]"},
      {Op::multiply, [](Bench& t) { return t.b.multiply(t.atom, t.vector); }, "atom vector[3]"},
      {Op::multiply, [](Bench& t) { return t.b.multiply(t.number, t.weight); }, "constant scalar[3]"},
      {Op::negate, [](Bench& t) { return t.b.negate(t.vector); }, "atom vector[3]"},
      {Op::unary, [](Bench& t) { return t.b.unary(Function::silu, t.radial); }, "radial scalar[3]"},
      {Op::power, [](Bench& t) { return t.b.power(t.table, 2); }, "element scalar[3]"},
      {Op::dot, [](Bench& t) { return t.b.dot(t.direction, t.b.at_j(t.vector)); }, "pair scalar[3]"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.vector}, {t.matrix}, nullptr); }, "atom vector[4]"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.table, t.atom}, {t.matrix, t.matrix}, nullptr); },
       "atom scalar[4]"},
      {Op::cartesian_mix, [](Bench& t) { return t.b.cartesian_mix(t.vector, test::random_tensor({3, 3}, 4)); },
       "atom vector[3]"},
      {Op::concat, [](Bench& t) { return t.b.concat({t.table, t.atom, t.number}); }, "atom scalar[7]"},
      {Op::slice, [](Bench& t) { return t.b.slice(t.vector, 1, 2); }, "atom vector[2]"},
      {Op::broadcast, [](Bench& t) { return t.b.broadcast(t.direction, 8); }, "pair vector[8]"},
      {Op::sum_channels, [](Bench& t) { return t.b.sum_channels(t.vector); }, "atom vector[1]"},
      {Op::at_i, [](Bench& t) { return t.b.at_i(t.table); }, "pair scalar[3]"},
      {Op::at_j, [](Bench& t) { return t.b.at_j(t.vector); }, "pair vector[3]"},
      {Op::reverse, [](Bench& t) { return t.b.reverse(t.direction); }, "pair vector[1]"},
      {Op::sum_j, [](Bench& t) { return t.b.sum_j(t.direction); }, "atom vector[1]"},
      {Op::sum_i, [](Bench& t) { return t.b.sum_i(t.table); }, "system scalar[3]"},
  };
  return cases;
}

const std::vector<Case>& refused() {
  static const std::vector<Case> cases = {
      {Op::add, [](Bench& t) { return t.b.add(t.atom, t.vector); },
       "model.yaml:3:7: a scalar and a vector cannot be added: their sum would not turn with the molecule"},
      {Op::add, [](Bench& t) { return t.b.add(t.atom, t.pair); },
       "add cannot combine a value of domain atom with one of domain pair; a value of an atom meets a pair as x[i] or "
       "x[j]"},
      {Op::add, [](Bench& t) { return t.b.add(t.atom, t.radial); }, "domain atom with one of domain radial"},
      {Op::add, [](Bench& t) { return t.b.add(t.atom, t.system); }, "domain atom with one of domain system"},
      {Op::add, [](Bench& t) { return t.b.add(t.atom, t.b.slice(t.atom, 0, 2)); },
       "add of 3 and 2 channels: they must agree, or one of them be 1"},
      {Op::multiply, [](Bench& t) { return t.b.multiply(t.vector, t.vector); },
       "two vectors cannot be multiplied; dot(a, b) gives the scalar product"},
      {Op::multiply, [](Bench& t) { return t.b.multiply(t.b.slice(t.vector, 0, 2), t.atom); },
       "multiply of 2 and 3 channels"},
      {Op::unary, [](Bench& t) { return t.b.unary(Function::tanh, t.vector); },
       "tanh of a vector: a non-linearity on the components of a vector breaks rotational symmetry"},
      {Op::power, [](Bench& t) { return t.b.power(t.vector, 2); }, "** of a vector: a non-linearity"},
      {Op::dot, [](Bench& t) { return t.b.dot(t.atom, t.vector); }, "dot takes two vectors, not a scalar and a vector"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.b.slice(t.atom, 0, 2)}, {t.matrix}, nullptr); },
       "has shape [4, 3] and so takes 3 channels, but is given 2"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.vector}, {t.matrix}, make_filled(1, 4)); },
       "a bias on a vector breaks rotational symmetry"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.atom, t.radial}, {t.matrix, t.matrix}, nullptr); },
       "linear cannot combine a value of domain atom with one of domain radial"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.atom}, {t.matrix}, make_filled(1, 3)); },
       "internal error: bias and matrix differ"},
      {Op::linear, [](Bench& t) { return t.b.linear({t.atom}, {}, nullptr); },
       "internal error: linear needs one matrix an input"},
      {Op::cartesian_mix, [](Bench& t) { return t.b.cartesian_mix(t.atom, test::random_tensor({3, 3}, 4)); },
       "cartesian_mix takes a vector"},
      {Op::cartesian_mix, [](Bench& t) { return t.b.cartesian_mix(t.vector, t.matrix); },
       "internal error: cartesian_mix is 3x3"},
      {Op::concat, [](Bench& t) { return t.b.concat({t.atom, t.vector}); },
       "concat of scalars and vectors: all parts must be of one kind"},
      {Op::concat, [](Bench& t) { return t.b.concat({t.atom, t.pair}); }, "concat cannot combine"},
      {Op::concat, [](Bench& t) { return t.b.concat({}); }, "internal error: wrong number of operands"},
      {Op::slice, [](Bench& t) { return t.b.slice(t.atom, 2, 2); },
       "channels 2 to 3 are not within the 3 channels there are"},
      {Op::slice, [](Bench& t) { return t.b.slice(t.atom, -1, 2); }, "channels -1 to 0 are not within"},
      {Op::broadcast, [](Bench& t) { return t.b.broadcast(t.atom, 4); },
       "internal error: broadcast of more than one channel"},
      {Op::at_i, [](Bench& t) { return t.b.at_i(t.system); },
       "[i] and [j] take a value of an atom; this one is of domain system"},
      {Op::at_j, [](Bench& t) { return t.b.at_j(t.radial); },
       "[i] and [j] take a value of an atom; this one is of domain radial"},
      {Op::reverse, [](Bench& t) { return t.b.reverse(t.atom); }, "internal error: reverse of what is not a pair"},
      {Op::sum_j, [](Bench& t) { return t.b.sum_j(t.atom); },
       "sum_j takes a value of a pair; this one is of domain atom"},
      {Op::sum_j, [](Bench& t) { return t.b.sum_j(t.number); },
       "sum_j takes a value of a pair; this one is of domain constant"},
      {Op::sum_i, [](Bench& t) { return t.b.sum_i(t.pair); },
       "sum_i takes a value of an atom; this one is of domain pair"},
      {Op::sum_i, [](Bench& t) { return t.b.sum_i(t.system); },
       "sum_i takes a value of an atom; this one is of domain system"},
  };
  return cases;
}

bool cannot_fail(Op op) {
  switch (op) {
    case Op::zero:
    case Op::constant:
    case Op::element_table:
    case Op::distance:
    case Op::direction:
    case Op::spline:
    case Op::negate:
    case Op::sum_channels:
      return true;
    case Op::add:
    case Op::multiply:
    case Op::unary:
    case Op::power:
    case Op::dot:
    case Op::linear:
    case Op::cartesian_mix:
    case Op::concat:
    case Op::slice:
    case Op::broadcast:
    case Op::at_i:
    case Op::at_j:
    case Op::reverse:
    case Op::sum_j:
    case Op::sum_i:
      return false;
  }
  return false;
}

bool covers(const std::vector<Case>& cases, Op op) {
  for (const Case& c : cases) {
    if (c.op == op) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every operation gives the type of its rule") {
  for (const Case& c : accepted()) {
    CAPTURE(std::string(name_of(c.op)));
    CHECK(outcome(c.build) == c.expected);
  }
}

TEST_CASE("every broken typing rule is refused with its message") {
  for (const Case& c : refused()) {
    const std::string found = outcome(c.build);
    CAPTURE(found);
    CHECK(found.find(c.expected) != std::string::npos);
    if (found.find("internal error") == std::string::npos) CHECK(found.rfind("model.yaml:3:7: ", 0) == 0);
  }
}

TEST_CASE("no operation is without a test of its typing rule") {
  CHECK(test::all_ops().size() == 23);
  for (const Op op : test::all_ops()) {
    CAPTURE(std::string(name_of(op)));
    CHECK(covers(accepted(), op));
    CHECK(covers(refused(), op) != cannot_fail(op));
  }
}

TEST_CASE("operands are joined to the domain where both exist, and to none across atoms, pairs and systems") {
  const std::vector<Domain> domains = {Domain::constant, Domain::element, Domain::radial,
                                       Domain::atom,     Domain::pair,    Domain::system};
  // Rows and columns in the order above; "-" where there is no common domain.
  const std::vector<std::vector<std::string>> expected = {{"constant", "element", "radial", "atom", "pair", "system"},
                                                          {"element", "element", "-", "atom", "-", "-"},
                                                          {"radial", "-", "radial", "-", "pair", "-"},
                                                          {"atom", "atom", "-", "atom", "-", "-"},
                                                          {"pair", "-", "pair", "-", "pair", "-"},
                                                          {"system", "-", "-", "-", "-", "system"}};
  for (std::size_t a = 0; a < domains.size(); ++a) {
    for (std::size_t b = 0; b < domains.size(); ++b) {
      Graph graph;
      Builder build(graph);
      const NodeId x = build.zero({domains[a], Kind::scalar, 1}), y = build.zero({domains[b], Kind::scalar, 1});
      std::string found = "-";
      try {
        found = name_of(graph[build.add(x, y)].type.domain);
      } catch (const UserError&) {
      }
      CAPTURE(std::string(name_of(domains[a])));
      CAPTURE(std::string(name_of(domains[b])));
      CHECK(found == expected[a][b]);
    }
  }
}
