#include "runtime/host_model.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "runtime/bundle.h"
#include "tests/runtime/allocation_count.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

// Shared object of pair_model.c for the given macros.
std::string compile(const std::string& macros) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("mlffgen_host_test_{}.so", getpid());
  const auto command = fmt::format("cc -O1 -ffp-contract=off -shared -fPIC {} -o '{}' tests/runtime/pair_model.c",
                                   macros, path.string());
  REQUIRE(std::system(command.c_str()) == 0);
  const auto bytes = read_binary_file(path);
  std::filesystem::remove(path);
  return {bytes.begin(), bytes.end()};
}

constexpr const char* kPlan = R"({"schema": 2, "generator": "0.1.0", "name": "by-hand", "precision": "PRECISION",
  "units": {"length": "angstrom", "energy": "eV"}, "elements": [1, 6, 8], "cutoff": 4.0,
  "element_energy": [-0.5, -10.0, -20.0], "tile": 4, "constants": [{"name": "weights", "offset": 64, "bytes": BYTES}],
  "forms": [{"name": "fused", "buffers": [{"name": "density", "bytes_per_atom": REALBYTES, "slot": 0}], "slots": [REALBYTES],
  "kernels": [
    {"name": "phase_0", "arguments": ["n_atoms", "element", "pair_begin", "pair_neighbour", "pair_geometry", "weights",
                                      "density", "atom_energy", "tile_atoms"]},
    {"name": "phase_1", "arguments": ["n_atoms", "element", "pair_begin", "pair_neighbour", "pair_geometry", "weights",
                                      "density", "pair_gradient", "tile_atoms"]}],
  "energy_kernels": 1}], "host": [HOST], "report": {"anything": 1}})";

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

template <class Real>
Bundle make_bundle(const std::string& host, const std::string& macros = "") {
  const bool single = sizeof(Real) == 4;
  const std::array<Real, 5> weights = {4, Real(0.7), Real(0.3), Real(-0.5), Real(0.9)};
  std::string constants(64 + sizeof(weights), '\0');
  std::memcpy(constants.data() + 64, weights.data(), sizeof(weights));
  std::string plan = kPlan;
  replace_all(plan, "PRECISION", single ? "float" : "double");
  replace_all(plan, "REALBYTES", std::to_string(sizeof(Real)));
  replace_all(plan, "BYTES", std::to_string(sizeof(weights)));
  replace_all(plan, "HOST", host);
  const auto bytes =
      Bundle::serialise({{"plan", plan},
                         {"constants", constants},
                         {"host/any", compile(std::string(single ? "-DREAL=float " : "-DREAL=double ") + macros)},
                         {"host/broken", "this is no shared object"}});
  return Bundle::parse({bytes.begin(), bytes.end()}, "by-hand.mlff");
}

constexpr const char* kAnyHost = R"({"section": "host/any", "features": []})";

template <class Real = double>
HostModel make_model() {
  return HostModel(make_bundle<Real>(kAnyHost));
}

Structure random_structure(int n_atoms, double size, int periodicity, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, size);
  Structure structure;
  structure.cell = {{{size, 0, 0}, {0.2 * size, 0.9 * size, 0}, {-0.1 * size, 0.1 * size, 1.1 * size}}};
  for (std::size_t d = 0; d < 3; ++d) structure.periodic[d] = ((periodicity >> d) & 1) != 0;
  const std::array<int, 3> elements = {8, 1, 6};
  for (int i = 0; i < n_atoms; ++i) {
    structure.positions.push_back({uniform(random), uniform(random), uniform(random)});
    structure.atomic_numbers.push_back(elements[static_cast<std::size_t>(i) % 3]);
  }
  return structure;
}

double energy_of(HostModel& model, const Structure& structure) {
  return model.evaluate({&structure, 1}, {.forces = false})[0].energy;
}

bool same(const Result& a, const Result& b) {
  return a.energy == b.energy && a.atom_energies == b.atom_energies && a.forces == b.forces && a.virial == b.virial;
}

template <class Function>
std::string error_of(Function&& function) {
  try {
    function();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the energy of a pair is what the model's formula says") {
  auto model = make_model();
  Structure pair;
  pair.atomic_numbers = {1, 8};
  pair.positions = {{0, 0, 0}, {0, 2, 0}};
  const double f = std::pow(1 - 0.25, 3);
  const auto result = model.evaluate({&pair, 1})[0];
  const double expected = 0.7 * f + std::pow(0.3 * f, 2) + std::pow(0.9 * f, 2) - 20.5;
  CHECK(result.energy == doctest::Approx(expected).epsilon(1e-14));
  CHECK(result.atom_energies[0] + result.atom_energies[1] == doctest::Approx(expected).epsilon(1e-14));
  CHECK(model.host_section() == "host/any");
  CHECK(model.plan().elements == std::vector<int>{1, 6, 8});
}

TEST_CASE("force equals minus the energy's gradient for all periodicities") {
  auto model = make_model();
  for (int periodicity = 0; periodicity < 8; ++periodicity) {
    auto structure = random_structure(7, 5.0, periodicity, 3);
    const auto forces = model.evaluate({&structure, 1})[0].forces;
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t k = 0; k < 3; ++k) {
        constexpr double kStep = 1e-5;
        auto moved = structure;
        moved.positions[i][k] += kStep;
        const double up = energy_of(model, moved);
        moved.positions[i][k] -= 2 * kStep;
        const double down = energy_of(model, moved);
        CHECK(forces[i][k] == doctest::Approx(-(up - down) / (2 * kStep)).epsilon(1e-6).scale(1));
      }
    }
  }
}

