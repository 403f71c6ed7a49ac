// What happens between the steps of a run.
#include "runtime/md/run.h"

#include <doctest/doctest.h>

#include <cmath>

#include "runtime/md/host_simulation.h"
#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

struct Log {
  std::vector<long long> samples, frames, checkpoints;
  RunCallbacks callbacks() {
    return {[this](const Sample& sample) { samples.push_back(sample.step); },
            [this](const State& state) { frames.push_back(state.step); },
            [this](const State& state) { checkpoints.push_back(state.step); },
            {},
            {}};
  }
};

struct Argon {
  Dynamics dynamics{Ensemble::nve, 2, 40, 1, 1};
  AnalyticModel model{lennard_jones(0.0104, 3.4)};
  Systems systems = Systems::make({argon_cluster()}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation{model, systems, dynamics};
  Argon() { simulation.load(start_state(systems, dynamics)); }
};

using Steps = std::vector<long long>;

}  // namespace

TEST_CASE("samples, frames and checkpoints come at their steps, and a checkpoint at the end") {
  Argon argon;
  Log log;
  CHECK(run(argon.simulation, {true, 50, 10, 20, 30}, log.callbacks()) == 50);
  CHECK(log.samples == Steps{0, 10, 20, 30, 40, 50});
  CHECK(log.frames == Steps{0, 20, 40});
  CHECK(log.checkpoints == Steps{30, 50});
  // One evaluation a step and one of the start.
  CHECK(argon.model.calls == 51);
}

TEST_CASE("a run that goes on repeats nothing, and a checkpoint at the last step is written once") {
  Argon argon;
  Log log;
  run(argon.simulation, {true, 30, 10, 0, 30}, log.callbacks());
  CHECK(log.checkpoints == Steps{30});
  Log rest;
  run(argon.simulation, {false, 60, 10, 10, 0}, rest.callbacks());
  CHECK(rest.samples == Steps{40, 50, 60});
  CHECK(rest.frames == Steps{40, 50, 60});
  CHECK(rest.checkpoints == Steps{60});
}

TEST_CASE("a stop that is asked for ends the run with a checkpoint of the step it has reached") {
  Argon argon;
  Log log;
  auto callbacks = log.callbacks();
  callbacks.stop = [&] { return argon.simulation.step() >= 40; };
  const long long end = run(argon.simulation, {true, 1000000000, 10, 10, 0}, callbacks);
  CHECK(end >= 40);
  CHECK(log.checkpoints == Steps{end});
  CHECK(log.frames.back() == end);
}

TEST_CASE("a temperature above the limit ends the run behind its sample and names step and fastest atom") {
  Argon argon;
  State hot = argon.simulation.state();
  hot.velocities[3] = {0.05, 0, 0};
  argon.simulation.load(hot);
  Log log;
  try {
    run(argon.simulation, {true, 100, 10, 0, 5, 300}, log.callbacks());
    FAIL("a run at any temperature");
  } catch (const StepError& error) {
    CHECK(error.step() == 0);
    CHECK(std::string(error.what()).find("step 0 (0 fs): system 0 has a temperature of") == 0);
    CHECK(std::string(error.what()).find("fastest atom is 3 (Ar;") != std::string::npos);
  }
  CHECK(log.samples == Steps{0});
  CHECK(log.checkpoints.empty());
}

TEST_CASE("samples before a step that fails are delivered, and the last good checkpoint is the last written") {
  const Dynamics dynamics{Ensemble::nve, 1, 0, 1, 1};
  AnalyticModel model([](const runtime::Structure& structure, runtime::Result& result) {
    result.forces[0][0] = 1;
    result.energy = structure.positions[0][0] > 1 ? std::nan("") : 0;
  });
  const auto systems =
      Systems::make({molecule({1, 1}, {{0, 0, 0}, {3, 0, 0}})}, {}, Units::of("angstrom", "eV"), dynamics.ensemble);
  HostSimulation simulation(model, systems, dynamics);
  simulation.load(start_state(systems, dynamics));
  Log log;
  long long failed = 0;
  try {
    run(simulation, {true, 1000, 1, 0, 5}, log.callbacks());
  } catch (const StepError& error) {
    failed = error.step();
  }
  // sqrt(2 x m / F) with x = 1 angstrom, F = 1 eV / angstrom: 14.4 fs.
  CHECK(failed == 15);
  CHECK(log.samples.back() == 14);
  CHECK(log.checkpoints == Steps{5, 10});
}
