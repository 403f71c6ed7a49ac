// Checkpoints: what they hold, and going on from them.
#include "runtime/md/checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "runtime/bundle.h"
#include "runtime/md/host_simulation.h"
#include "runtime/plan.h"
#include "tests/base/temporary_folder.h"
#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.model = "a";
  checkpoint.structures = "b";
  checkpoint.dynamics = {Ensemble::langevin, 0.1, 1.0 / 3, 2.0 / 7, ~0ull};
  checkpoint.state = {1ll << 40,
                      {{1.0 / 3, -0.0, 5e-324}, {1, 2, 3}},
                      {{1e-300, 2, 3}, {4, 5, 6}},
                      {{7, 8, 9}, {0.1, 0.2, 0.3}},
                      {-1e5 / 3},
                      {0.7, -0.7}};
  checkpoint.outputs = {{"/some where/\"x\".csv", 123456789012}};
  return checkpoint;
}

}  // namespace

TEST_CASE("a checkpoint comes back bit for bit") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.checkpoint";
  const Checkpoint out = example();
  write_checkpoint(path, out);
  const Checkpoint in = read_checkpoint(path);
  CHECK(in.model == out.model);
  CHECK(in.structures == out.structures);
  CHECK(in.dynamics.ensemble == out.dynamics.ensemble);
  CHECK(in.dynamics.timestep == out.dynamics.timestep);
  CHECK(in.dynamics.temperature == out.dynamics.temperature);
  CHECK(in.dynamics.friction == out.dynamics.friction);
  CHECK(in.dynamics.seed == out.dynamics.seed);
  CHECK(in.state.step == out.state.step);
  CHECK(in.state.positions == out.state.positions);
  CHECK(std::signbit(in.state.positions[0][1]));
  CHECK(in.state.velocities == out.state.velocities);
  CHECK(in.state.forces == out.state.forces);
  CHECK(in.state.energies == out.state.energies);
  CHECK(in.state.heat == out.state.heat);
  REQUIRE(in.outputs.size() == 1);
  CHECK(in.outputs[0].path == out.outputs[0].path);
  CHECK(in.outputs[0].bytes == out.outputs[0].bytes);
}

TEST_CASE("every change of a byte and every cut of a checkpoint is found") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.checkpoint";
  write_checkpoint(path, example());
  const std::string bytes = read_text_file(path, 1 << 20);
  const auto refused = [&](const std::string& changed) {
    std::ofstream(path, std::ios::binary) << changed;
    CHECK_THROWS_AS(read_checkpoint(path), UserError);
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    refused(changed);
  }
  for (std::size_t length = 0; length < bytes.size(); length += 7) refused(bytes.substr(0, length));
  refused(bytes + "x");
}

TEST_CASE("a checkpoint of another model or of other structures is refused and says which") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(check_same(example(), "other", "b", "x"), doctest::Contains("of another model"), UserError);
  CHECK_THROWS_WITH_AS(check_same(example(), "a", "other", "x"), doctest::Contains("of other structures"), UserError);
  CHECK_NOTHROW(check_same(example(), "a", "b", "x"));
  CHECK_THROWS_WITH_AS(read_checkpoint(folder.path() / "none"), doctest::Contains("none"), UserError);
  std::ofstream(folder.path() / "text") << "step 7\n";
  CHECK_THROWS_WITH_AS(read_checkpoint(folder.path() / "text"), doctest::Contains("is not a checkpoint"), UserError);
}

TEST_CASE("fingerprints differ where the physics does") {
  const Units units = Units::of("angstrom", "eV");
  const auto of = [&](const runtime::Structure& structure) {
    return fingerprint(Systems::make({structure}, {}, units, Ensemble::nve));
  };
  const auto base = argon_cluster();
  auto moved = base, other = base, cell = base;
  moved.positions[0][0] += 0.1;
  other.atomic_numbers[0] = 10;
  cell.cell[0] = {9, 0, 0};
  cell.periodic[0] = true;
  CHECK(of(moved) == of(base));
  CHECK(of(other) != of(base));
  CHECK(of(cell) != of(base));
  CHECK(fingerprint(Systems::make({base}, {{40, 40, 40, 40, 41}}, units, Ensemble::nve)) != of(base));

  runtime::Plan plan;
  plan.name = "m";
  plan.elements = {1};
  plan.element_energy = {0};
  const auto bundle = [](const std::string& constants) {
    const std::string bytes = runtime::Bundle::serialise({{"constants", constants}});
    return runtime::Bundle::parse({bytes.begin(), bytes.end()}, "m.mlff");
  };
  const std::string first = fingerprint(plan, bundle("weights"));
  CHECK(fingerprint(plan, bundle("weights")) == first);
  CHECK(fingerprint(plan, bundle("heavier")) != first);
  plan.element_energy = {-13.6};
  CHECK(fingerprint(plan, bundle("weights")) != first);
}

TEST_CASE("a run cut in two by a checkpoint has the bits of one in one piece") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.checkpoint";
  for (const Ensemble ensemble : {Ensemble::nve, Ensemble::langevin}) {
    const Dynamics dynamics{ensemble, 2, 40, 5, 123456789012345};
    AnalyticModel model(lennard_jones(0.0104, 3.4));
    const auto systems = Systems::make({argon_cluster(), argon_cluster()}, {}, Units::of("angstrom", "eV"), ensemble);
    std::vector<Sample> none;
    HostSimulation whole(model, systems, dynamics);
    whole.load(start_state(systems, dynamics));
    whole.advance(200, 0, none);

    HostSimulation first(model, systems, dynamics);
    first.load(start_state(systems, dynamics));
    first.advance(77, 0, none);
    write_checkpoint(path, {"m", "s", dynamics, first.state(), {}});
    const Checkpoint checkpoint = read_checkpoint(path);
    HostSimulation second(model, systems, checkpoint.dynamics);
    second.load(checkpoint.state);
    second.advance(123, 0, none);

    const State one = whole.state(), two = second.state();
    CHECK(one.step == two.step);
    CHECK(one.positions == two.positions);
    CHECK(one.velocities == two.velocities);
    CHECK(one.forces == two.forces);
    CHECK(one.energies == two.energies);
    CHECK(one.heat == two.heat);
  }
}
