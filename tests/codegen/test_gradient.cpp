// Adjoint and forward-mode rules against central differences of the interpreted energy.
#include <doctest/doctest.h>

#include <cmath>

#include "codegen/ir/analysis.h"
#include "codegen/passes/passes.h"
#include "codegen/passes/radial_derivative.h"
#include "op_graphs.h"
#include "samples.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

constexpr double kForceTolerance = 1e-8;

// Checks the gradient of the graph on two molecules.
void check_gradient(const Graph& energy, std::uint64_t seed) {
  const Graph graph = passes::differentiate(energy);
  verify(graph);
  test::Random random(seed);
  for (int round = 0; round < 2; ++round) {
    const test::Molecule molecule = test::random_molecule(random, 3 + round, 3);
    const std::vector<test::Vector> forces = test::forces_of(graph, test::sample_of(molecule));
    const std::vector<test::Vector> expected = test::numerical_forces(energy, molecule);
    double largest = 0;
    for (const test::Vector& f : expected)
      largest = std::max({largest, std::abs(f[0]), std::abs(f[1]), std::abs(f[2])});
    CHECK(largest > 1e-4);  // else the check would hold for a wrong rule
    CHECK(test::relative_difference(forces, expected) < kForceTolerance);
  }
}

}  // namespace

TEST_CASE("every adjoint rule gives minus the gradient of the energy as forces, for operands of every domain") {
  for (const Op op : test::all_ops()) {
    int forms = 0;
    for (const Domain domain : test::kOperandDomains) {
      const Graph energy = test::energy_using(op, domain);
      if (energy.outputs.empty()) continue;
      ++forms;
      CAPTURE(std::string(name_of(op)));
      CAPTURE(std::string(name_of(domain)));
      if (op == Op::reverse) {  // only this pass makes it
        CHECK_THROWS_AS(passes::differentiate(energy), InternalError);
      } else {
        check_gradient(energy, 10 + static_cast<std::uint64_t>(op));
      }
    }
    CAPTURE(std::string(name_of(op)));
    CHECK(forms > 0);
  }
}

TEST_CASE("every function has its derivative, for operands of every domain") {
  for (const Function function : test::all_functions()) {
    for (const Domain domain : test::kOperandDomains) {
      CAPTURE(std::string(name_of(function)));
      CAPTURE(std::string(name_of(domain)));
      check_gradient(test::energy_using(Op::unary, domain, function), 40 + static_cast<std::uint64_t>(function));
    }
  }
}

TEST_CASE("the derivative of every function equals its difference quotient") {
  for (const Function function : test::all_functions()) {
    for (const double x : {0.1, 0.7, 1.9, 3.2}) {
      Graph graph;
      Builder b(graph);
      const NodeId at = b.number(x);
      const NodeId slope = passes::derivative_of(b, function, at, b.unary(function, at));
      const double expected =
          test::derivative_at_zero([&](double step) { return apply(function, x + step * 0.1); }) / 0.1;
      CAPTURE(std::string(name_of(function)));
      CHECK(interpret_local(graph, slope)[0] == doctest::Approx(expected).epsilon(1e-9));
    }
  }
}

TEST_CASE("powers have their derivatives, at zero too") {
  for (const double exponent : {-2.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.5}) {
    Graph graph;
    Builder b(graph);
    const NodeId slope = passes::derivative_of_power(b, exponent, b.number(1.7));
    CHECK(interpret_local(graph, slope)[0] == doctest::Approx(exponent * std::pow(1.7, exponent - 1)).epsilon(1e-14));
  }
  for (const double exponent : {0.0, 1.0, 2.0}) {
    Graph graph;
    Builder b(graph);
    const NodeId slope = passes::derivative_of_power(b, exponent, b.number(0));
    CHECK(interpret_local(graph, slope)[0] == (exponent == 1 ? 1 : 0));
  }
}

TEST_CASE("forward mode gives the derivative of every radial operation with respect to distance") {
  for (const Op op : test::all_ops()) {
    const Graph energy = test::energy_using(op, Domain::radial);
    for (std::size_t k = 0; k < energy.nodes.size() && !energy.outputs.empty(); ++k) {
      const auto id = static_cast<NodeId>(k);
      if (energy[id].type.domain != Domain::radial) continue;
      Graph graph = energy;
      Builder b(graph);
      passes::RadialDerivative derivative(b);
      const NodeId slope = derivative.of(id);
      CHECK(derivative.of(id) == slope);
      verify(graph);
      const std::vector<double> found = interpret_local(graph, slope, {1.3});
      const int width = energy[id].type.channels;
      CAPTURE(std::string(name_of(op)));
      CAPTURE(std::string(name_of(energy[id].op)));
      REQUIRE((graph[slope].type.channels == width || graph[slope].type.channels == 1));
      for (int f = 0; f < width; ++f) {
        const double expected = test::derivative_at_zero(
            [&](double step) { return interpret_local(energy, id, {1.3 + step})[static_cast<std::size_t>(f)]; });
        const auto channel = static_cast<std::size_t>(graph[slope].type.channels == 1 ? 0 : f);
        CHECK(found[channel] == doctest::Approx(expected).epsilon(1e-8));
      }
    }
  }
}

TEST_CASE("an operation that cannot be radial has no derivative with respect to distance") {
  Graph graph;
  graph.elements = {1};
  Builder b(graph);
  const NodeId direction = b.direction();
  passes::RadialDerivative derivative(b);
  CHECK_THROWS_AS(derivative.of(direction), InternalError);
}

TEST_CASE("an energy without positions has no pair gradient") {
  Graph graph;
  graph.elements = {1, 6, 8};
  Builder b(graph);
  graph.outputs.push_back({"energy", b.sum_i(b.element_table(test::random_tensor({3, 1}, 1)))});
  const Graph found = passes::differentiate(graph);
  CHECK(found.output("pair_gradient") == kNoNode);
}

TEST_CASE("the gradient of a norm is zero where the vector is zero") {
  Graph graph;
  graph.elements = {1, 6, 8};
  Builder b(graph);
  const NodeId v = b.sum_j(b.direction());
  graph.outputs.push_back({"energy", b.sum_i(b.unary(Function::sqrt, b.dot(v, v)))});
  test::Molecule line;  // the middle atom's directions cancel
  line.element = {0, 0, 0};
  line.positions = {{-1, 0, 0}, {0, 0, 0}, {1, 0, 0}};
  for (const test::Vector& force : test::forces_of(passes::differentiate(graph), test::sample_of(line))) {
    for (const double component : force) CHECK(std::abs(component) < 1e-15);
  }
}
