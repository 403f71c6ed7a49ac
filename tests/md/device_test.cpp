// Time steps on a GPU against those on the host, and against themselves.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "runtime/host_model.h"
#include "runtime/md/device_simulation.h"
#include "runtime/md/host_simulation.h"
#include "tests/cuda_model/small_models.h"
#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

constexpr double kSkin = 0.6;

// A GPU simulation with a model of its own.
struct Device {
  Device(const Systems& systems, const Dynamics& dynamics, double skin, bool double_precision = true)
      : model(test::small_bundle(double_precision), {.skin = skin}), simulation(model, skin, systems, dynamics) {}
  cuda_model::CudaModel model;
  DeviceSimulation simulation;
};

Systems systems_of(const std::vector<runtime::Structure>& structures, const Dynamics& dynamics) {
  return Systems::make(structures, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
}

double largest_difference(const std::vector<Vector3>& a, const std::vector<Vector3>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) worst = std::max(worst, std::abs(a[i][d] - b[i][d]));
  }
  return worst;
}

bool same_bits(const State& a, const State& b) {
  return a.step == b.step && a.positions == b.positions && a.velocities == b.velocities && a.forces == b.forces &&
         a.energies == b.energies && a.heat == b.heat;
}

bool has_host_code() { return !runtime::read_plan(test::small_bundle(true)).host.empty(); }

// Fewer neighbours take a GPU in software less time.
runtime::Structure stretched(runtime::Structure structure) {
  constexpr double kStretch = 1.8;
  for (Vector3& r : structure.positions) {
    for (double& x : r) x *= kStretch;
  }
  for (Vector3& r : structure.cell) {
    for (double& x : r) x *= kStretch;
  }
  return structure;
}

// Two clusters 15 angstrom apart that meet within 30 steps of 1 fs.
State meeting(const Systems& systems, const Dynamics& dynamics) {
  State state = start_state(systems, dynamics);
  for (std::size_t i = state.positions.size() / 2; i < state.positions.size(); ++i) state.velocities[i][0] -= 0.5;
  return state;
}

runtime::Structure two_clusters() {
  runtime::Structure both = test::molecule(8, 5);
  const runtime::Structure other = test::molecule(8, 6);
  for (std::size_t i = 0; i < other.positions.size(); ++i) {
    Vector3 r = other.positions[i];
    r[0] += 15.13;
    r[1] += 0.71;
    both.positions.push_back(r);
    both.atomic_numbers.push_back(other.atomic_numbers[i]);
  }
  return both;
}

}  // namespace

TEST_CASE("a GPU makes the host's steps, with and without a thermostat, a skin and a box") {
  if (!has_host_code()) return;
  const std::vector<runtime::Structure> structures = {test::molecule(5, 1), stretched(test::crystal(2, 2, 3, 7, 2)),
                                                      test::molecule(1, 3), stretched(test::crystal(2, 2, 1, 3, 4))};
  for (const Ensemble ensemble : {Ensemble::nve, Ensemble::langevin}) {
    {
      const double skin = ensemble == Ensemble::nve ? 0 : kSkin;
      const Dynamics dynamics{ensemble, 0.5, 400, 30, 77};
      const Systems systems = systems_of(structures, dynamics);
      const State start = start_state(systems, dynamics);
      runtime::HostModel model(test::small_bundle(true));
      HostSimulation host(model, systems, dynamics);
      Device device(systems, dynamics, skin);
      std::vector<Sample> host_samples, device_samples;
      host.load(start);
      device.simulation.load(start);
      device_samples.push_back(device.simulation.sample());
      host_samples.push_back(host.sample());
      host.advance(10, 3, host_samples);
      device.simulation.advance(10, 3, device_samples);
      const State a = host.state(), b = device.simulation.state();
      CHECK(b.step == 10);
      CHECK(largest_difference(a.positions, start.positions) > 0.05);
      CHECK(largest_difference(a.positions, b.positions) < 1e-9);
      CHECK(largest_difference(a.velocities, b.velocities) < 1e-10);
      CHECK(largest_difference(a.forces, b.forces) < 1e-8);
      REQUIRE(device_samples.size() == host_samples.size());
      for (std::size_t k = 0; k < host_samples.size(); ++k) {
        CHECK(device_samples[k].step == host_samples[k].step);
        for (std::size_t s = 0; s < structures.size(); ++s) {
          const Observables &x = host_samples[k].systems[s], &y = device_samples[k].systems[s];
          CHECK(std::abs(x.potential - y.potential) < 1e-8);
          CHECK(std::abs(x.kinetic - y.kinetic) < 1e-8);
          CHECK(std::abs(x.heat - y.heat) < 1e-8);
          CHECK(std::isnan(x.correction) == std::isnan(y.correction));
          CHECK(std::isnan(y.correction) == (k == 0 && ensemble == Ensemble::nve));
          if (!std::isnan(x.correction)) CHECK(std::abs(x.correction - y.correction) < 1e-8);
        }
      }
      if (ensemble == Ensemble::langevin) CHECK(std::abs(host_samples.back().systems[1].heat) > 0.01);
    }
  }
}