TEST_CASE("virial equals minus the energy's derivative by a symmetric strain") {
  auto model = make_model();
  const auto structure = random_structure(7, 5.0, 7, 5);
  const auto virial = model.evaluate({&structure, 1})[0].virial;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      const auto strained = [&](double e) {
        auto copy = structure;
        const auto apply = [&](Vector3& r) {
          const auto old = r;
          r[a] += 0.5 * e * old[b];
          r[b] += 0.5 * e * old[a];
        };
        for (auto& r : copy.positions) apply(r);
        for (auto& row : copy.cell) apply(row);
        return energy_of(model, copy);
      };
      constexpr double kStep = 1e-6;
      CHECK(virial[3 * a + b] ==
            doctest::Approx(-(strained(kStep) - strained(-kStep)) / (2 * kStep)).epsilon(1e-6).scale(1));
      CHECK(virial[3 * a + b] == virial[3 * b + a]);
    }
  }
}

TEST_CASE("forces of an isolated system sum to zero") {
  auto model = make_model<float>();
  const auto structure = random_structure(60, 8.0, 0, 8);
  Vector3 sum{};
  double largest = 0;
  const auto forces = model.evaluate({&structure, 1})[0].forces;
  for (const auto& force : forces) {
    for (std::size_t k = 0; k < 3; ++k) {
      sum[k] += force[k];
      largest = std::max(largest, std::abs(force[k]));
    }
  }
  for (const double component : sum) CHECK(std::abs(component) <= 1e-12 * largest);
}

TEST_CASE("a batch gives what its structures give alone, whatever the threads and the calls before") {
  auto model = make_model<float>();
  std::vector<Structure> structures;
  for (unsigned k = 0; k < 30; ++k) {
    structures.push_back(random_structure(1 + static_cast<int>(k * 7 % 40), 6.0 + k % 5, static_cast<int>(k % 8), k));
  }
  std::vector<Result> alone;
  for (const auto& structure : structures) alone.push_back(model.evaluate({&structure, 1}, {.threads = 1})[0]);
  std::vector<Result> results;
  for (const int threads : {1, 2, 4, 0, 3}) {
    model.evaluate(structures, {.threads = threads}, results);
    REQUIRE(results.size() == alone.size());
    for (std::size_t s = 0; s < alone.size(); ++s) CHECK(same(results[s], alone[s]));
  }
  const auto large = random_structure(700, 14.0, 7, 99);
  const auto first = model.evaluate({&large, 1}, {.threads = 1})[0];
  for (int repeat = 0; repeat < 5; ++repeat) CHECK(same(first, model.evaluate({&large, 1}, {.threads = 4})[0]));
}

TEST_CASE("a call like an earlier one allocates nothing") {
  auto model = make_model<float>();
  std::vector<Structure> structures = {random_structure(700, 14.0, 7, 1), random_structure(9, 6.0, 3, 2),
                                       random_structure(30, 9.0, 0, 3)};
  std::vector<Result> results;
  model.evaluate(structures, {.threads = 1}, results);
  const long before = allocation_count();
  structures[0].positions[0][0] += 0.01;
  model.evaluate(structures, {.threads = 1}, results);
  CHECK(allocation_count() == before);
}

TEST_CASE("energy alone has the bits of energy with forces") {
  auto model = make_model<float>();
  const auto structure = random_structure(50, 7.0, 7, 4);
  const auto full = model.evaluate({&structure, 1})[0];
  const auto alone = model.evaluate({&structure, 1}, {.forces = false})[0];
  CHECK(alone.energy == full.energy);
  CHECK(alone.atom_energies == full.atom_energies);
  CHECK(alone.forces.empty());
  CHECK(std::isnan(alone.virial[0]));
}

TEST_CASE("single precision differs from double by rounding only") {
  auto single = make_model<float>();
  auto both = make_model<double>();
  const auto structure = random_structure(80, 9.0, 7, 6);
  const auto a = single.evaluate({&structure, 1})[0], b = both.evaluate({&structure, 1})[0];
  CHECK(a.energy != b.energy);
  CHECK(a.energy == doctest::Approx(b.energy).epsilon(1e-6));
  for (std::size_t k = 0; k < 9; ++k) CHECK(a.virial[k] == doctest::Approx(b.virial[k]).epsilon(1e-4).scale(1));
}

