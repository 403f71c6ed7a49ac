// Time steps on the host over force fields that can be worked out on paper.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "runtime/md/host_simulation.h"
#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

constexpr double kEpsilon = 0.0104, kSigma = 3.4;  // argon, eV and angstrom

// The largest deviation of the total or the shadow energy from its first value over a time.
double energy_error(double timestep, double time, double (Observables::*energy)() const) {
  const Dynamics dynamics{Ensemble::nve, timestep, 40, 1, 3};
  AnalyticModel model(lennard_jones(kEpsilon, kSigma));
  const auto systems = Systems::make({argon_cluster()}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  std::vector<Sample> samples;
  simulation.advance(std::llround(time / timestep), 1, samples);
  double worst = 0;
  for (const Sample& sample : samples) {
    worst = std::max(worst, std::abs((sample.systems[0].*energy)() - (samples[0].systems[0].*energy)()));
  }
  return worst;
}

}  // namespace

TEST_CASE("the energy's error in NVE falls with the square of the time step") {
  const auto error = [](double timestep) { return energy_error(timestep, 4000, &Observables::total); };
  const double coarse = error(8), middle = error(4), fine = error(2);
  CHECK(coarse / middle == doctest::Approx(4).epsilon(0.15));
  CHECK(middle / fine == doctest::Approx(4).epsilon(0.15));
}

TEST_CASE("the shadow energy is conserved to a higher order than the total") {
  const auto error = [](double timestep) { return energy_error(timestep, 4000, &Observables::shadow); };
  const double coarse = error(8), fine = error(2);
  CHECK(error(4) < 0.2 * energy_error(4, 4000, &Observables::total));
  CHECK(coarse / fine > 40);
}

TEST_CASE("velocities turned round lead back to the start") {
  const Dynamics dynamics{Ensemble::nve, 2, 40, 1, 5};
  AnalyticModel model(lennard_jones(kEpsilon, kSigma));
  const auto systems = Systems::make({argon_cluster()}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  const State start = start_state(systems, dynamics);
  simulation.load(start);
  std::vector<Sample> none;
  simulation.advance(500, 0, none);
  State turned = simulation.state();
  CHECK(std::abs(turned.positions[0][0] - start.positions[0][0]) > 1e-3);
  for (Vector3& v : turned.velocities) {
    for (double& x : v) x = -x;
  }
  simulation.load(turned);
  simulation.advance(500, 0, none);
  const State back = simulation.state();
  for (std::size_t i = 0; i < back.positions.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      CHECK(back.positions[i][d] == doctest::Approx(start.positions[i][d]).epsilon(1e-9));
      CHECK(back.velocities[i][d] == doctest::Approx(-start.velocities[i][d]).epsilon(1e-8));
    }
  }
}

TEST_CASE("momentum stays zero in NVE") {
  const Dynamics dynamics{Ensemble::nve, 2, 40, 1, 5};
  AnalyticModel model(lennard_jones(kEpsilon, kSigma));
  auto mixed = argon_cluster();
  mixed.atomic_numbers = {18, 10, 36, 18, 2};
  const auto systems = Systems::make({mixed}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  std::vector<Sample> none;
  simulation.advance(1000, 0, none);
  const State end = simulation.state();
  Vector3 momentum{};
  double size = 0;
  for (std::size_t i = 0; i < end.velocities.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) momentum[d] += systems.masses[i] * end.velocities[i][d];
    size += systems.masses[i] * std::hypot(end.velocities[i][0], end.velocities[i][1], end.velocities[i][2]);
  }
  for (const double p : momentum) CHECK(std::abs(p) < 1e-12 * size);
}

