#include <doctest/doctest.h>

#include "runtime/neighbour_list.h"
#include "tests/kernels/device_list.h"
#include "tests/kernels/random_structures.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::build_neighbour_list;
using runtime::Structure;

namespace {

constexpr double kCutoff = 3, kSkin = 0.6;

ListOptions options() { return {runtime::Precision::double_precision, kCutoff, kSkin, {1, 2, 3}}; }

bool is_exact(const HostPairs& pairs, std::span<const Structure> systems) {
  return pairs.status.list_fault == 0 && keys_of(pairs) == keys_of(build_neighbour_list(systems, kCutoff)) &&
         broken_invariant(pairs, kCutoff).empty();
}

}  // namespace

TEST_CASE("along random walks the list is exact in every step, and is rebuilt in few of them") {
  Random random(21);
  for (int periodicity = 0; periodicity < 8; ++periodicity) {
    std::vector<Structure> systems = {random_structure(random, 90, 7, periodicity, true),
                                      random_structure(random, 5, 1.5, 7 - periodicity, false),
                                      random_structure(random, 40, 6, periodicity, false)};
    ListRunner runner(options());
    const int steps = 25;
    int rebuilds = 0;
    for (int step = 0; step < steps; ++step) {
      CAPTURE(periodicity);
      CAPTURE(step);
      const auto pairs = runner.run(systems, ListPath::cells);
      CHECK(is_exact(pairs, systems));
      rebuilds += pairs.status.rebuilt;
      for (auto& system : systems) shake(random, system, 0.04);
    }
    // Rebuilding in each step would be exact too, and rebuilding never would not.
    CHECK(rebuilds >= 2);
    CHECK(rebuilds <= steps / 2);
  }
}

TEST_CASE("a list is rebuilt once an atom has moved by half the skin, and not before") {
  Random random(22);
  Structure structure = random_structure(random, 60, 8, 7, false);
  ListRunner runner(options());
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 1);
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 0);
  structure.positions[17][1] += 0.499 * kSkin;
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 0);
  structure.positions[17][1] += 0.002 * kSkin;
  const auto moved = runner.run(structure, ListPath::cells);
  CHECK(moved.status.rebuilt == 1);
  CHECK(is_exact(moved, std::span(&structure, 1)));
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 0);
}

TEST_CASE("another cell, periodicity or division into systems is a reason to rebuild, another element is none") {
  Random random(23);
  std::vector<Structure> systems(2, random_structure(random, 30, 6, 7, false));
  ListRunner runner(options());
  const auto rebuilt = [&] {
    const auto pairs = runner.run(systems, ListPath::cells);
    CHECK(is_exact(pairs, systems));
    return pairs.status.rebuilt;
  };
  CHECK(rebuilt() == 1);
  CHECK(rebuilt() == 0);
  systems[1].cell[0][1] += 1e-9;
  CHECK(rebuilt() == 1);
  systems[1].periodic[2] = false;
  CHECK(rebuilt() == 1);
  CHECK(rebuilt() == 0);
  // The last atom of the first system becomes the first of the second, beside its twin.
  systems[0].positions.back()[0] += 1.1;
  systems[1].positions.insert(systems[1].positions.begin(), systems[0].positions.back());
  systems[1].atomic_numbers.insert(systems[1].atomic_numbers.begin(), systems[0].atomic_numbers.back());
  systems[0].positions.pop_back();
  systems[0].atomic_numbers.pop_back();
  CHECK(rebuilt() == 1);
  systems.pop_back();
  CHECK(rebuilt() == 1);
  systems[0].atomic_numbers[3] = 2;
  systems[0].atomic_numbers[4] = 3;
  const auto pairs = runner.run(systems, ListPath::cells);
  CHECK(pairs.status.rebuilt == 0);
  bool right = true;
  for (std::size_t s = 0; s < systems[0].positions.size(); ++s) {
    right &= pairs.element[s] == systems[0].atomic_numbers[static_cast<std::size_t>(pairs.order[s])] - 1;
  }
  CHECK(right);
}

TEST_CASE("a list that is to be forgotten, or that all pairs came between, is rebuilt") {
  Random random(24);
  const Structure structure = random_structure(random, 40, 6, 3, false);
  ListRunner runner(options());
  runner.run(structure, ListPath::cells);
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 0);
  runner.list().enqueue_forget(gpu().stream);
  CHECK(runner.run(structure, ListPath::cells).status.rebuilt == 1);
  runner.run(structure, ListPath::all_pairs);
  const auto pairs = runner.run(structure, ListPath::cells);
  CHECK(pairs.status.rebuilt == 1);
  CHECK(is_exact(pairs, std::span(&structure, 1)));
}

TEST_CASE("an atom that is folded back into the cell costs a rebuild and no pair") {
  Random random(25);
  Structure structure = random_structure(random, 60, 7, 7, true);
  ListRunner runner(options());
  runner.run(structure, ListPath::cells);
  for (std::size_t k = 0; k < 3; ++k) structure.positions[5][k] -= structure.cell[0][k];
  const auto pairs = runner.run(structure, ListPath::cells);
  CHECK(pairs.status.rebuilt == 1);
  CHECK(is_exact(pairs, std::span(&structure, 1)));
}
