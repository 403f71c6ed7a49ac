// Emitted host code against the interpreter of the graph it was emitted from.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "compiled_model.h"
#include "dsl/spec.h"
#include "models.h"

using namespace mlffgen;
using passes::RadialForm;

namespace {

struct Case {
  const char* architecture;
  int features, layers;
  RadialForm form;
};

// Each architecture with odd and even widths, below, at and beyond a vector, one to three layers, both radial forms.
const std::vector<Case> kCases = {
    {"painn-schnetpack", 7, 3, RadialForm::inline_}, {"painn-schnetpack", 16, 1, RadialForm::spline},
    {"painn-schnetpack", 33, 2, RadialForm::spline}, {"painn-schnetpack", 128, 2, RadialForm::inline_},
    {"painn-student", 7, 1, RadialForm::spline},     {"painn-student", 16, 2, RadialForm::inline_},
    {"painn-student", 33, 2, RadialForm::inline_},   {"painn-student", 128, 3, RadialForm::spline},
    {"painn-bessel", 7, 2, RadialForm::spline},      {"painn-bessel", 16, 3, RadialForm::inline_},
    {"painn-bessel", 33, 1, RadialForm::inline_},    {"painn-bessel", 128, 1, RadialForm::spline},
    {"schnet", 7, 2, RadialForm::inline_},           {"schnet", 16, 3, RadialForm::spline},
    {"schnet", 33, 3, RadialForm::inline_},          {"schnet", 128, 1, RadialForm::inline_},
};

std::string describe(const Case& c) {
  return std::string(c.architecture) + ", features " + std::to_string(c.features) + ", layers " +
         std::to_string(c.layers) + ", " + test::name_of(c.form);
}

double rms_force(const std::vector<runtime::Result>& results) {
  double sum = 0;
  std::size_t numbers = 0;
  for (const runtime::Result& result : results) {
    for (const auto& force : result.forces) {
      for (const double f : force) sum += f * f, ++numbers;
    }
  }
  return std::sqrt(sum / static_cast<double>(numbers));
}

double rms_difference(const std::vector<runtime::Result>& a, std::vector<runtime::Result> b) {
  for (std::size_t s = 0; s < a.size(); ++s) {
    for (std::size_t i = 0; i < a[s].forces.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) b[s].forces[i][c] -= a[s].forces[i][c];
    }
  }
  return rms_force(b);
}

}  // namespace

TEST_CASE("the cases of this file cover every architecture, width, depth and radial form") {
  std::set<std::string> architectures;
  std::set<int> features, layers;
  std::map<std::string, std::set<RadialForm>> forms;
  for (const Case& c : kCases) {
    architectures.insert(c.architecture), features.insert(c.features), layers.insert(c.layers);
    forms[c.architecture].insert(c.form);
  }
  const std::vector<std::string> shipped = dsl::builtin_architectures();
  CHECK(architectures == std::set<std::string>(shipped.begin(), shipped.end()));
  CHECK(features == std::set<int>{7, 16, 33, 128});
  CHECK(layers == std::set<int>{1, 2, 3});
  for (const auto& [name, both] : forms) CHECK(both.size() == 2);
}

TEST_CASE("double host code gives the interpreter's energies and forces, molecules and boxes, in one batch") {
  for (const Case& c : kCases) {
    const std::string what = describe(c);
    CAPTURE(what);
    test::CompiledModel model(test::small_spec(c.architecture, c.features, c.layers), true, c.form);
    const std::vector<runtime::Structure> structures =
        test::varied_structures(static_cast<std::uint64_t>(c.features + c.layers));
    const std::vector<runtime::Result> results = model.host().evaluate(structures);
    std::vector<runtime::Result> exact;
    for (const runtime::Structure& structure : structures) exact.push_back(test::interpreted(model.front(), structure));
    const test::Difference difference = test::difference(results, exact);
    CHECK(difference.energy <= 1e-11);
    CHECK(difference.force <= 1e-11);
    CHECK(rms_force(exact) > 1e-3);
  }
}

TEST_CASE("every form of the code gives the interpreter's energies and forces") {
  for (const emit::Fusion fusion : emit::all_fusions()) {
    for (const Case& c : kCases) {
      if (fusion == emit::Fusion::phases || c.features > 16) continue;
      const std::string what = describe(c) + ", " + emit::name(fusion);
      CAPTURE(what);
      test::CompiledModel model(test::small_spec(c.architecture, c.features, c.layers), true, c.form,
                                emit::name(fusion));
      CHECK(model.front().schedule.phases.size() > emit::make_schedule(model.front().passes.graph).phases.size());
      const std::vector<runtime::Structure> structures = test::varied_structures(29);
      const std::vector<runtime::Result> results = model.host().evaluate(structures);
      std::vector<runtime::Result> exact;
      for (const runtime::Structure& s : structures) exact.push_back(test::interpreted(model.front(), s));
      CHECK(test::difference(results, exact).energy <= 1e-11);
      CHECK(test::difference(results, exact).force <= 1e-11);
      const std::vector<runtime::Result> energies = model.host().evaluate(structures, {.forces = false});
      for (std::size_t s = 0; s < structures.size(); ++s) CHECK(energies[s].energy == results[s].energy);
    }
  }
}

TEST_CASE("float host code is within 2e-5 of the RMS force of the double one") {
  for (const Case& c : kCases) {
    if (c.features != 33) continue;
    const std::string what = describe(c);
    CAPTURE(what);
    const std::string spec = test::small_spec(c.architecture, c.features, c.layers);
    test::CompiledModel single(spec, false, c.form);
    const std::vector<runtime::Structure> structures = test::varied_structures(17);
    const std::vector<runtime::Result> results = single.host().evaluate(structures);
    // The interpreter stands for the double build: the case above holds them together.
    std::vector<runtime::Result> exact;
    for (const runtime::Structure& structure : structures)
      exact.push_back(test::interpreted(single.front(), structure));
    CHECK(rms_difference(results, exact) <= 2e-5 * rms_force(exact));
    CHECK(test::difference(results, exact).energy <= 2e-5);
  }
}

TEST_CASE("results have the same bits for energies alone, any number of threads, and alone or in a batch") {
  for (const std::string name : {"painn-schnetpack", "schnet"}) {
    CAPTURE(name);
    test::CompiledModel model(test::small_spec(name, 16, 2), false, RadialForm::inline_);
    const std::vector<runtime::Structure> structures = test::varied_structures(23);
    const std::vector<runtime::Result> batch = model.host().evaluate(structures, {.forces = true, .threads = 2});
    const std::vector<runtime::Result> energies = model.host().evaluate(structures, {.forces = false, .threads = 1});
    for (std::size_t s = 0; s < structures.size(); ++s) {
      const runtime::Result alone = model.host().evaluate({&structures[s], 1}, {.forces = true, .threads = 1})[0];
      CHECK(batch[s].energy == energies[s].energy);
      CHECK(batch[s].energy == alone.energy);
      CHECK(batch[s].forces == alone.forces);
    }
  }
}