TEST_CASE("two atoms on a spring swing with the period of the textbook, in every system of units") {
  // 35.9 eV / angstrom^2 is the spring of a C-H bond: about 3,000 / cm.
  constexpr double kSpring = 35.9, kRest = 1.1, kEv = 1.602176634e-19, kU = 1.66053906660e-27;
  const double reduced = 12.011 * 1.008 / (12.011 + 1.008) * kU;                                     // kg
  const double period = 2 * std::numbers::pi * std::sqrt(reduced / (kSpring * kEv / 1e-20)) * 1e15;  // fs
  for (const auto& [length, energy, per_angstrom, per_ev] :
       {std::tuple{"angstrom", "eV", 1.0, 1.0},
        {"nm", "kJ/mol", 0.1, 96.48533212331},
        {"bohr", "hartree", 1 / 0.529177210903, 1 / 27.211386245988},
        {"angstrom", "kcal/mol", 1.0, 23.060547830619}}) {
    CAPTURE(length);
    CAPTURE(energy);
    const Dynamics dynamics{Ensemble::nve, 0.01, 0, 1, 1};
    AnalyticModel model(spring(kSpring * per_ev / (per_angstrom * per_angstrom), kRest * per_angstrom), length, energy);
    const auto systems = Systems::make({molecule({6, 1}, {{0, 0, 0}, {1.2 * per_angstrom, 0, 0}})}, {},
                                       Units::of(length, energy), dynamics.ensemble);
    HostSimulation simulation(model, systems, dynamics);
    State state = start_state(systems, dynamics);
    simulation.load(state);
    // From the largest distance, back to it after whole periods: the distance passes the rest length twice a period.
    int passes = 0;
    double last = 0.1, first_pass = 0, last_pass = 0;
    std::vector<Sample> none;
    while (passes < 21) {
      simulation.advance(1, 0, none);
      state = simulation.state();
      const double stretch = (state.positions[1][0] - state.positions[0][0]) / per_angstrom - kRest;
      if ((stretch > 0) != (last > 0)) {
        const double time = 0.01 * (static_cast<double>(state.step) - stretch / (stretch - last));
        if (passes++ == 0) first_pass = time;
        last_pass = time;
      }
      last = stretch;
    }
    CHECK((last_pass - first_pass) / 10 == doctest::Approx(period).epsilon(1e-5));
  }
}

TEST_CASE("Langevin dynamics in harmonic wells has the temperature of the bath, for light and heavy atoms alike") {
  constexpr double kWell = 2;  // eV / angstrom^2
  Dynamics dynamics{Ensemble::langevin, 0.5, 300, 50, 11};
  AnalyticModel model(wells(kWell));
  constexpr std::size_t kAtoms = 200;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < kAtoms; ++i) numbers.push_back(i % 2 == 0 ? 1 : 8);
  const auto systems = Systems::make({molecule(numbers, std::vector<Vector3>(kAtoms))}, {}, Units::of("angstrom", "eV"),
                                     dynamics.ensemble);
  CHECK(systems.degrees_of_freedom[0] == 600);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  std::vector<Sample> none;
  simulation.advance(2000, 0, none);
  double light = 0, heavy = 0, place = 0;
  constexpr int kFrames = 200;
  for (int k = 0; k < kFrames; ++k) {
    simulation.advance(100, 0, none);
    const State state = simulation.state();
    for (std::size_t i = 0; i < kAtoms; ++i) {
      const Vector3 &v = state.velocities[i], &x = state.positions[i];
      (i % 2 == 0 ? light : heavy) +=
          systems.masses[i] * systems.units.mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      place += kWell * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    }
  }
  const double thermal = systems.units.boltzmann * dynamics.temperature;
  // 60,000 numbers of each kind, half of them independent: their mean square is known to 0.8 %; four of those.
  CHECK(light / (1.5 * kAtoms * kFrames * thermal) == doctest::Approx(1).epsilon(0.032));
  CHECK(heavy / (1.5 * kAtoms * kFrames * thermal) == doctest::Approx(1).epsilon(0.032));
  CHECK(place / (3.0 * kAtoms * kFrames * thermal) == doctest::Approx(1).epsilon(0.023));
}

