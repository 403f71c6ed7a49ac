// Built instead of clang_targets.cpp where LLVM is not wanted (-DMLFFGEN_WITH_CLANG=OFF).
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

namespace {

// The defaults of the tunables in templates/cuda_shim.cuh and common.cuh, and a team's scratch, which the manifest
// tells where there is one; tests/driver holds the two together.
constexpr int kLanes = 128, kTeams = 2, kTile = 16, kPairBatch = 4, kTeamScratch = 4 * 64;

Launch launch_of(const emit::Phase& phase, bool double_precision) {
  const int numbers = kTile * phase.tile_numbers + kTeams * (kPairBatch * phase.team_numbers + kTeamScratch);
  return {kLanes * kTeams, static_cast<std::size_t>(numbers) * (double_precision ? sizeof(double) : sizeof(float))};
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
  for (const emit::Phase& phase : schedule.phases) checked.launches.push_back(launch_of(phase, double_precision));
  for (const emit::Kernel& kernel : source.kernels) {
    checked.manifest["kernels"].push_back({{"name", kernel.name}, {"arguments", kernel.arguments}});
  }
  return checked;
}

}  // namespace mlffgen::driver
