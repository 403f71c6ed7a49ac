#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/kernels/kernel_library.h"

using namespace mlffgen;
using namespace mlffgen::kernels;

namespace {

constexpr int kSkipped = 77;  // what CTest counts as skipped

// NVRTC; where it is missing, ends the program as skipped.
const jit::Nvrtc& nvrtc() {
  static const jit::Nvrtc compiler = [] {
    try {
      return jit::Nvrtc();
    } catch (const UserError& error) {
      std::printf("skipped: %s\n", error.what());
      std::exit(kSkipped);
    }
  }();
  return compiler;
}

}  // namespace

TEST_CASE(
    "every kernel of the runtime compiles for GPUs old and new, and leaves room for three blocks of 256 threads") {
  for (const char* const file : {"all_pairs.cu", "candidate_pairs.cu", "cell_pairs.cu", "device_limits.cu",
                                 "neighbour_cells.cu", "pair_reductions.cu"}) {
    for (const auto precision : {runtime::Precision::single_precision, runtime::Precision::double_precision}) {
      for (const char* const arch : {"sm_80", "sm_90"}) {
        CAPTURE(file);
        CAPTURE(arch);
        jit::CompileOptions options;
        options.defines = {std::string("MLFF_REAL=") + real_name(precision)};
        const auto cubin = nvrtc().compile_cubin(kernel_text(file), arch, options);
        CHECK(cubin.kernels.size() >= 2);
        for (const auto& kernel : cubin.kernels) {
          CAPTURE(kernel.name);
          CHECK(kernel.registers <= 80);
          CHECK(kernel.spill_store_bytes <= 64);
        }
      }
    }
  }
}