TEST_CASE("an isolated atom has its element's energy and no force") {
  auto model = make_model();
  const auto structure = random_structure(1, 100.0, 7, 1);
  const auto result = model.evaluate({&structure, 1})[0];
  CHECK(result.energy == -20.0);
  CHECK(result.forces == std::vector<Vector3>{{0, 0, 0}});
  CHECK(model.evaluate({}).empty());
}

TEST_CASE("structures that the model cannot take are refused with the atom at fault") {
  auto model = make_model();
  std::vector<Structure> structures(2, random_structure(5, 6.0, 0, 2));
  structures[1].atomic_numbers[3] = 54;
  CHECK(
      contains(error_of([&] { model.evaluate(structures); }),
               "system 1 (counting from 0): atom 3 (counting from 0): the model 'by-hand' does not know element Xe; it "
               "knows H, C, O"));
  structures[1].atomic_numbers[3] = -7;
  CHECK(contains(error_of([&] { model.evaluate(structures); }), "element number -7"));
  structures[1] = {};
  CHECK(contains(error_of([&] { model.evaluate(structures); }), "system 1 (counting from 0): a structure must have"));
  CHECK(contains(error_of([&] { model.evaluate({structures.data(), 1}, {.threads = -1}); }), "number of threads"));
  CHECK(model.evaluate({structures.data(), 1}).size() == 1);
}

TEST_CASE("what no kernel wrote shows as an error that names the atom") {
  HostModel model(make_bundle<double>(kAnyHost, "-DLEAVE_OUT=3"));
  const auto structure = random_structure(5, 3.0, 0, 2);
  CHECK(contains(error_of([&] { model.evaluate({&structure, 1}); }),
                 "atom 3 (counting from 0): the model 'by-hand' gives"));
}

TEST_CASE("a profile has every phase once, in order, and its times add up to the call's") {
  HostModel model = make_model();
  const std::vector<Structure> structures = {random_structure(40, 7, 7, 1), random_structure(9, 4, 0, 2)};
  const auto expected = model.evaluate(structures);
  for (const int threads : {1, 2}) {
    for (const bool forces : {true, false}) {
      const Profile profile = model.profile(structures, {forces, threads}, {.repeats = 1, .warm_up = 2});
      std::vector<std::string> names;
      for (const auto& step : profile.steps) {
        names.push_back(step.part + ": " + step.name);
        CHECK(step.time.median > 0);
      }
      std::vector<std::string> right = {"list: neighbour list", "list: pair geometry", "model: phase_0"};
      if (forces) right.insert(right.end(), {"model: phase_1", "reductions: forces and virials"});
      right.push_back("results: results");
      CHECK(names == right);
      CHECK(profile.sum_of_steps() == doctest::Approx(profile.all_steps.median).epsilon(1e-6));
      CHECK(profile.call.median > 0);
      CHECK_FALSE(profile.graph);
      CHECK(profile.n_systems == 2);
      CHECK(profile.n_atoms == 49);
      CHECK(profile.n_pairs == model.pairs());
    }
  }
  CHECK(model.evaluate(structures)[0].energy == expected[0].energy);
  CHECK_THROWS_WITH_AS(model.profile({}), "a profile needs at least one structure", UserError);
  CHECK_THROWS_AS(model.profile(structures, {}, {.repeats = 0}), UserError);
  Structure broken = structures[0];
  broken.atomic_numbers[3] = 92;
  CHECK_THROWS_AS(model.profile({&broken, 1}), StructureError);
}

TEST_CASE("the first host object that this processor can run is taken") {
  const std::string needy = R"({"section": "host/broken", "features": ["sse2", "no-such-feature"]})";
  HostModel model(make_bundle<double>(needy + ", " + kAnyHost));
  CHECK(model.host_section() == "host/any");
  const auto refused = error_of([&] { HostModel(make_bundle<double>(needy)); });
  CHECK(contains(refused, "host/broken needs no-such-feature)"));
  CHECK(contains(refused, "mlffgen compile --target host"));
  CHECK(contains(error_of([&] { HostModel(make_bundle<double>("")); }), "no code for processors"));
  CHECK(contains(error_of([&] { HostModel(make_bundle<double>(R"({"section": "host/broken", "features": []})")); }),
                 "cannot load the host code"));
  CHECK(contains(error_of([&] { HostModel(make_bundle<double>(R"({"section": "host/other", "features": []})")); }),
                 "no section 'host/other'"));
  CHECK(contains(error_of([&] { HostModel(make_bundle<double>(kAnyHost, "-Dmlff_host_phase_1=other")); }),
                 "lacks the function mlff_host_phase_1"));
}

TEST_CASE("models loaded one after the other run their own code") {
  const auto structure = random_structure(5, 3.0, 0, 2);
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto good = make_model();
    HostModel bad(make_bundle<double>(kAnyHost, "-DLEAVE_OUT=1"));
    CHECK(contains(error_of([&] { bad.evaluate({&structure, 1}); }), "atom 1"));
    bad = make_model();
    CHECK(error_of([&] { bad.evaluate({&structure, 1}); }).empty());
  }
}
