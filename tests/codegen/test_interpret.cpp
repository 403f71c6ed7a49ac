#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "codegen/ir/build.h"
#include "codegen/ir/interpret.h"
#include "op_graphs.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

// Two atoms, carbon at the origin and hydrogen at (3, 4, 0): distance 5, directions +-(0.6, 0.8, 0).
Sample two_atoms() {
  Sample sample;
  sample.element = {1, 0};
  sample.centre = {0, 1};
  sample.neighbour = {1, 0};
  sample.reverse = {1, 0};
  sample.displacement = {{3, 4, 0}, {-3, -4, 0}};
  return sample;
}

struct Bench {
  Graph graph;
  Builder b{graph};
  NodeId two = b.constant(make_tensor("", {2}, {2, 3}));
  NodeId table = b.element_table(make_tensor("", {2, 2}, {10, 20, 30, 40}));
  NodeId distance = b.distance();
  NodeId direction = b.direction();
  NodeId vectors = b.multiply(two, direction);  // pairs: (1.2, 1.6, 0), (1.8, 2.4, 0) by channel, and the opposite
  Bench() { graph.elements = {1, 6}, graph.cutoff = 6, graph.spline_grid = {1, 2, 0, 10}; }
};

struct Case {
  Op op;
  std::function<NodeId(Bench&)> build;
  std::vector<double> expected;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
      {Op::zero, [](Bench& t) { return t.b.zero({Domain::atom, Kind::scalar, 2}); }, {0, 0, 0, 0}},
      {Op::constant, [](Bench& t) { return t.two; }, {2, 3}},
      {Op::element_table, [](Bench& t) { return t.table; }, {10, 20, 30, 40}},
      {Op::distance, [](Bench& t) { return t.distance; }, {5, 5}},
      {Op::direction, [](Bench& t) { return t.direction; }, {0.6, 0.8, 0, -0.6, -0.8, 0}},
      // Degree 1: coefficients are the values at the knots 0, 5, 10.
      {Op::spline,
       [](Bench& t) { return t.b.spline(t.distance, make_tensor("", {3, 2}, {1, 2, 4, 3, 9, 9}), 0); },
       {4, 3, 4, 3}},
      {Op::spline, [](Bench& t) { return t.b.spline(t.distance, make_tensor("", {3, 1}, {1, 4, 9}), 1); }, {1, 1}},
      {Op::add, [](Bench& t) { return t.b.add(t.two, t.distance); }, {7, 8, 7, 8}},
      {Op::multiply, [](Bench& t) { return t.vectors; }, {1.2, 1.8, 1.6, 2.4, 0, 0, -1.2, -1.8, -1.6, -2.4, 0, 0}},
      {Op::negate, [](Bench& t) { return t.b.negate(t.two); }, {-2, -3}},
      {Op::unary, [](Bench& t) { return t.b.unary(Function::reciprocal, t.two); }, {0.5, 1.0 / 3}},
      {Op::power, [](Bench& t) { return t.b.power(t.two, 3); }, {8, 27}},
      {Op::dot, [](Bench& t) { return t.b.dot(t.vectors, t.direction); }, {2, 3, 2, 3}},
      {Op::linear,
       [](Bench& t) {
         return t.b.linear({t.two, t.distance},
                           {make_tensor("", {2, 2}, {1, 2, 3, 4}), make_tensor("", {2, 1}, {10, 20})},
                           make_tensor("", {2}, {100, 200}));
       },
       {158, 318, 158, 318}},
      {Op::linear,
       [](Bench& t) { return t.b.linear({t.vectors}, {make_tensor("", {1, 2}, {1, -1})}, nullptr); },
       {-0.6, -0.8, 0, 0.6, 0.8, 0}},
      {Op::cartesian_mix,
       [](Bench& t) { return t.b.cartesian_mix(t.direction, make_tensor("", {3, 3}, {0, 0, 1, 0, 2, 0, 5, 0, 0})); },
       {0, 1.6, 3, 0, -1.6, -3}},
      {Op::concat, [](Bench& t) { return t.b.concat({t.distance, t.two}); }, {5, 2, 3, 5, 2, 3}},
      {Op::slice, [](Bench& t) { return t.b.slice(t.vectors, 1, 1); }, {1.8, 2.4, 0, -1.8, -2.4, 0}},
      {Op::broadcast, [](Bench& t) { return t.b.broadcast(t.distance, 2); }, {5, 5, 5, 5}},
      {Op::sum_channels, [](Bench& t) { return t.b.sum_channels(t.vectors); }, {3, 4, 0, -3, -4, 0}},
      // Atom 0 is carbon (row 30, 40), atom 1 hydrogen (10, 20).
      {Op::at_i, [](Bench& t) { return t.b.at_i(t.table); }, {30, 40, 10, 20}},
      {Op::at_j, [](Bench& t) { return t.b.at_j(t.table); }, {10, 20, 30, 40}},
      {Op::reverse, [](Bench& t) { return t.b.reverse(t.b.at_i(t.table)); }, {10, 20, 30, 40}},
      {Op::sum_j, [](Bench& t) { return t.b.sum_j(t.direction); }, {0.6, 0.8, 0, -0.6, -0.8, 0}},
      {Op::sum_i, [](Bench& t) { return t.b.sum_i(t.table); }, {40, 60}},
  };
  return list;
}

}  // namespace

