// What programs mean: the type of every function's result, the values behind it, scopes, loops and text.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "codegen/elaborate/elaborate.h"
#include "codegen/ir/interpret.h"
#include "programs.h"
#include "samples.h"

using namespace mlffgen;

namespace {

// The energy of two atoms (H at the origin, O along x), whose program may use `distance` as it likes.
double energy_at(const std::string& program, double distance) {
  test::Molecule two;
  two.element = {0, 2};
  two.positions = {{0, 0, 0}, {distance, 0, 0}};
  return test::energy_of(test::graph_of_program(program), test::sample_of(two));
}

// A radial expression at a distance: the energy counts it once for each of the two pairs.
double radial_at(const std::string& expression, double distance) {
  return energy_at("energy = sum_i(sum_j(sum_channels(0 * distance + " + expression + ")))", distance) / 2;
}

// A number known when the model is compiled.
double number(const std::string& statements, const std::string& expression) {
  return energy_at(statements + "\nenergy = sum_i(sum_j(0 * distance + " + expression + "))", 1) / 2;
}

// The type of an expression, from the graph's node of that name.
std::string type_of(const std::string& expression) {
  const ir::Graph graph =
      test::graph_of_program("s = embedding(element, \"e\", 4)\nv = sum_j(direction * s[j])\nprobe = " + expression +
                             "\nenergy = sum_i(sum_j(distance))");
  std::string type = "none";
  for (const ir::Node& node : graph.nodes) {
    if (node.name == "probe") type = node.type.str();  // the last one is the result
  }
  return type;
}

}  // namespace

TEST_CASE("every function gives a value of its documented type") {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {"bessel", {"bessel(distance, 6)", "radial scalar[6]"}},
      {"cartesian_mix", {"cartesian_mix(v, \"m\")", "atom vector[4]"}},
      {"concat", {"concat(s, s, 1)", "element scalar[9]"}},
      {"cos", {"cos(distance)", "radial scalar[1]"}},
      {"cosine_cutoff", {"cosine_cutoff(distance)", "radial scalar[1]"}},
      {"dot", {"dot(v, v)", "atom scalar[4]"}},
      {"embedding", {"embedding(element, \"f\", 5)", "element scalar[5]"}},
      {"exp", {"exp(s)", "element scalar[4]"}},
      {"gaussian", {"gaussian(distance, weight(\"o\", 3), weight(\"w\", 3))", "radial scalar[3]"}},
      {"linear", {"linear(s, \"w\", 7)", "element scalar[7]"}},
      {"log", {"log(2 + distance)", "radial scalar[1]"}},
      {"mix", {"mix(v, \"w\", 7)", "atom vector[7]"}},
      {"norm", {"norm(v, 1e-8)", "atom scalar[4]"}},
      {"per_element", {"per_element(element, \"p\")", "element scalar[1]"}},
      {"polynomial_cutoff", {"polynomial_cutoff(distance, 6)", "radial scalar[1]"}},
      {"sequence", {"sequence(1, 5)", "constant scalar[5]"}},
      {"shifted_softplus", {"shifted_softplus(s)", "element scalar[4]"}},
      {"sigmoid", {"sigmoid(s[j])", "pair scalar[4]"}},
      {"silu", {"silu(s[i])", "pair scalar[4]"}},
      {"sin", {"sin(distance)", "radial scalar[1]"}},
      {"softplus", {"softplus(distance)", "radial scalar[1]"}},
      {"split", {"split(v, 2)[1]", "atom vector[2]"}},
      {"sqrt", {"sqrt(distance)", "radial scalar[1]"}},
      {"sum_channels", {"sum_channels(v)", "atom vector[1]"}},
      {"sum_i", {"sum_i(s)", "system scalar[4]"}},
      {"sum_j", {"sum_j(v[j] * distance)", "atom vector[4]"}},
      {"tanh", {"tanh(distance)", "radial scalar[1]"}},
      {"weight", {"weight(\"w\", 3)", "constant scalar[3]"}},
      {"zeros", {"zeros(vector, 3)", "atom vector[3]"}},
  };
  for (const std::string& name : elaborate::function_names()) {
    CAPTURE(name);
    REQUIRE(cases.contains(name));
    CHECK(type_of(cases.at(name).first) == cases.at(name).second);
  }
}

TEST_CASE("radial functions have the values of their formulas") {
  const double r = 1.7, pi = std::numbers::pi, d = r / 5;
  CHECK(radial_at("cosine_cutoff(distance)", r) == doctest::Approx(0.5 * (std::cos(pi * d) + 1)).epsilon(1e-14));
  CHECK(std::abs(radial_at("cosine_cutoff(distance)", 5)) < 1e-15);
  const double p6 = 1 - 28 * std::pow(d, 6) + 48 * std::pow(d, 7) - 21 * std::pow(d, 8);
  CHECK(radial_at("polynomial_cutoff(distance, 6)", r) == doctest::Approx(p6).epsilon(1e-14));
  CHECK(radial_at("polynomial_cutoff(distance, 6)", 5) == 0);
  // Near the cutoff the powers of the definition cancel: their sum is 56 (1 - d)^3 to first order, of ones.
  const double near = 1e-4, left = 56 - 210 * near + 336 * near * near;
  CHECK(radial_at("polynomial_cutoff(distance, 6)", 5 * (1 - near)) ==
        doctest::Approx(near * near * near * left).epsilon(1e-11));
  const double waves = std::sin(pi * d) + std::sin(2 * pi * d) + std::sin(3 * pi * d);
  CHECK(radial_at("bessel(distance, 3)", r) == doctest::Approx(std::sqrt(2.0 / 5) * waves / r).epsilon(1e-13));
  CHECK(radial_at("gaussian(distance, 1, 0.5)", r) == doctest::Approx(std::exp(-0.5 * 1.4 * 1.4)).epsilon(1e-14));
  CHECK(radial_at("shifted_softplus(distance)", r) ==
        doctest::Approx(std::log1p(std::exp(r)) - std::log(2.0)).epsilon(1e-14));
  CHECK(radial_at("norm(direction * distance, 0.3)", r) == doctest::Approx(std::sqrt(r * r + 0.3)).epsilon(1e-14));
  CHECK(radial_at("sequence(2, 3) * distance", r) == doctest::Approx(9 * r).epsilon(1e-14));
}

