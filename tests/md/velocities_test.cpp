// First velocities, drawn and from files.
#include "runtime/md/velocities.h"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

const Units kUnits = Units::of("angstrom", "eV");

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

struct Motion {
  double kinetic = 0, size = 0;
  Vector3 momentum{}, angular{};
};

Motion motion_of(const Systems& systems, const State& state) {
  Motion motion;
  for (std::size_t i = 0; i < state.velocities.size(); ++i) {
    const Vector3& v = state.velocities[i];
    const Vector3 turn = cross(state.positions[i], v);
    const double mass = systems.masses[i] * systems.units.mass;
    for (std::size_t d = 0; d < 3; ++d) {
      motion.kinetic += 0.5 * mass * v[d] * v[d];
      motion.momentum[d] += mass * v[d];
      motion.angular[d] += mass * turn[d];
      motion.size += mass * std::abs(v[d]);
    }
  }
  return motion;
}

runtime::Frame frame_of(const std::string& text) {
  std::istringstream stream(text);
  runtime::ExtxyzReader reader(stream, "start.extxyz");
  runtime::Frame frame;
  REQUIRE(reader.read(frame));
  return frame;
}

}  // namespace

TEST_CASE("drawn velocities have exactly the temperature, and no motion of the whole") {
  const auto ammonia = molecule({7, 1, 1, 1}, {{0.1, 0, 0}, {1, 0.1, 0}, {-0.4, 0.9, 0.1}, {-0.5, -0.8, 0.4}});
  const auto line = molecule({8, 6, 8}, {{0, 0, 0}, {0.7, 0.7, 0.7}, {1.4, 1.4, 1.4}});
  auto crystal = ammonia;
  crystal.cell = {{{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}};
  crystal.periodic = {true, true, true};
  for (const auto& [structure, ensemble, degrees] : {std::tuple{ammonia, Ensemble::nve, 6},
                                                     {line, Ensemble::nve, 4},
                                                     {crystal, Ensemble::nve, 9},
                                                     {ammonia, Ensemble::langevin, 12},
                                                     {molecule({1, 1}, {{0, 0, 0}, {0.7, 0, 0}}), Ensemble::nve, 1}}) {
    CAPTURE(degrees);
    const Dynamics dynamics{ensemble, 0.5, 300, 1, 17};
    const auto systems = Systems::make({structure}, {}, kUnits, ensemble);
    CHECK(systems.degrees_of_freedom[0] == degrees);
    const State state = start_state(systems, dynamics);
    const Motion motion = motion_of(systems, state);
    CHECK(motion.kinetic == doctest::Approx(0.5 * degrees * 8.617333262e-5 * 300).epsilon(1e-9));
    for (const double p : motion.momentum) CHECK(std::abs(p) < 1e-13 * motion.size);
    if (structure.periodic[0]) {
      CHECK(std::abs(motion.angular[0]) > 1e-6 * motion.size);
    } else {
      for (const double l : motion.angular) CHECK(std::abs(l) < 1e-12 * motion.size);
    }
  }
}

TEST_CASE("drawn velocities have a Maxwell-Boltzmann distribution: heavy atoms are slower by the root of the mass") {
  constexpr std::size_t kAtoms = 20000;
  std::vector<int> numbers;
  std::vector<Vector3> positions;
  for (std::size_t i = 0; i < kAtoms; ++i) {
    numbers.push_back(i % 2 == 0 ? 1 : 8);
    positions.push_back({static_cast<double>(i % 27), static_cast<double>(i / 27 % 27), static_cast<double>(i / 729)});
  }
  const Dynamics dynamics{Ensemble::nve, 0.5, 300, 1, 1};
  const auto systems = Systems::make({molecule(numbers, positions)}, {}, kUnits, dynamics.ensemble);
  const State state = start_state(systems, dynamics);
  double light = 0, heavy = 0;
  for (std::size_t i = 0; i < kAtoms; ++i) {
    for (const double v : state.velocities[i]) (i % 2 == 0 ? light : heavy) += v * v;
  }
  CHECK(light / heavy == doctest::Approx(15.999 / 1.008).epsilon(0.05));
}

TEST_CASE("seeds and replicas draw different velocities, the same seed the same") {
  const auto structure = argon_cluster();
  const auto systems = Systems::make({structure, structure}, {}, kUnits, Ensemble::nve);
  const State one = start_state(systems, {Ensemble::nve, 1, 300, 1, 1}),
              again = start_state(systems, {Ensemble::nve, 1, 300, 1, 1});
  const State two = start_state(systems, {Ensemble::nve, 1, 300, 1, 2});
  const State high = start_state(systems, {Ensemble::nve, 1, 300, 1, 1 + (1ull << 32)});
  CHECK(one.velocities == again.velocities);
  CHECK(one.velocities[0] != two.velocities[0]);
  CHECK(one.velocities[0] != high.velocities[0]);
  CHECK(one.velocities[0] != one.velocities[5]);
}

TEST_CASE("one atom alone does not move in NVE, and its temperature is zero") {
  const auto systems = Systems::make({molecule({18}, {{1, 2, 3}})}, {}, kUnits, Ensemble::nve);
  CHECK(systems.degrees_of_freedom[0] == 0);
  CHECK(start_state(systems, {}).velocities[0] == Vector3{});
  CHECK(temperature(1, 0, kUnits.boltzmann) == 0);
}

TEST_CASE("velocities and momenta of a file are in ASE's units") {
  // sqrt(eV / u) = 9822.694788 m/s.
  constexpr double kAse = 0.09822694788;  // angstrom / fs
  const auto velocities =
      read_velocities(frame_of("1\nProperties=species:S:1:pos:R:3:velocities:R:3\nO 0 0 0 1 -2 0.5\n"), kUnits, "f");
  REQUIRE(velocities.velocities.size() == 1);
  CHECK(velocities.velocities[0][0] == doctest::Approx(kAse).epsilon(1e-9));
  CHECK(velocities.velocities[0][1] == doctest::Approx(-2 * kAse).epsilon(1e-9));
  const auto momenta =
      read_velocities(frame_of("1\nProperties=species:S:1:pos:R:3:momenta:R:3\nO 0 0 0 15.999 0 0\n"), kUnits, "f");
  CHECK(momenta.velocities[0][0] == doctest::Approx(kAse).epsilon(1e-9));
  const auto heavy = read_velocities(
      frame_of("1\nProperties=species:S:1:pos:R:3:masses:R:1:momenta:R:3\nH 0 0 0 2.014 2.014 0 0\n"), kUnits, "f");
  CHECK(heavy.masses == std::vector<double>{2.014});
  CHECK(heavy.velocities[0][0] == doctest::Approx(kAse).epsilon(1e-9));
  const auto bohr = read_velocities(frame_of("1\nProperties=species:S:1:pos:R:3:velocities:R:3\nO 0 0 0 1 0 0\n"),
                                    Units::of("bohr", "hartree"), "f");
  CHECK(bohr.velocities[0][0] == doctest::Approx(kAse / 0.529177210903).epsilon(1e-9));
  CHECK(read_velocities(frame_of("1\n\nO 0 0 0\n"), kUnits, "f").velocities.empty());
}

TEST_CASE("columns of the wrong kind are refused with file and line") {
  const auto wrong = frame_of("1\nProperties=species:S:1:pos:R:3:velocities:R:2\nO 0 0 0 1 2\n");
  CHECK_THROWS_WITH_AS(read_velocities(wrong, kUnits, "start.extxyz"),
                       "start.extxyz:1: column 'velocities' must be velocities:R:3", UserError);
  const auto text = frame_of("2\nProperties=species:S:1:pos:R:3:momenta:R:3\nO 0 0 0 1 2 3\nH 0 0 0 1 x 3\n");
  CHECK_THROWS_WITH_AS(read_velocities(text, kUnits, "start.extxyz"),
                       "start.extxyz:4: momenta must be a number, not 'x'", UserError);
}

TEST_CASE("structures that cannot be simulated are refused") {
  const auto make = [](const std::vector<runtime::Structure>& s, const std::vector<std::vector<double>>& masses) {
    return Systems::make(s, masses, kUnits, Ensemble::nve);
  };
  CHECK_THROWS_AS(make({}, {}), UserError);
  CHECK_THROWS_AS(make({molecule({}, {})}, {}), UserError);
  CHECK_THROWS_AS(make({argon_cluster()}, {{40, 40, 0, 40, 40}}), UserError);
  CHECK_THROWS_AS(find_ensemble("npt"), UserError);
}
