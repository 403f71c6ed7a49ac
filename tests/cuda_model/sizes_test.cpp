// How calls are sized and graphs kept: no GPU needed.
#include <doctest/doctest.h>

#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/graph_cache.h"
#include "runtime/cuda_model/layout.h"

using namespace mlffgen::cuda_model;

TEST_CASE("capacities grow in steps of 16 and then of an eighth, and never shrink a call") {
  CHECK(round_up_capacity(0) == 16);
  CHECK(round_up_capacity(1) == 16);
  CHECK(round_up_capacity(16) == 16);
  CHECK(round_up_capacity(17) == 32);
  CHECK(round_up_capacity(1024) == 1024);
  CHECK(round_up_capacity(1025) == 1152);
  CHECK(round_up_capacity(2048) == 2048);
  CHECK(round_up_capacity(2049) == 2304);
  std::int64_t steps = 0, last = 0;
  for (std::int64_t n = 1; n < 100000; ++n) {
    const std::int64_t capacity = round_up_capacity(n);
    CHECK(capacity >= n);
    CHECK(capacity % 16 == 0);
    CHECK(capacity >= last);
    if (n > 1024) CHECK(static_cast<double>(capacity) < 1.13 * static_cast<double>(n));
    steps += capacity != last ? 1 : 0;
    last = capacity;
  }
  CHECK(steps < 64 + 8 * 7);
}

TEST_CASE("one large system is padded by less than 16 atoms") {
  CHECK(atom_capacity(27000, 1) == 27008);
  CHECK(atom_capacity(27000, 2) == 28672);
}

TEST_CASE("a block takes one atom while all blocks fit the GPU at once, and never more than the tile") {
  CHECK(choose_tile_atoms(9, 16, 132) == 1);
  CHECK(choose_tile_atoms(132, 16, 132) == 1);
  CHECK(choose_tile_atoms(133, 16, 132) == 2);
  CHECK(choose_tile_atoms(1000000, 16, 132) == 16);
  CHECK(choose_tile_atoms(1, 16, 0) == 1);
  CHECK(choose_tile_atoms(1, 1, 1) == 1);
}

TEST_CASE("blocks of equal size fill each round of blocks") {
  CHECK(choose_tile_atoms(9216, 16, 132) == 14);  // five rounds, as with 16
  CHECK(choose_tile_atoms(2113, 16, 132) == 9);   // one atom more than a round
}

TEST_CASE("a tile that begins at any atom ends within the padded atoms") {
  for (int tile = 1; tile <= 32; tile *= 2) {
    for (int n = 1; n < 200; ++n) CHECK(padded_atoms(n, tile) >= n - 1 + tile);
  }
}

TEST_CASE("the arrays of a call do not overlap, and what energies need comes first") {
  const InputLayout in(5, 2);
  CHECK(in.positions >= 8);
  CHECK(in.atomic_numbers >= in.positions + 5 * 24);
  CHECK(in.system_begin >= in.atomic_numbers + 5 * 4);
  CHECK(in.cells >= in.system_begin + 3 * 4);
  CHECK(in.periodic >= in.cells + 2 * 72);
  CHECK(in.bytes >= in.periodic + 2 * 4);
  const OutputLayout out(5, 2);
  CHECK(out.atom_energies >= out.energies + 2 * 8);
  CHECK(out.energy_bytes >= out.atom_energies + 5 * 8);
  CHECK(out.forces >= out.energy_bytes);
  CHECK(out.virials >= out.forces + 5 * 24);
  CHECK(out.bytes >= out.virials + 2 * 72);
  CHECK(out.used(false) == out.energy_bytes);
  CHECK(out.used(true) == out.bytes);
}

TEST_CASE("the graph used longest ago makes room for a new one") {
  GraphCache cache(2);
  const CallKey a{BatchKind::host, 16, 16, true}, b{BatchKind::host, 16, 16, false}, c{BatchKind::device, 16, 16, true};
  cache.at(a).seen = true;
  cache.at(b).seen = true;
  CHECK(cache.at(a).seen);
  CHECK_FALSE(cache.at(c).seen);
  CHECK(cache.size() == 2);
  CHECK(cache.at(a).seen);
  CHECK_FALSE(cache.at(b).seen);
  cache.clear();
  CHECK_FALSE(cache.at(a).seen);
}
