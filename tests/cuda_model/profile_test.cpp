// The steps of a call and their times.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Profile;
using runtime::Structure;

namespace {

constexpr runtime::ProfileOptions kQuick = {.repeats = 1, .warm_up = 0};

std::vector<std::string> steps_of(const Profile& profile) {
  std::vector<std::string> steps;
  for (const auto& step : profile.steps) steps.push_back(step.part + ": " + step.name);
  return steps;
}

using Names = std::vector<std::string>;

Names operator+(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Names kAllPairs = {"list: all_pairs_count", "list: all_pairs_fill"};
const Names kEnergies = {"model: phase_0", "model: phase_1"};
const Names kForces = {"model: phase_2", "model: phase_3"};
// Results, and the status.
const Names kCopyOut = {"copy out: copy to the host", "copy out: copy to the host"};

}  // namespace

TEST_CASE("the steps of a profile are what a call does, in its order") {
  cuda_model::CudaModel model(test::small_bundle(false));
  const std::vector<Structure> small = {test::molecule(7, 1), test::molecule(3, 2)};
  const Names copy_in = {"copy in: copy to the device"};
  const Profile both = model.profile(small, {}, kQuick);
  CHECK(steps_of(both) == copy_in + kAllPairs + kEnergies + kForces + Names{"reductions: reduce_forces"} + kCopyOut);
  CHECK(both.n_systems == 2);
  CHECK(both.n_atoms == 10);
  CHECK(both.n_pairs > 0);
  CHECK(both.tile_atoms >= 1);

  const Profile energies = model.profile(small, {.forces = false}, kQuick);
  CHECK(steps_of(energies) == copy_in + kAllPairs + kEnergies + Names{"reductions: reduce_energies"} + kCopyOut);
}

TEST_CASE("a system that is sorted in space has the steps of the cell list, with a skin those of the candidates") {
  const Structure large = test::crystal(11, 10, 10, 0, 1);
  const Names sort = {"list: list_begin", "list: list_check",    "list: cells_count",
                      "list: cells_scan", "list: cells_scatter", "list: cells_sort"};
  const Names copy_in = {"copy in: copy to the device"};
  const Names rest = kEnergies + Names{"reductions: reduce_energies"} + kCopyOut;
  cuda_model::CudaModel anew(test::small_bundle(false), {.graphs = false});
  CHECK(steps_of(anew.profile({&large, 1}, {.forces = false}, kQuick)) ==
        copy_in + sort + Names{"list: cell_pairs_count", "list: cell_pairs_fill"} + rest);
  cuda_model::CudaModel kept(test::small_bundle(false), {.skin = 0.5, .graphs = false});
  CHECK(steps_of(kept.profile({&large, 1}, {.forces = false}, kQuick)) ==
        copy_in + sort +
            Names{"list: candidates_count", "list: candidates_fill", "list: candidate_pairs_count",
                  "list: candidate_pairs_fill"} +
            rest);
}

TEST_CASE("the times of the steps are positive and add up to that of all, which the call contains") {
  cuda_model::CudaModel model(test::small_bundle(false));
  const std::vector<Structure> structures = {test::molecule(9, 1)};
  const Profile once = model.profile(structures, {}, kQuick);
  for (const auto& step : once.steps) {
    CAPTURE(step.name);
    CHECK(step.time.median > 0);
    CHECK((step.blocks > 0) == (step.threads > 0));
    CHECK((step.blocks > 0) == (step.bytes == 0));
  }
  CHECK(once.sum_of_steps() == doctest::Approx(once.all_steps.median).epsilon(0.02));

  // Series of calls one after the other: measured again where the machine did something else during one of them.
  Profile often;
  for (int attempt = 0; attempt < 5; ++attempt) {
    often = model.profile(structures, {}, {.repeats = 20, .warm_up = 1});
    if (often.graph->median < 1.25 * often.call.median && often.sum_of_steps() < 1.5 * often.all_steps.median) break;
  }
  for (const auto& time : {often.call, *often.graph, *often.plain_call, often.all_steps, often.steps[3].time}) {
    CHECK(time.p5 > 0);
    CHECK(time.p5 <= time.median);
    CHECK(time.median <= time.p95);
  }
  CHECK(often.graph->median < 1.25 * often.call.median);
  CHECK(often.sum_of_steps() < 1.5 * often.all_steps.median);
}

TEST_CASE("without graphs a profile has no graph, and the same steps") {
  const std::vector<Structure> structures = {test::molecule(7, 1)};
  cuda_model::CudaModel with(test::small_bundle(false)), without(test::small_bundle(false), {.graphs = false});
  const Profile profile = without.profile(structures, {}, kQuick);
  CHECK_FALSE(profile.graph);
  CHECK_FALSE(profile.plain_call);
  CHECK(profile.call.median > 0);
  CHECK(steps_of(profile) == steps_of(with.profile(structures, {}, kQuick)));
  CHECK(without.statistics().replays == 0);
}

TEST_CASE("a profile takes all structures at once, and leaves the model as it was") {
  std::vector<Structure> structures;
  for (unsigned k = 0; k < 8; ++k) structures.push_back(test::molecule(5, k));
  cuda_model::CudaModel model(test::small_bundle(true), {.atoms_per_batch = 10});
  const auto expected = model.evaluate(structures);
  CHECK(model.profile(structures, {}, kQuick).n_atoms == 40);
  const auto before = model.statistics();
  CHECK(test::same_bits(model.evaluate(structures), expected));
  const auto after = model.statistics();
  CHECK(after.batches - before.batches == 4);
  model.evaluate(structures);
  CHECK(model.statistics().replays > after.replays);
}

TEST_CASE("what cannot be profiled is refused, and the model works on") {
  const std::vector<Structure> one = {test::molecule(5, 1)};
  cuda_model::CudaModel model(test::small_bundle(true));
  const auto expected = model.evaluate(one);
  CHECK_THROWS_WITH_AS(model.profile({}), "a profile needs at least one structure", UserError);
  CHECK_THROWS_WITH_AS(model.profile(one, {}, {.repeats = 0}),
                       "a profile takes 1 repeat or more and a warm-up of 0 calls or more, not 0 and 10", UserError);
  CHECK_THROWS_AS(model.profile(one, {}, {.warm_up = -1}), UserError);
  std::vector<Structure> broken = {one[0], one[0]};
  broken[1].atomic_numbers[2] = 92;
  try {
    model.profile(broken, {}, kQuick);
    FAIL("no error");
  } catch (const StructureError& error) {
    CHECK(error.system() == 1);
    CHECK(error.atom() == 2);
  }
  CHECK(test::same_bits(model.evaluate(one), expected));
}

TEST_CASE("structures that memory does not suffice for at once are refused") {
  std::vector<Structure> structures;
  for (unsigned k = 0; k < 40; ++k) structures.push_back(test::molecule(5, k));
  cuda_model::CudaModel one(test::small_bundle(true));
  one.evaluate({&structures[0], 1});
  cuda_model::CudaModel limited(test::small_bundle(true), {.memory_limit = one.statistics().device_bytes * 3 / 2});
  try {
    limited.profile(structures, {}, kQuick);
    FAIL("no error");
  } catch (const UserError& error) {
    CHECK(std::string(error.what()).find("the 40 structures take ") == 0);
    CHECK(std::string(error.what()).find("profile fewer at once") != std::string::npos);
  }
}
