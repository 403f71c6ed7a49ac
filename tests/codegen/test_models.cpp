// The architectures that ship, untrained: gradient and symmetries through the whole pipeline.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "codegen/passes/passes.h"
#include "dsl/spec.h"
#include "programs.h"
#include "samples.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

const std::map<std::string, std::string>& small_parameters() {
  static const std::map<std::string, std::string> parameters = {
      {"painn-schnetpack", "features: 6, layers: 3, gaussians: 7, readout: 5"},
      {"painn-student", "features: 6, layers: 3, gaussians: 7, readout: 5, readout_last: 4"},
      {"painn-bessel", "features: 6, layers: 3, bessels: 5, exponent: 6, readout: 5"},
      {"schnet", "features: 6, filters: 5, layers: 3, gaussians: 7, readout: 5"},
  };
  return parameters;
}

passes::Options with(passes::RadialForm form) {
  passes::Options options;
  options.radial = form;
  return options;
}

double total_energy(const passes::Result& result, const Sample& sample) {
  double energy = test::energy_of(result.graph, sample);
  for (const int element : sample.element) energy += result.element_energy[static_cast<std::size_t>(element)];
  return energy;
}

}  // namespace

TEST_CASE("every architecture that ships is tested here") {
  for (const std::string& name : dsl::builtin_architectures()) {
    CAPTURE(name);
    CHECK(small_parameters().contains(name));
  }
}

TEST_CASE("forces equal minus the energy gradient in every architecture, inline and tabulated") {
  for (const auto& [name, parameters] : small_parameters()) {
    const Graph program = test::graph_of_architecture(name, parameters);
    for (const auto form : {passes::RadialForm::inline_, passes::RadialForm::spline}) {
      const passes::Result result =
          passes::run_pipeline(program, with(form), [](const std::string&, const Graph& graph) { verify(graph); });
      CHECK(result.splines.empty() == (form == passes::RadialForm::inline_));
      test::Random random(11);
      const test::Molecule molecule = test::random_molecule(random, 4, 3);
      const Sample sample = test::sample_of(molecule, 5);
      CAPTURE(name);
      const double tolerance = form == passes::RadialForm::spline ? 1e-4 : 1e-12;
      CHECK(test::relative_difference(total_energy(result, sample), test::energy_of(program, sample)) < tolerance);
      const std::vector<test::Vector> forces = test::forces_of(result.graph, sample);
      CHECK(test::relative_difference(forces, test::numerical_forces(result.graph, molecule, 5)) < 1e-7);
    }
  }
}

TEST_CASE("the forces on an isolated system sum to zero") {
  for (const auto& [name, parameters] : small_parameters()) {
    const passes::Result result = passes::run_pipeline(test::graph_of_architecture(name, parameters), {});
    test::Random random(12);
    const std::vector<test::Vector> forces =
        test::forces_of(result.graph, test::sample_of(test::random_molecule(random, 5, 3), 5));
    test::Vector sum = {}, largest = {};
    for (const test::Vector& f : forces) {
      for (std::size_t c = 0; c < 3; ++c) {
        sum[c] += f[c];
        largest[c] = std::max(largest[c], std::abs(f[c]));
      }
    }
    CAPTURE(name);
    for (std::size_t c = 0; c < 3; ++c) CHECK(std::abs(sum[c]) <= 1e-13 * largest[c] + 1e-15);
  }
}

TEST_CASE("energies do not change when the molecule is rotated, inverted or its atoms are reordered") {
  for (const auto& [name, parameters] : small_parameters()) {
    const Graph program = test::graph_of_architecture(name, parameters);
    test::Random random(13);
    const test::Molecule molecule = test::random_molecule(random, 5, 3);
    const double energy = test::energy_of(program, test::sample_of(molecule, 5));
    const auto change = [&](const test::Molecule& other) {
      return test::relative_difference(energy, test::energy_of(program, test::sample_of(other, 5)));
    };
    CAPTURE(name);
    CHECK(change(test::reordered(molecule)) < 1e-13);
    CHECK(change(test::inverted(molecule)) < 1e-13);
    // Its 3x3 matrices on Cartesian components are what breaks the symmetry.
    if (name == "painn-student") CHECK(change(test::rotated(molecule, 1.0)) > 1e-9);
    if (name != "painn-student") CHECK(change(test::rotated(molecule, 1.0)) < 1e-13);
  }
}

TEST_CASE("energies of models with a cutoff function are smooth where a neighbour crosses the cutoff") {
  for (const std::string name : {"painn-schnetpack", "painn-bessel", "schnet"}) {
    const Graph program = test::graph_of_architecture(name, small_parameters().at(name));
    const auto energy_at = [&](double distance) {
      test::Molecule two;
      two.element = {0, 1};
      two.positions = {{0, 0, 0}, {distance, 0, 0}};
      return test::energy_of(program, test::sample_of(two, 5));
    };
    CAPTURE(name);
    CHECK(std::abs(energy_at(5 - 1e-7) - energy_at(5 + 1e-7)) < 1e-11);
  }
}
