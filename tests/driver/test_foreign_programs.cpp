// Architectures that nobody had in mind when the compiler was written: attention over neighbours (sums that need the
// results of sums), networks on pairs, values of pairs mixed, powers and logarithms, tables of elements multiplied.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "tests/codegen_emit/compiled_model.h"

namespace mlffgen::test {
namespace {

const std::vector<std::string> kSpecs = {"tests/specs/attention.yaml", "tests/specs/odd.yaml"};

double largest(const std::vector<runtime::Vector3>& forces) {
  double result = 0;
  for (const auto& force : forces) {
    for (const double f : force) result = std::max(result, std::abs(f));
  }
  return result;
}

// The largest difference of a force from the central difference of the energy, over the largest force.
double error_of_forces(runtime::HostModel& model, const runtime::Structure& structure) {
  constexpr double kStep = 1e-4;
  const std::vector<runtime::Vector3> forces = model.evaluate({&structure, 1})[0].forces;
  double worst = 0;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      const auto energy_at = [&](double step) {
        runtime::Structure moved = structure;
        moved.positions[i][k] += step;
        return model.evaluate({&moved, 1}, {.forces = false})[0].energy;
      };
      // Two steps, so that the difference's own error is of fourth order.
      const double near = (energy_at(kStep) - energy_at(-kStep)) / (2 * kStep);
      const double far = (energy_at(2 * kStep) - energy_at(-2 * kStep)) / (4 * kStep);
      worst = std::max(worst, std::abs(-(4 * near - far) / 3 - forces[i][k]));
    }
  }
  return worst / std::max(largest(forces), 1e-3);
}

}  // namespace

TEST_CASE("programs of unusual shapes give the interpreter's energies and forces, inline and from tables") {
  for (const std::string& path : kSpecs) {
    for (const auto form : {passes::RadialForm::inline_, passes::RadialForm::spline}) {
      CAPTURE(path);
      CompiledModel model(read_text_file(path, 100000), true, form);
      const std::vector<runtime::Structure> structures = varied_structures(5);
      std::vector<runtime::Result> expected;
      for (const runtime::Structure& s : structures) expected.push_back(interpreted(model.front(), s));
      const Difference found = difference(model.host().evaluate(structures), expected);
      CHECK(found.energy < 1e-11);
      CHECK(found.force < 1e-10);
    }
  }
}

TEST_CASE("forces of programs of unusual shapes are the energy's negative gradient") {
  for (const std::string& path : kSpecs) {
    CAPTURE(path);
    CompiledModel model(read_text_file(path, 100000), true, passes::RadialForm::automatic);
    for (const runtime::Structure& s : varied_structures(6)) {
      if (s.positions.size() < 20) CHECK(error_of_forces(model.host(), s) < 1e-6);
    }
  }
}

}  // namespace mlffgen::test
