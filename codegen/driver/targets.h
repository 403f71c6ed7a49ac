// The target-dependent half of the compiler.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codegen/driver/compile.h"

namespace mlffgen::driver {

// Native code for one CPU level.
struct HostCode {
  std::string cpu;
  std::vector<std::string> features;
  std::string bytes;
  nlohmann::json report;
};
HostCode compile_host_code(const std::string& source, const std::string& cpu);

// Machine code for one GPU architecture with the registers, spills, shared memory and occupancy of each kernel.
struct GpuCode {
  std::string arch;
  std::string bytes;
  nlohmann::json report;
};

// What one kernel's launch asks for on a GPU, with the default tunables.
struct Launch {
  int threads = 0;  // of a block
  std::size_t shared_bytes = 0;
};
GpuCode compile_gpu_code(const std::string& cuda, const emit::Source& source, const std::vector<Launch>& launches,
                         const std::string& arch);

// The formatted source with its manifest; checks it against the emitter's kernels and the lint rules.
struct CheckedSource {
  std::string text;
  nlohmann::json manifest;
  std::vector<Launch> launches;  // of the source's kernels, in order
};
CheckedSource check_source(const emit::Source& source, const emit::Schedule& schedule, bool double_precision);

}  // namespace mlffgen::driver
