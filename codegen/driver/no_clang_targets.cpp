// Built instead of clang_targets.cpp where LLVM is not wanted (-DMLFFGEN_WITH_CLANG=OFF).
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

HostCode compile_host_code(const std::string&, const std::string&) {
  throw UserError(
      "this mlffgen was built without LLVM and makes no host code; use --target cuda, or build with "
      "-DMLFFGEN_WITH_CLANG=ON");
}

CheckedSource check_source(const emit::Source& source, const emit::Schedule&, bool) {
  CheckedSource checked;
  checked.text = source.cuda;
  // The tunables of templates/cuda_shim.cuh and common.cuh, which the manifest tells where there is one; tests/driver
  // holds the two together.
  checked.tunables = {{"MLFF_LANES", 32, {32, 64, 128, 256}}, {"MLFF_TEAMS", 8, {1, 2, 4, 8}},
                      {"MLFF_MIN_BLOCKS", 2, {1, 2, 3, 4}},   {"MLFF_MIN_PAIR_BLOCKS", 2, {1, 2, 3, 4}},
                      {"MLFF_PAIR_CHUNK", 16, {16, 32, 64}},  {"MLFF_WEIGHT_STEPS", 4, {2, 4, 8}},
                      {"MLFF_TILE", 8, {4, 8, 16, 32}},       {"MLFF_PAIR_BATCH", 2, {1, 2, 4, 8}}};
  for (const emit::Kernel& kernel : source.kernels) {
    checked.manifest["kernels"].push_back({{"name", kernel.name}, {"arguments", kernel.arguments}});
  }
  return checked;
}

}  // namespace mlffgen::driver
