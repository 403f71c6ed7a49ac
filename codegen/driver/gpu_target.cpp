#include <fmt/format.h>

#include "codegen/driver/targets.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"

namespace mlffgen::driver {

namespace {

// The defaults of the tunables in templates/cuda_shim.cuh and common.cuh.
constexpr std::size_t kLanes = 128, kTeams = 2, kTile = 16, kPairBatch = 4, kScratch = 4 * 64;

}  // namespace

std::size_t shared_bytes(const emit::Phase& phase, bool double_precision) {
  const std::size_t team = kPairBatch * static_cast<std::size_t>(phase.team_numbers) + kScratch;
  const std::size_t numbers = kTile * static_cast<std::size_t>(phase.tile_numbers) + kTeams * team;
  return numbers * (double_precision ? sizeof(double) : sizeof(float));
}

GpuCode compile_gpu_code(const emit::Source& source, const emit::Schedule& schedule, const std::string& arch,
                         bool double_precision) {
  static const jit::Nvrtc nvrtc;
  jit::CompileOptions options;
  options.cpp_standard = 17;
  const jit::Cubin cubin = nvrtc.compile_cubin(source.cuda, arch, options);
  GpuCode code;
  code.arch = arch;
  code.bytes.assign(reinterpret_cast<const char*>(cubin.bytes.data()), cubin.bytes.size());
  code.report = {{"arch", arch}, {"bytes", cubin.bytes.size()}, {"seconds", cubin.seconds}, {"kernels", nlohmann::json::array()}};
  for (std::size_t p = 0; p < source.kernels.size(); ++p) {
    for (const jit::KernelReport& kernel : cubin.kernels) {
      if (kernel.name != source.kernels[p].name) continue;
      const std::size_t shared = shared_bytes(schedule.phases[p], double_precision);
      const jit::Occupancy fit = jit::occupancy(
          arch, {static_cast<int>(kLanes * kTeams), kernel.registers, static_cast<int>(shared) + kernel.static_shared_bytes});
      code.report["kernels"].push_back({{"name", kernel.name},
                                        {"registers", kernel.registers},
                                        {"spill_bytes", kernel.spill_store_bytes + kernel.spill_load_bytes},
                                        {"stack_bytes", kernel.stack_bytes},
                                        {"shared_bytes", shared + static_cast<std::size_t>(kernel.static_shared_bytes)},
                                        {"blocks_per_multiprocessor", fit.blocks_per_sm},
                                        {"occupancy", fit.fraction}});
    }
  }
  return code;
}

}  // namespace mlffgen::driver
