// A few hundred random programs through the whole compiler front: nothing breaks, the gradient is right.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "codegen/elaborate/elaborate.h"
#include "codegen/passes/passes.h"
#include "programs.h"
#include "random_program.h"
#include "samples.h"

using namespace mlffgen;

namespace {

constexpr int kPrograms = 300;

// Minus the derivative of the energy when all atoms move along the given directions.
double numerical_slope(const ir::Graph& graph, const test::Molecule& molecule, const std::vector<test::Vector>& along) {
  return -test::derivative_at_zero([&](double step) {
    test::Molecule moved = molecule;
    for (std::size_t i = 0; i < along.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) moved.positions[i][c] += step * along[i][c];
    }
    return test::energy_of(graph, test::sample_of(moved));
  });
}

double slope_of(const std::vector<test::Vector>& forces, const std::vector<test::Vector>& along) {
  double slope = 0;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) slope += forces[i][c] * along[i][c];
  }
  return slope;
}

double magnitude(const std::vector<test::Vector>& vectors) {
  double sum = 0;
  for (const test::Vector& v : vectors) sum += v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
  return std::sqrt(sum);
}

void check_program(const std::string& program, std::uint64_t seed) {
  const ir::Graph graph = test::graph_of_program(program);
  ir::verify(graph);
  passes::Options options;
  options.radial = passes::RadialForm::inline_;
  const passes::Result result =
      passes::run_pipeline(graph, options, [](const std::string&, const ir::Graph& g) { ir::verify(g); });
  test::Random random(seed);
  const test::Molecule molecule = test::random_molecule(random, 3, 3, 2.0);
  const ir::Sample sample = test::sample_of(molecule);
  double energy = test::energy_of(result.graph, sample);
  for (const int element : sample.element) energy += result.element_energy[static_cast<std::size_t>(element)];
  CHECK(test::relative_difference(energy, test::energy_of(graph, sample)) < 1e-11);
  const std::vector<test::Vector> forces = test::forces_of(result.graph, sample);
  // Against the differentiated program that no pass has touched, and against differences.
  CHECK(test::relative_difference(forces, test::forces_of(passes::differentiate(graph), sample)) < 1e-10);
  std::vector<test::Vector> along(forces.size());
  for (test::Vector& v : along) v = {random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)};
  const double slope = slope_of(forces, along);
  CHECK(std::abs(slope - numerical_slope(graph, molecule, along)) <= 1e-6 * magnitude(forces));
  CHECK(magnitude(forces) > 1e-6);
  options.radial = passes::RadialForm::spline;
  const ir::Graph tabulated = passes::run_pipeline(graph, options).graph;
  ir::verify(tabulated);
  CHECK(std::abs(slope_of(test::forces_of(tabulated, sample), along) - numerical_slope(tabulated, molecule, along)) <=
        1e-6 * magnitude(forces));
}

}  // namespace

TEST_CASE("random programs compile, and their forces equal minus the energy gradient") {
  test::Random random(20240607);
  for (int k = 0; k < kPrograms; ++k) {
    const std::string program = test::random_program(random);
    CAPTURE(program);
    try {
      check_program(program, static_cast<std::uint64_t>(k));
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }
}

TEST_CASE("random programs use every function of the language") {
  test::Random random(20240607);
  std::string all;
  for (int k = 0; k < kPrograms; ++k) all += test::random_program(random);
  for (const std::string& name : elaborate::function_names()) {
    CAPTURE(name);
    CHECK(all.find(name + "(") != std::string::npos);
  }
}
