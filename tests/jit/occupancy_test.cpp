#include "runtime/jit/occupancy.h"

#include <doctest/doctest.h>

#include <tuple>

#include "base/error.h"

namespace mlffgen::jit {
namespace {

TEST_CASE("a small block is limited by warps or by the number of blocks") {
  const Occupancy full = occupancy("sm_90", {256, 32, 0});
  CHECK(full.blocks_per_sm == 8);
  CHECK(full.warps_per_sm == 64);
  CHECK(full.fraction == 1.0);
  CHECK(full.limit == OccupancyLimit::warps);

  const Occupancy single_warp = occupancy("sm_86", {32, 16, 0});
  CHECK(single_warp.blocks_per_sm == 16);
  CHECK(single_warp.limit == OccupancyLimit::blocks);
  CHECK(single_warp.fraction == doctest::Approx(1.0 / 3.0));
}

TEST_CASE("registers are given in portions of 256 a warp, and a warp lives in one sub-partition") {
  CHECK(occupancy("sm_90", {128, 128, 0}).blocks_per_sm == 4);
  CHECK(occupancy("sm_90", {128, 128, 0}).limit == OccupancyLimit::registers);
  // 129 registers cost as much as 136.
  CHECK(occupancy("sm_90", {128, 129, 0}).blocks_per_sm == occupancy("sm_90", {128, 136, 0}).blocks_per_sm);
  CHECK(occupancy("sm_90", {128, 129, 0}).blocks_per_sm == 3);
  // 168 registers: three warps a sub-partition (3.05), so three blocks of four warps.
  CHECK(occupancy("sm_80", {128, 168, 0}).blocks_per_sm == 3);
  CHECK(occupancy("sm_80", {1024, 65, 0}).blocks_per_sm == 0);
}

TEST_CASE("each block costs a further KiB of shared memory") {
  CHECK(occupancy("sm_90", {128, 32, 113 * 1024}).blocks_per_sm == 2);
  CHECK(occupancy("sm_90", {128, 32, 113 * 1024 + 1}).blocks_per_sm == 1);
  CHECK(occupancy("sm_90", {128, 32, 227 * 1024}).blocks_per_sm == 1);
  CHECK(occupancy("sm_90", {128, 32, 113 * 1024}).limit == OccupancyLimit::shared_memory);
}

TEST_CASE("a block that cannot run has no occupancy") {
  CHECK(occupancy("sm_90", {128, 32, 227 * 1024 + 1}).blocks_per_sm == 0);
  CHECK(occupancy("sm_90", {2048, 16, 0}).blocks_per_sm == 0);
  CHECK(occupancy("sm_90", {128, 256, 0}).blocks_per_sm == 0);
  CHECK(occupancy("sm_90", {128, 256, 0}).fraction == 0.0);
}

TEST_CASE("architectures differ where NVIDIA's table says so") {
  const std::vector<std::tuple<std::string, int, int, int>> cases = {
      // arch, blocks of 128 threads, of 32 threads, of 48 KiB shared memory
      {"sm_80", 16, 32, 3}, {"sm_86", 12, 16, 2},  {"sm_89", 12, 24, 2},
      {"sm_90", 16, 32, 4}, {"sm_100", 16, 32, 4}, {"sm_120", 12, 24, 2},
  };
  CHECK(cases.size() == known_sm_limits().size());
  for (const auto& [arch, of_128, of_32, of_48_kib] : cases) {
    CAPTURE(arch);
    CHECK(occupancy(arch, {128, 32, 0}).blocks_per_sm == of_128);
    CHECK(occupancy(arch, {32, 32, 0}).blocks_per_sm == of_32);
    CHECK(occupancy(arch, {128, 32, 48 * 1024}).blocks_per_sm == of_48_kib);
  }
}

TEST_CASE("an unknown architecture is a user error that lists the known ones") {
  CHECK_THROWS_WITH_AS(occupancy("sm_70", {128, 32, 0}),
                       "no occupancy data for GPU architecture 'sm_70': known are sm_80, sm_86, sm_89, sm_90, sm_100, "
                       "sm_120",
                       UserError);
  CHECK_THROWS_AS(occupancy("sm_90", {0, 32, 0}), InternalError);
}

}  // namespace
}  // namespace mlffgen::jit
