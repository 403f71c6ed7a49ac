// Built instead of clang_targets.cpp where LLVM is not wanted (-DMLFFGEN_WITH_CLANG=OFF).
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

namespace {

// The defaults of the tunables in templates/cuda_shim.cuh and common.cuh, and the sizes in templates/phase.cu, which
// the manifest tells where there is one; tests/driver holds the two together.
constexpr int kLanes = 32, kTeams = 8, kTiles[] = {8, 4}, kPairBatch = 2, kPairChunk = 16, kWeightSteps = 4;
constexpr int kWarps = kLanes / 32, kTeamScratch = kWarps > 1 ? kWarps * 32 : 0;

int whole_quads(int numbers) { return (numbers + 3) / 4 * 4; }

Launch launch_of(const emit::Phase& phase, int tile, bool double_precision) {
  const int real = double_precision ? sizeof(double) : sizeof(float);
  const int record_bytes = phase.has_pairs ? (phase.record_numbers * real + 2 * 4 + 15) / 16 * 16 : 0;
  const int team_numbers = whole_quads(kPairChunk * (record_bytes / real + kWarps * phase.deferred_numbers) +
                                       kPairBatch * phase.team_numbers + kTeamScratch);
  const int ring = phase.has_products && !double_precision ? kWeightSteps * kLanes * kTeams * 8 : 0;
  const int numbers = ring + whole_quads(tile * phase.tile_numbers) + kTeams * team_numbers;
  return {kLanes * kTeams, static_cast<std::size_t>(numbers * real)};
}

}  // namespace

HostCode compile_host_code(const std::string&, const std::string&) {
  throw UserError(
      "this mlffgen was built without LLVM and makes no host code; use --target cuda, or build with "
      "-DMLFFGEN_WITH_CLANG=ON");
}

CheckedSource check_source(const emit::Source& source, const emit::Schedule& schedule, bool double_precision) {
  CheckedSource checked;
  checked.text = source.cuda;
  for (const int tile : kTiles) {
    TileLaunches& launches = checked.tiles.emplace_back(TileLaunches{tile, {}});
    for (const emit::Phase& phase : schedule.phases) {
      launches.launches.push_back(launch_of(phase, tile, double_precision));
    }
  }
  for (const emit::Kernel& kernel : source.kernels) {
    checked.manifest["kernels"].push_back({{"name", kernel.name}, {"arguments", kernel.arguments}});
  }
  return checked;
}

}  // namespace mlffgen::driver