TEST_CASE("arithmetic of numbers follows the usual order") {
  CHECK(number("", "1 + 2 * 3 ** 2") == 19);
  CHECK(number("", "-2 ** 2") == -4);
  CHECK(number("", "(1 - 2) - 3") == -4);
  CHECK(number("", "7 / 2") == 3.5);
  CHECK(number("", "2 ** -1") == 0.5);
  CHECK(number("", "(3 > 2) + (3 >= 3) + (2 != 2) + (1 == 1) + (1 < 0) + (1 <= 0)") == 3);
  CHECK(number("", "cutoff * pi") == doctest::Approx(5 * std::numbers::pi).epsilon(1e-15));
  CHECK(number("", "features + layers + true + false") == 7);
  CHECK(number("", "exp(0) + sqrt(4)") == 3);
}

TEST_CASE("loops count from zero, branches are chosen, functions have a scope of their own") {
  CHECK(number("x = 0\nfor k in 5:\n  x += k", "x") == 10);
  CHECK(number("x = 1\nfor k in 0:\n  x = 2", "x") == 1);
  CHECK(number("x = 0\nfor k in 3:\n  if k == 1:\n    x += 10\n  else:\n    x += 1", "x") == 12);
  CHECK(number("x = 1\ndef f(y):\n  x = y + 1\n  return x\nz = f(5)", "10 * x + z") == 16);
  CHECK(number("def f(x):\n  return features * x\ny = f(2)", "y") == 8);
  CHECK(number("def f(x):\n  return x, x + 1\na, b = f(2)", "10 * a + b") == 23);
  CHECK(number("def f(x):\n  return x, x + 1", "f(2)[1]") == 3);
  CHECK(number("features = 9\ndef f(x):\n  return features\n", "10 * f(0) + features") == 49);
  CHECK(number("def f(x):\n  return g(x) + 1\ndef g(x):\n  return 2 * x\n", "f(3)") == 7);
}

TEST_CASE("calls nest to a depth of 32 and no further") {
  const auto nested = [](int depth) {
    std::string program = "def f0(x):\n  return x\n";
    for (int k = 1; k < depth; ++k) {
      program += "def f" + std::to_string(k) + "(x):\n  return f" + std::to_string(k - 1) + "(x) + 1\n";
    }
    return number(program, "f" + std::to_string(depth - 1) + "(0)");
  };
  CHECK(nested(32) == 31);
  CHECK_THROWS_AS(nested(33), UserError);
}

TEST_CASE("braces in a text are replaced by integers and texts") {
  const ir::Graph graph = test::graph_of_program(
      "for k in layers:\n  m = \"block.{k}\"\n  x = weight(\"{m}.mean{features}\", 3)\nenergy = "
      "sum_i(sum_j(distance))");
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::constant) names.push_back(node.tensors[0]->name);
  }
  CHECK(names == std::vector<std::string>{"block.0.mean4", "block.1.mean4"});
}

TEST_CASE("the rows of an embedding are those of the spec's elements, by atomic number") {
  const ir::Graph graph = test::graph_of_program("x = embedding(element, \"e\", 2)\nenergy = sum_i(sum_channels(x))");
  const ir::TensorPtr all = elaborate::untrained_weights(1, 5)->get({"e", {-1, 2}, 9, elaborate::Initial::random, {}});
  REQUIRE(all->rows() == 9);  // up to oxygen
  const std::vector<double>& rows = graph.nodes[0].tensors[0]->values;
  const std::vector<int> numbers = {1, 6, 8};
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    for (std::size_t f = 0; f < 2; ++f)
      CHECK(rows[2 * k + f] == all->values[2 * static_cast<std::size_t>(numbers[k]) + f]);
  }
}

TEST_CASE("untrained weights are the same for the same seed and name, others for others") {
  const auto get = [](std::uint64_t seed, const std::string& name, elaborate::Initial initial) {
    return elaborate::untrained_weights(seed, 5)->get({name, {6}, 1, initial, {}})->values;
  };
  using elaborate::Initial;
  CHECK(get(1, "a", Initial::random) == get(1, "a", Initial::random));
  CHECK(get(1, "a", Initial::random) != get(2, "a", Initial::random));
  CHECK(get(1, "a", Initial::random) != get(1, "b", Initial::random));
  CHECK(get(1, "a", Initial::zero) == std::vector<double>(6, 0.0));
  CHECK(get(1, "a", Initial::range) == std::vector<double>{0, 1, 2, 3, 4, 5});
  CHECK(get(1, "a", Initial::spacing) == std::vector<double>(6, 1.0));
}

TEST_CASE("every node knows the line of the program that it came from") {
  const ir::Graph graph = test::graph_of_program("x = distance * 2\nenergy = sum_i(sum_j(x))");
  for (const ir::Node& node : graph.nodes) {
    CHECK(node.where.file == "test.yaml");
    CHECK(node.where.line >= 11);
    CHECK(node.where.column >= 5);
  }
  CHECK(graph[graph.output("energy")].where.line == 12);
}
