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
GpuCode compile_gpu_code(const emit::Source& source, const emit::Schedule& schedule, const std::string& arch,
                         bool double_precision);

// The formatted source with its manifest; checks it against the emitter's kernels and the lint rules.
struct CheckedSource {
  std::string text;
  nlohmann::json manifest;
};
CheckedSource check_source(const emit::Source& source, bool double_precision);

// Bytes of shared memory that a block of a phase needs on a GPU with the default tunables.
std::size_t shared_bytes(const emit::Phase& phase, bool double_precision);

}  // namespace mlffgen::driver