TEST_CASE("every operation has the value computed by hand") {
  for (const Case& c : cases()) {
    Bench bench;
    const NodeId id = c.build(bench);
    const std::vector<double> found = interpret(bench.graph, two_atoms())[static_cast<std::size_t>(id)];
    CAPTURE(std::string(name_of(c.op)));
    REQUIRE(found.size() == c.expected.size());
    for (std::size_t k = 0; k < found.size(); ++k) CHECK(found[k] == doctest::Approx(c.expected[k]).epsilon(1e-14));
  }
}

TEST_CASE("no operation is without a value computed by hand") {
  for (const Op op : test::all_ops()) {
    bool covered = false;
    for (const Case& c : cases()) covered = covered || c.op == op;
    CAPTURE(std::string(name_of(op)));
    CHECK(covered);
  }
}

TEST_CASE("every function has its value at 2 and where it is easily lost") {
  const std::map<Function, double> at_two = {{Function::exp, 7.38905609893065},
                                             {Function::log, 0.6931471805599453},
                                             {Function::sqrt, 1.4142135623730951},
                                             {Function::rsqrt, 0.7071067811865475},
                                             {Function::reciprocal, 0.5},
                                             {Function::sin, 0.9092974268256817},
                                             {Function::cos, -0.4161468365471424},
                                             {Function::tanh, 0.9640275800758169},
                                             {Function::sigmoid, 0.8807970779778823},
                                             {Function::silu, 1.7615941559557646},
                                             {Function::softplus, 2.1269280110429727}};
  for (const Function function : test::all_functions()) {
    CAPTURE(std::string(name_of(function)));
    REQUIRE(at_two.contains(function));
    CHECK(apply(function, 2) == doctest::Approx(at_two.at(function)).epsilon(1e-14));
  }
  CHECK(apply(Function::rsqrt, 0) == 0);  // so that the gradient of a norm at zero is zero
  CHECK(apply(Function::softplus, 1000) == 1000);
  CHECK(apply(Function::softplus, -1000) == 0);
  CHECK(apply(Function::silu, -1000) == 0);
  CHECK(apply(Function::sigmoid, -1000) == 0);
}

TEST_CASE("B-spline bases of every degree sum to one, reproduce a line, and their derivatives match differences") {
  for (int degree = 1; degree <= 7; ++degree) {
    const SplineGrid grid = {degree, 6, 0.5, 5};
    for (double r = 0.51; r < 5; r += 0.07) {
      int row = 0, row_again = 0, row_shifted = 0;
      const std::vector<double> value = spline_basis(grid, r, 0, row);
      const std::vector<double> slope = spline_basis(grid, r, 1, row_again);
      REQUIRE(value.size() == static_cast<std::size_t>(degree) + 1);
      REQUIRE(row == row_again);
      REQUIRE(row >= 0);
      REQUIRE(row + degree < grid.coefficients());
      const double h = 1e-6;
      const std::vector<double> shifted = spline_basis(grid, r + h, 0, row_shifted);
      double sum = 0, sum_of_slopes = 0, line = 0;
      for (std::size_t k = 0; k < value.size(); ++k) {
        sum += value[k];
        sum_of_slopes += slope[k];
        // Greville abscissae as coefficients give the identity.
        line += value[k] * (0.5 + 0.75 * (row + static_cast<double>(k) - (degree - 1) / 2.0));
        if (row_shifted == row) CHECK(slope[k] == doctest::Approx((shifted[k] - value[k]) / h).epsilon(1e-3));
      }
      CHECK(sum == doctest::Approx(1).epsilon(1e-13));
      CHECK(std::abs(sum_of_slopes) < 1e-12);
      CHECK(line == doctest::Approx(r).epsilon(1e-13));
    }
  }
}

TEST_CASE("a value without atoms is found alone and equals the whole interpretation") {
  Bench t;
  const NodeId radial = t.b.unary(Function::sin, t.b.multiply(t.two, t.distance));
  t.b.sum_j(radial);
  const std::vector<double> alone = interpret_local(t.graph, radial, {5, 1.5});
  REQUIRE(alone.size() == 4);
  CHECK(alone[0] == std::sin(2 * 5.0));
  CHECK(alone[3] == std::sin(3 * 1.5));
  const std::vector<double> rows = interpret_local(t.graph, t.b.add(t.table, t.two));
  CHECK(rows == std::vector<double>{12, 23, 32, 43});
}
