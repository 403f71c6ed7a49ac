#include <fmt/format.h>

#include <algorithm>

#include "codegen/driver/targets.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"

namespace mlffgen::driver {

namespace {

runtime::Precision precision_of(bool double_precision) {
  return double_precision ? runtime::Precision::double_precision : runtime::Precision::single_precision;
}

// Where no tile fits, the smallest: the runtime says what is missing.
runtime::Configuration configuration_for(const std::string& arch, const std::vector<runtime::Tunable>& tunables,
                                         const std::vector<runtime::SharedNeed>& needs, bool double_precision) {
  const auto limit = static_cast<std::size_t>(jit::sm_limits(arch).shared_bytes_per_block);
  const auto fitting = runtime::fitting_defaults(tunables, needs, precision_of(double_precision), limit);
  if (fitting) return *fitting;
  const auto tile = std::find_if(tunables.begin(), tunables.end(),
                                 [](const runtime::Tunable& t) { return t.define == runtime::kTileDefine; });
  return {{runtime::kTileDefine, *std::min_element(tile->choices.begin(), tile->choices.end())}};
}

}  // namespace

std::vector<runtime::SharedNeed> shared_needs(const emit::Schedule& schedule, bool double_precision) {
  const int real = double_precision ? sizeof(double) : sizeof(float);
  constexpr int kIndices = 2 * sizeof(int), kAlignment = 16;  // of a record: the neighbour, the row of the tables
  std::vector<runtime::SharedNeed> needs;
  for (const emit::Phase& phase : schedule.phases) {
    const int record = (phase.record_numbers * real + kIndices + kAlignment - 1) / kAlignment * kAlignment;
    needs.push_back({phase.tile_numbers, phase.has_pairs ? record : 0, phase.deferred_numbers, phase.team_numbers,
                     phase.has_products});
  }
  return needs;
}

GpuCode compile_gpu_code(const CheckedSource& source, const std::vector<emit::Kernel>& kernels,
                         const std::vector<runtime::SharedNeed>& needs, bool double_precision,
                         const std::string& arch) {
  static const jit::Nvrtc nvrtc;
  GpuCode code;
  code.arch = arch;
  code.configuration = configuration_for(arch, source.tunables, needs, double_precision);
  jit::CompileOptions options;
  options.cpp_standard = 17;
  for (const auto& [define, value] : code.configuration) options.defines.push_back(fmt::format("{}={}", define, value));
  const jit::Cubin cubin = nvrtc.compile_cubin(source.text, arch, options);
  const runtime::BlockShape shape = runtime::shape_of(source.tunables, code.configuration);
  code.bytes.assign(reinterpret_cast<const char*>(cubin.bytes.data()), cubin.bytes.size());
  code.report = {{"arch", arch},
                 {"bytes", cubin.bytes.size()},
                 {"configuration", code.configuration},
                 {"seconds", cubin.seconds},
                 {"kernels", nlohmann::json::array()}};
  for (std::size_t p = 0; p < kernels.size(); ++p) {
    for (const jit::KernelReport& kernel : cubin.kernels) {
      if (kernel.name != kernels[p].name) continue;
      const std::size_t shared = runtime::shared_bytes(needs[p], shape, precision_of(double_precision)) +
                                 static_cast<std::size_t>(kernel.static_shared_bytes);
      const jit::Occupancy fit = jit::occupancy(arch, {shape.threads(), kernel.registers, static_cast<int>(shared)});
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
