#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "codegen/passes/passes.h"
#include "programs.h"
#include "samples.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

const char* const kPairwise = R"(
w = linear(silu(linear(gaussian(distance, weight("o", 8, initial="range"), weight("g", 8, initial="spacing")), "f.0", 8)), "f.1", 6)
x = embedding(element, "e", 6)
s = sum_j(x[j] * w * cosine_cutoff(distance))
energy = sum_i(linear(silu(s), "r", 1))
)";

Graph tabulated(const Graph& program, const passes::Options& options, std::vector<passes::SplineReport>& report) {
  return passes::tabulate_radial(passes::remove_dead_code(passes::simplify(program)), options, report);
}

}  // namespace

TEST_CASE("a table is as near to its function as asked, on points between its knots, for every degree and tolerance") {
  const Graph program = test::graph_of_program(kPairwise);
  for (const int degree : {3, 5, 7}) {
    for (const double tolerance : {1e-4, 1e-6}) {
      passes::Options options;
      options.radial = passes::RadialForm::spline;
      options.spline_degree = degree;
      options.spline_tolerance = tolerance;
      std::vector<passes::SplineReport> report;
      const Graph found = tabulated(program, options, report);
      verify(found);
      REQUIRE(report.size() == 1);
      CHECK(report[0].channels == 6);
      CHECK(report[0].value_error <= tolerance);
      CHECK(report[0].value_error > 0);
      CHECK(report[0].derivative_error > report[0].value_error);
      CHECK(found.spline_grid.degree == degree);
      // An independent look at the energy of two atoms along their distance.
      for (double r = 0.4; r < 4.99; r += 0.173) {
        test::Molecule two;
        two.element = {1, 2};
        two.positions = {{0, 0, 0}, {r, 0, 0}};
        const Sample sample = test::sample_of(two);
        CHECK(std::abs(test::energy_of(found, sample) - test::energy_of(program, sample)) <= 100 * tolerance);
      }
    }
  }
}

TEST_CASE("a tighter tolerance takes more intervals, and the coarsest grid that fits is taken") {
  const Graph program = test::graph_of_program(kPairwise);
  int before = 0;
  for (const double tolerance : {1e-2, 1e-5, 1e-9}) {
    passes::Options options;
    options.radial = passes::RadialForm::spline;
    options.spline_tolerance = tolerance;
    std::vector<passes::SplineReport> report;
    const int intervals = tabulated(program, options, report).spline_grid.intervals;
    CHECK(intervals > before);
    before = intervals;
  }
}

TEST_CASE("forces are the exact derivative of the tabulated energy") {
  const Graph program = test::graph_of_program(kPairwise);
  passes::Options options;
  options.radial = passes::RadialForm::spline;
  options.spline_tolerance = 1e-3;  // so coarse that the derivative of the function itself would be noticed
  const passes::Result result = passes::run_pipeline(program, options);
  verify(result.graph);
  CHECK(test::count_of(print(result.graph), "= spline %") == 1);
  CHECK(test::count_of(print(result.graph), "= spline' %") == 1);
  CHECK(test::count_of(print(result.graph), "= exp") == 0);
  test::Random random(3);
  const test::Molecule molecule = test::random_molecule(random, 4, 3);
  const std::vector<test::Vector> forces = test::forces_of(result.graph, test::sample_of(molecule));
  CHECK(test::relative_difference(forces, test::numerical_forces(result.graph, molecule)) < 1e-7);
  CHECK(test::relative_difference(forces, test::numerical_forces(program, molecule)) > 1e-6);
}

TEST_CASE("a function without a value at zero distance is tabulated from a small distance on") {
  const Graph program = test::graph_of_program(R"(
w = linear(bessel(distance, 6), "f", 4) * polynomial_cutoff(distance, 6)
energy = sum_i(sum_channels(silu(sum_j(embedding(element, "e", 4)[j] * w))))
)");
  passes::Options options;
  options.radial = passes::RadialForm::spline;
  std::vector<passes::SplineReport> report;
  const Graph found = tabulated(program, options, report);
  CHECK(found.spline_grid.begin == doctest::Approx(0.1));
  CHECK(found.spline_grid.end == 5);
  CHECK(report.at(0).value_error <= 1e-6);
}

TEST_CASE("cheap functions stay inline unless tables are asked for, dear ones become tables by themselves") {
  const Graph cheap =
      test::graph_of_program("energy = sum_i(sum_channels(silu(sum_j(weight(\"a\", 4) * cosine_cutoff(distance)))))");
  const Graph dear = test::graph_of_program(R"(
w = linear(silu(linear(bessel(distance, 20), "f.0", 32)), "f.1", 4) * cosine_cutoff(distance)
energy = sum_i(sum_channels(silu(sum_j(w))))
)");
  const auto tables = [](const Graph& program, passes::RadialForm form) {
    passes::Options options;
    options.radial = form;
    std::vector<passes::SplineReport> report;
    tabulated(program, options, report);
    return report.size();
  };
  CHECK(tables(cheap, passes::RadialForm::automatic) == 0);
  CHECK(tables(cheap, passes::RadialForm::spline) == 1);
  CHECK(tables(dear, passes::RadialForm::automatic) == 1);
  CHECK(tables(dear, passes::RadialForm::inline_) == 0);
}

TEST_CASE("the cost of a function that doubles sixty times is found at once") {
  std::string program = "x = distance * weight(\"a\", 4) * 0.1\n";
  for (int k = 0; k < 60; ++k) program += "x = 0.1 * (x + tanh(x))\n";
  std::vector<passes::SplineReport> report;
  tabulated(test::graph_of_program(program + "energy = sum_i(sum_channels(sum_j(x)))\n"), {}, report);
  CHECK(report.size() <= 1);
}

TEST_CASE("a function that no table can follow is refused with the way out") {
  const Graph program = test::graph_of_program(
      "energy = sum_i(sum_channels(sum_j(embedding(element, \"e\", 2)[j] * (sin(1e4 * distance) * weight(\"a\", "
      "2)))))");
  passes::Options options;
  options.radial = passes::RadialForm::spline;
  std::vector<passes::SplineReport> report;
  try {
    tabulated(program, options, report);
    FAIL("accepted");
  } catch (const UserError& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.rfind("test.yaml:11:", 0) == 0);
    CHECK(message.find("meets the tolerance") != std::string::npos);
    CHECK(message.find("--radial inline") != std::string::npos);
  }
}