TEST_CASE("how steps are cut into calls and samples changes no bit on a GPU") {
  const Dynamics dynamics{Ensemble::langevin, 0.5, 400, 30, 7};
  const Systems systems = systems_of({test::molecule(4, 1), test::molecule(5, 2)}, dynamics);
  const State start = start_state(systems, dynamics);
  Device one(systems, dynamics, kSkin), two(systems, dynamics, kSkin);
  one.simulation.load(start);
  two.simulation.load(start);
  std::vector<Sample> often, seldom;
  one.simulation.advance(20, 5, often);
  for (const long long steps : {1, 6, 13}) two.simulation.advance(steps, 10, seldom);
  CHECK(same_bits(one.simulation.state(), two.simulation.state()));
  REQUIRE(often.size() == 4);
  REQUIRE(seldom.size() == 2);
  CHECK(often[3].step == seldom[1].step);
  for (std::size_t s = 0; s < 2; ++s) {
    CHECK(often[3].systems[s].kinetic == seldom[1].systems[s].kinetic);
    CHECK(often[3].systems[s].heat == seldom[1].systems[s].heat);
    CHECK(often[3].systems[s].potential == seldom[1].systems[s].potential);
  }
}

TEST_CASE("a run that goes on from a state on a GPU has the bits of the one that stayed") {
  // On a real GPU of so many atoms that the list has a skin; in float, where the order of sums shows.
  const bool in_software = std::getenv("MLFFGEN_CUDA") != nullptr;
  const runtime::Structure box =
      stretched(in_software ? test::crystal(3, 3, 2, 7, 3) : test::crystal(12, 12, 12, 7, 3));
  for (const double skin : {0.0, kSkin}) {
    CAPTURE(skin);
    const Dynamics dynamics{Ensemble::langevin, 1, 600, 30, 7};
    const Systems systems = systems_of({box}, dynamics);
    std::vector<Sample> none;
    Device stays(systems, dynamics, skin, false);
    stays.simulation.load(start_state(systems, dynamics));
    stays.simulation.advance(4, 0, none);
    const State middle = stays.simulation.state();
    stays.simulation.forget_history();
    stays.simulation.advance(4, 0, none);
    Device goes_on(systems, dynamics, skin, false);
    goes_on.simulation.load(middle);
    goes_on.simulation.advance(4, 0, none);
    CHECK(same_bits(stays.simulation.state(), goes_on.simulation.state()));
  }
}

TEST_CASE("a list that outgrows its room in the middle of a call loses no step") {
  const Dynamics dynamics{Ensemble::nve, 1, 300, 1, 1};
  const Systems systems = systems_of({two_clusters()}, dynamics);
  const State start = meeting(systems, dynamics);
  Device device(systems, dynamics, 0), stepwise(systems, dynamics, 0);
  device.simulation.load(start);
  std::vector<Sample> samples, none;
  device.simulation.advance(32, 8, samples);
  CHECK(device.simulation.rollbacks() > 0);
  CHECK(device.model.statistics().repeats > 0);
  REQUIRE(samples.size() == 4);
  for (int k = 0; k < 4; ++k) CHECK(samples[static_cast<std::size_t>(k)].step == 8 * (k + 1));
  stepwise.simulation.load(start);
  for (int k = 0; k < 32; ++k) stepwise.simulation.advance(1, 0, none);
  CHECK(same_bits(device.simulation.state(), stepwise.simulation.state()));
  for (const Sample& sample : samples) {
    CHECK(sample.systems[0].total() == doctest::Approx(samples[0].systems[0].total()).epsilon(1e-4));
  }
}

TEST_CASE("a step that fails on a GPU is named, with its atom, and the samples before it are there") {
  const Dynamics dynamics{Ensemble::nve, 1, 0, 1, 1};
  const Systems systems = systems_of({test::molecule(4, 1), test::molecule(5, 2)}, dynamics);
  State start = start_state(systems, dynamics);
  start.velocities[6] = {7e7, 0, 0};  // beyond 1e9 angstrom, where overlaps cannot be told, at step 15
  for (const double skin : {0.0, kSkin}) {
    Device device(systems, dynamics, skin);
    device.simulation.load(start);
    std::vector<Sample> samples;
    try {
      device.simulation.advance(20, 5, samples);
      FAIL("an atom beyond 1e9 angstrom");
    } catch (const StepError& error) {
      CHECK(error.step() == 15);
      const std::string text = error.what();
      CHECK(text.find("step 15 (15 fs): system 1 (counting from 0): atom 2") == 0);
    }
    CHECK(samples.size() == 2);
    // The simulation is as usable as before.
    start.velocities[6] = {};
    device.simulation.load(start);
    device.simulation.advance(3, 0, samples);
    CHECK(std::isfinite(device.simulation.state().energies[1]));
    start.velocities[6] = {7e7, 0, 0};
  }
}

TEST_CASE("a start that cannot be evaluated on a GPU is an error of its step") {
  const Dynamics dynamics{Ensemble::nve, 1, 0, 1, 1};
  runtime::Structure gold = test::molecule(3, 1);
  gold.atomic_numbers[1] = 79;
  const Systems systems = systems_of({gold}, dynamics);
  Device device(systems, dynamics, 0);
  CHECK_THROWS_WITH_AS(device.simulation.load(start_state(systems, dynamics)), doctest::Contains("step 0 (0 fs): "),
                       StepError);
}