TEST_CASE("BAOAB samples harmonic positions without an error of the time step") {
  // At a step of 0.9 / omega other splittings are off by 20 %: Leimkuhler and Matthews 2013, section 4.
  constexpr double kWell = 2;
  constexpr std::size_t kAtoms = 400;
  Dynamics dynamics{Ensemble::langevin, 0, 300, 200, 4};
  const Units units = Units::of("angstrom", "eV");
  dynamics.timestep = 0.9 / std::sqrt(kWell / (1.008 * units.mass));
  AnalyticModel model(wells(kWell));
  const auto systems = Systems::make({molecule(std::vector<int>(kAtoms, 1), std::vector<Vector3>(kAtoms))}, {}, units,
                                     dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  std::vector<Sample> none;
  simulation.advance(300, 0, none);
  double place = 0;
  constexpr int kFrames = 100;
  for (int k = 0; k < kFrames; ++k) {
    simulation.advance(30, 0, none);
    for (const Vector3& x : simulation.state().positions) place += kWell * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
  }
  CHECK(place / (3.0 * kAtoms * kFrames * units.boltzmann * 300) == doctest::Approx(1).epsilon(0.025));
}

TEST_CASE("less the heat of the bath, the energy of Langevin dynamics is conserved as well as that of NVE") {
  const auto worst = [](double timestep) {
    const Dynamics dynamics{Ensemble::langevin, timestep, 30, 10, 2};
    AnalyticModel model(lennard_jones(kEpsilon, kSigma));
    const auto systems = Systems::make({argon_cluster()}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
    HostSimulation simulation(model, systems, dynamics);
    simulation.load(start_state(systems, dynamics));
    const double start = simulation.sample().systems[0].conserved();
    std::vector<Sample> samples;
    simulation.advance(std::llround(1000 / timestep), 1, samples);
    double error = 0, heat = 0;
    for (const Sample& sample : samples) {
      error = std::max(error, std::abs(sample.systems[0].conserved() - start));
      heat = std::max(heat, std::abs(sample.systems[0].heat));
    }
    CHECK(error < 1e-2 * heat);
    return error;
  };
  CHECK(worst(4) / worst(1) > 6);
}

TEST_CASE("replicas are independent, and the same system alone has the same trajectory") {
  const Dynamics dynamics{Ensemble::langevin, 2, 40, 5, 9};
  AnalyticModel model(lennard_jones(kEpsilon, kSigma));
  const auto end_of = [&](const std::vector<runtime::Structure>& structures) {
    const auto systems = Systems::make(structures, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
    HostSimulation simulation(model, systems, dynamics);
    simulation.load(start_state(systems, dynamics));
    std::vector<Sample> none;
    simulation.advance(50, 0, none);
    return simulation.state();
  };
  const State alone = end_of({argon_cluster()}), both = end_of({argon_cluster(), argon_cluster()});
  const std::size_t n = alone.positions.size();
  REQUIRE(both.positions.size() == 2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    CHECK(both.positions[i] == alone.positions[i]);
    CHECK(both.positions[n + i] != alone.positions[i]);
  }
}

TEST_CASE("a step that fails is named") {
  const Dynamics dynamics{Ensemble::nve, 1, 0, 1, 1};
  AnalyticModel model([](const runtime::Structure& structure, runtime::Result& result) {
    result.forces[0][0] = 1;
    result.energy = structure.positions[0][0] > 1 ? std::nan("") : 0;
  });
  const auto systems =
      Systems::make({molecule({1, 1}, {{0, 0, 0}, {3, 0, 0}})}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  std::vector<Sample> samples;
  try {
    simulation.advance(1000, 1, samples);
    FAIL("a run over an energy that is not finite");
  } catch (const StepError& error) {
    CHECK(error.step() == static_cast<long long>(samples.size()) + 1);
    CHECK(std::string(error.what()).find("step " + std::to_string(error.step()) + " (") == 0);
    CHECK(std::string(error.what()).find("atom 1") != std::string::npos);
  }
}
