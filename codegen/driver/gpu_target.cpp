#include <fmt/format.h>

#include <algorithm>

#include "codegen/driver/targets.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"

namespace mlffgen::driver {

namespace {

const TileLaunches& largest_fitting(const std::vector<TileLaunches>& tiles, const std::string& arch) {
  const auto limit = static_cast<std::size_t>(jit::sm_limits(arch).shared_bytes_per_block);
  const auto fits = [&](const TileLaunches& tile) {
    return std::all_of(tile.launches.begin(), tile.launches.end(),
                       [&](const Launch& launch) { return launch.shared_bytes <= limit; });
  };
  const auto found = std::find_if(tiles.begin(), tiles.end(), fits);
  return found == tiles.end() ? tiles.back() : *found;
}

}  // namespace

GpuCode compile_gpu_code(const std::string& cuda, const emit::Source& source, const std::vector<TileLaunches>& tiles,
                         const std::string& arch) {
  static const jit::Nvrtc nvrtc;
  const TileLaunches& tile = largest_fitting(tiles, arch);
  const std::vector<Launch>& launches = tile.launches;
  jit::CompileOptions options;
  options.cpp_standard = 17;
  options.defines = {fmt::format("{}={}", kTileDefine, tile.atoms)};
  const jit::Cubin cubin = nvrtc.compile_cubin(cuda, arch, options);
  GpuCode code;
  code.arch = arch;
  code.tile = tile.atoms;
  code.bytes.assign(reinterpret_cast<const char*>(cubin.bytes.data()), cubin.bytes.size());
  code.report = {{"arch", arch},
                 {"bytes", cubin.bytes.size()},
                 {"tile", tile.atoms},
                 {"seconds", cubin.seconds},
                 {"kernels", nlohmann::json::array()}};
  for (std::size_t p = 0; p < source.kernels.size(); ++p) {
    for (const jit::KernelReport& kernel : cubin.kernels) {
      if (kernel.name != source.kernels[p].name) continue;
      const std::size_t shared = launches[p].shared_bytes + static_cast<std::size_t>(kernel.static_shared_bytes);
      const jit::Occupancy fit =
          jit::occupancy(arch, {launches[p].threads, kernel.registers, static_cast<int>(shared)});
      code.report["kernels"].push_back({{"name", kernel.name},
                                        {"registers", kernel.registers},
                                        {"spill_bytes", kernel.spill_store_bytes + kernel.spill_load_bytes},
                                        {"stack_bytes", kernel.stack_bytes},
                                        {"shared_bytes", shared},
                                        {"blocks_per_multiprocessor", fit.blocks_per_sm},
                                        {"occupancy", fit.fraction}});
    }
  }
  return code;
}

}  // namespace mlffgen::driver
