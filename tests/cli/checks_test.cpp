#include "cli/checks/checks.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "cli/checks/calm.h"
#include "cli/checks/samples.h"
#include "runtime/bundle.h"
#include "runtime/host_model.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;

constexpr const char* kPlan = R"({"schema": 2, "generator": "0.1.0", "name": "by-hand", "precision": "double",
  "units": {"length": "angstrom", "energy": "eV"}, "elements": [1, 6, 8], "cutoff": 4.0, "element_energy": [-1, -10, -20],
  "tile": 4, "constants": [], "forms": [{"name": "fused", "buffers": [], "slots": [], "energy_kernels": 1,
  "kernels": [{"name": "phase_0", "arguments": ["n_atoms", "tile_atoms", "pair_begin", "pair_geometry", "pair_gradient",
                                                "atom_energy"]}]}],
  "host": [{"section": "host/any", "features": []}]})";

runtime::HostModel model_with(const std::string& fault) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("mlffgen_checks_test_{}.so", getpid());
  const std::string command =
      fmt::format("cc -O1 -ffp-contract=off -shared -fPIC {} -o '{}' tests/cli/faulty_model.c", fault, path.string());
  REQUIRE(std::system(command.c_str()) == 0);
  const auto code = read_binary_file(path);
  std::filesystem::remove(path);
  const std::string bytes =
      runtime::Bundle::serialise({{"plan", kPlan}, {"host/any", std::string(code.begin(), code.end())}});
  return runtime::HostModel(runtime::Bundle::parse({bytes.begin(), bytes.end()}, "by-hand.mlff"));
}

// The checks that fail, "rotation energy".
std::set<std::string> failures(const std::string& fault) {
  runtime::HostModel model = model_with(fault);
  CheckContext context = make_context(model, calm_samples(model, 1), 1, 1, false);
  context.progress = [](const std::string&) {};
  std::vector<CheckRow> rows;
  check_derivatives(context, rows);
  check_symmetries(context, rows);
  check_periodicity(context, rows);
  check_consistency(context, rows);
  std::set<std::string> failed;
  for (const CheckRow& row : rows) {
    CHECK(row.status != CheckRow::Status::skipped);
    if (row.status == CheckRow::Status::fail) failed.insert(row.name + " " + row.quantity);
  }
  return failed;
}

TEST_CASE("a model that obeys physics passes every check") { CHECK(failures("").empty()); }

TEST_CASE("a gradient that is wrong by a hundred thousandth fails the finite differences and nothing else") {
  CHECK(failures("-DSLOPE=1.00001") == std::set<std::string>{"finite displacements forces", "finite strains virial"});
}

TEST_CASE("an energy that depends on a direction in space fails under rotation") {
  const auto failed = failures("-DBY_X=1e-3");
  CHECK(failed.contains("rotation energy"));
  CHECK(failed.contains("finite displacements forces"));
  CHECK_FALSE(failed.contains("inversion energy"));
}

TEST_CASE("an energy that depends on the place in a batch fails there, and has no derivative") {
  const auto failed = failures("-DBY_INDEX=1e-6");
  CHECK(failed.contains("one batch of all all"));
  CHECK(failed.contains("beyond the cutoff energy"));
  CHECK(failed.contains("finite displacements forces"));
  CHECK_FALSE(failed.contains("rotation energy"));
}

TEST_CASE("an energy that depends on how the work is shared fails the comparison of bits") {
  const auto failed = failures("-DBY_TILE=1e-9");
  CHECK(failed.contains("1, 2, 3 and 7 threads all"));
  CHECK(failed.contains("one batch of all all"));
}

TEST_CASE("generated structures have no atoms on top of each other, hold every element, and repeat") {
  runtime::HostModel model = model_with("");
  const auto samples = calm_samples(model, 3), again = calm_samples(model, 3);
  REQUIRE(samples.size() == again.size());
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const auto& structure = samples[s].structure;
    CHECK(structure.positions == again[s].structure.positions);
    CHECK(std::set<int>(structure.atomic_numbers.begin(), structure.atomic_numbers.end()).size() == 3);
    for (std::size_t i = 0; i < structure.positions.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        double square = 0;
        for (std::size_t d = 0; d < 3; ++d)
          square += std::pow(structure.positions[i][d] - structure.positions[j][d], 2);
        CHECK(square > 0.36);
      }
    }
  }
  CHECK(samples[0].structure.positions != calm_samples(model, 4)[0].structure.positions);
}

double rms_force(runtime::HostModel& model, const runtime::Structure& structure) {
  const runtime::Result result = model.evaluate({&structure, 1}).front();
  double squares = 0;
  for (const auto& force : result.forces) {
    for (const double x : force) squares += x * x;
  }
  return std::sqrt(squares / (3 * static_cast<double>(result.forces.size())));
}

TEST_CASE("made-up structures are as calm as simulations, however stiff the model is") {
  runtime::HostModel stiff = model_with("-DSTRENGTH=300");
  Random random(1);
  const std::vector<int> numbers = {1, 6, 8, 1, 6, 8, 1, 6};
  runtime::Structure structure = random_cluster(numbers, 1, random);
  REQUIRE(rms_force(stiff, structure) > kAbsurd);
  const double force = relax(stiff, structure);
  CHECK(force <= kLively);
  CHECK(force == doctest::Approx(rms_force(stiff, structure)));
  const auto samples = calm_samples(stiff, 1);
  REQUIRE(samples.size() == 4);
  for (const Sample& sample : samples) CHECK(rms_force(stiff, sample.structure) <= kAbsurd);
  CHECK(calm_box(stiff, numbers, random).force <= kAbsurd);
  const std::vector<int> many(35, 6);
  CHECK(calm_cluster(stiff, many, random).structure.positions.size() == 35);
}

TEST_CASE("atoms that fall into one another are not calm") {
  runtime::HostModel attractive = model_with("-DSTRENGTH=-300");
  Random random(1);
  runtime::Structure structure = random_cluster(std::vector<int>{1, 6, 8, 1, 6, 8}, 1, random);
  CHECK(std::isinf(relax(attractive, structure)));
  CHECK(std::isinf(calm_cluster(attractive, std::vector<int>(4, 6), random).force));
}

}  // namespace
