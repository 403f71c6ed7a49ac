#include <fmt/format.h>

#include "codegen/driver/targets.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"

namespace mlffgen::driver {

GpuCode compile_gpu_code(const std::string& cuda, const emit::Source& source, const std::vector<Launch>& launches,
                         const std::string& arch) {
  static const jit::Nvrtc nvrtc;
  jit::CompileOptions options;
  options.cpp_standard = 17;
  const jit::Cubin cubin = nvrtc.compile_cubin(cuda, arch, options);
  GpuCode code;
  code.arch = arch;
  code.bytes.assign(reinterpret_cast<const char*>(cubin.bytes.data()), cubin.bytes.size());
  code.report = {
      {"arch", arch}, {"bytes", cubin.bytes.size()}, {"seconds", cubin.seconds}, {"kernels", nlohmann::json::array()}};
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
