// mlffgen.hpp, built as C++17 and as C++20. The model's path is in the environment.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <mlffgen.hpp>
#include <string>
#include <type_traits>

namespace {

const std::vector<std::int32_t> kNumbers = {8, 1, 1};
const std::vector<double> kPositions = {0, 0, 0.1193, 0, 0.7632, -0.477, 0, -0.7732, -0.477};

std::string model_path() {
  const char* path = std::getenv("MLFFGEN_TEST_MODEL");
  REQUIRE(path != nullptr);
  return path;
}

// The error that f throws.
template <class Function>
mlffgen::Error error_of(Function&& f) {
  try {
    f();
  } catch (const mlffgen::Error& error) {
    return error;
  }
  FAIL("no error");
  return {MLFFGEN_OK, ""};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("results are those of the C interface") {
  mlffgen::Model model(model_path());
  const mlffgen::Results results = model.evaluate({kPositions, kNumbers});
  std::array<double, 9> forces{}, virial{};
  std::array<double, 3> atom_energies{};
  double energy = 0;
  mlffgen_systems systems{};
  systems.struct_size = sizeof systems;
  systems.n_systems = 1;
  systems.n_atoms = 3;
  systems.positions = kPositions.data();
  systems.atomic_numbers = kNumbers.data();
  mlffgen_results out{};
  out.struct_size = sizeof out;
  out.energies = &energy;
  out.atom_energies = atom_energies.data();
  out.forces = forces.data();
  out.virials = virial.data();
  REQUIRE(mlffgen_evaluate(model.handle(), &systems, &out) == MLFFGEN_OK);
  CHECK(results.energies == std::vector<double>{energy});
  CHECK(results.atom_energies == std::vector<double>(atom_energies.begin(), atom_energies.end()));
  CHECK(results.forces == std::vector<double>(forces.begin(), forces.end()));
  CHECK(results.virials == std::vector<double>(virial.begin(), virial.end()));

  const mlffgen::Results alone = model.evaluate({kPositions, kNumbers}, false);
  CHECK(alone.energies == results.energies);
  CHECK(alone.forces.empty());
  CHECK(alone.virials.empty());
}

TEST_CASE("results go into arrays of the caller, and only into those that are given") {
  mlffgen::Model model(model_path());
  const mlffgen::Results results = model.evaluate({kPositions, kNumbers});
  double forces[9];
  model.evaluate({kPositions, kNumbers}, mlffgen::Outputs{{}, {}, forces, {}});
  CHECK(std::vector<double>(forces, forces + 9) == results.forces);
  std::array<double, 1> energy{};
  model.evaluate({kPositions, kNumbers}, mlffgen::Outputs{energy, {}, {}, {}});
  CHECK(energy[0] == results.energies[0]);
  std::array<double, 8> small{};
  const auto error = error_of([&] { model.evaluate({kPositions, kNumbers}, mlffgen::Outputs{{}, {}, small, {}}); });
  CHECK(error.status() == MLFFGEN_INVALID_ARGUMENT);
  CHECK(contains(error.what(), "forces has 8 elements, not the 9"));
}

TEST_CASE("results given a second time keep their memory") {
  mlffgen::Model model(model_path());
  mlffgen::Results results = model.evaluate({kPositions, kNumbers});
  const std::vector<double> forces = results.forces;
  const double* const memory = results.forces.data();
  results.forces[0] = 5;
  model.evaluate({kPositions, kNumbers}, results);
  CHECK(results.forces == forces);
  CHECK(results.forces.data() == memory);
}

TEST_CASE("batches carry cells and periodic directions") {
  mlffgen::Model model(model_path());
  std::vector<double> positions = kPositions, cells(18, 0.0);
  std::vector<std::int32_t> numbers = kNumbers;
  positions.insert(positions.end(), kPositions.begin(), kPositions.end());
  numbers.insert(numbers.end(), kNumbers.begin(), kNumbers.end());
  cells[9] = cells[13] = cells[17] = 4;
  const std::array<std::int32_t, 3> begin = {0, 3, 6};
  const std::array<std::int32_t, 2> periodic = {0, MLFFGEN_PERIODIC_ALL};
  const mlffgen::Results both = model.evaluate({positions, numbers, begin, cells, periodic});
  const mlffgen::Results molecule = model.evaluate({kPositions, kNumbers});
  REQUIRE(both.energies.size() == 2);
  CHECK(both.energies[0] == doctest::Approx(molecule.energies[0]).epsilon(1e-6));
  CHECK(both.energies[1] != doctest::Approx(molecule.energies[0]).epsilon(1e-6));
  CHECK(both.forces.size() == 18);
  CHECK(both.virials.size() == 18);
}

TEST_CASE("arrays that do not fit together are refused before the call") {
  mlffgen::Model model(model_path());
  const std::vector<double> short_positions(8), short_cell(8);
  const std::vector<std::int32_t> one = {7}, two = {7, 7};
  for (const mlffgen::Systems& systems :
       {mlffgen::Systems{short_positions, kNumbers}, mlffgen::Systems{kPositions, kNumbers, {}, short_cell, one},
        mlffgen::Systems{kPositions, kNumbers, {}, kPositions, two}}) {
    CHECK(error_of([&] { model.evaluate(systems); }).status() == MLFFGEN_INVALID_ARGUMENT);
  }
  CHECK(model.evaluate({kPositions, kNumbers}).energies.size() == 1);
}

TEST_CASE("errors carry status, message and place, and the model works after them") {
  mlffgen::Model model(model_path());
  const mlffgen::Results before = model.evaluate({kPositions, kNumbers});
  const std::vector<std::int32_t> gold = {8, 79, 1};
  const auto error = error_of([&] { model.evaluate({kPositions, gold}); });
  CHECK(error.status() == MLFFGEN_BAD_INPUT);
  CHECK(error.system() == 0);
  CHECK(error.atom() == 1);
  CHECK(contains(error.what(), "Au"));
  CHECK(model.evaluate({kPositions, kNumbers}).energies == before.energies);
  CHECK(error_of([] { mlffgen::Model("absent.mlff"); }).status() == MLFFGEN_BAD_FILE);
  CHECK(error_of([&] { model.evaluate_on_device({}, {}); }).status() == MLFFGEN_INVALID_ARGUMENT);
}

TEST_CASE("options reach the library") {
  mlffgen::Options options;
  options.precision = MLFFGEN_DOUBLE_PRECISION;
  CHECK(error_of([&] { mlffgen::Model(model_path(), options); }).status() == MLFFGEN_UNSUPPORTED);
  options = {};
  options.threads = -1;
  CHECK(contains(error_of([&] { mlffgen::Model(model_path(), options); }).what(), "threads"));
  options = {};
  options.skin = -1;
  CHECK(contains(error_of([&] { mlffgen::Model(model_path(), options); }).what(), "skin"));
  options = {};
  options.device = "tpu";
  CHECK(contains(error_of([&] { mlffgen::Model(model_path(), options); }).what(), "tpu"));
}

TEST_CASE("facts of the model are values of their own") {
  mlffgen::Info info;
  {
    mlffgen::Model model(model_path());
    info = model.info();
    CHECK(model.memory().per_atom > 0);
    CHECK(model.statistics().calls == 0);
    CHECK(model.check());
    model.reserve(10, 1);
  }
  CHECK(info.name == "painn-untrained");
  CHECK(contains(info.device, "host"));
  CHECK(info.cutoff == 5);
  CHECK(info.elements == std::vector<std::int32_t>{1, 6, 8});
  CHECK(info.element_energies.size() == 3);
  CHECK(info.precision == MLFFGEN_SINGLE_PRECISION);
  CHECK(info.cuda_device == -1);
  CHECK(contains(mlffgen::version(), "."));
}

TEST_CASE("a profile has the phases of the model once, with times") {
  mlffgen::Model model(model_path());
  const mlffgen::Profile profile = model.profile({kPositions, kNumbers}, true, 3, 1);
  CHECK(profile.call.median > 0);
  CHECK(profile.n_pairs == 6);
  CHECK(profile.graph.median == 0);
  int phases = 0;
  for (const mlffgen::Step& step : profile.steps) {
    CHECK(step.time.median > 0);
    CHECK(step.time.p5 <= step.time.p95);
    if (step.part == "model") CHECK(step.name == "phase_" + std::to_string(phases++));
  }
  CHECK(phases >= 4);
  CHECK(model.profile({kPositions, kNumbers}, false, 3, 1).steps.size() < profile.steps.size());
  CHECK(error_of([&] { model.profile({kPositions, kNumbers}, true, -1); }).status() == MLFFGEN_INVALID_ARGUMENT);
}

TEST_CASE("a model moves and does not copy") {
  static_assert(std::is_nothrow_move_constructible_v<mlffgen::Model>);
  static_assert(!std::is_copy_constructible_v<mlffgen::Model>);
  mlffgen::Model model(model_path());
  const auto before = model.evaluate({kPositions, kNumbers}).energies;
  mlffgen::Model moved = std::move(model);
  CHECK(moved.evaluate({kPositions, kNumbers}).energies == before);
}

}  // namespace
