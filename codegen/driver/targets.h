// The target-dependent half of the compiler.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codegen/driver/compile.h"
#include "runtime/block_shape.h"

namespace mlffgen::driver {

// Native code for one CPU level.
struct HostCode {
  std::string cpu;
  std::vector<std::string> features;
  std::string bytes;
  nlohmann::json report;
};
HostCode compile_host_code(const std::string& source, const std::string& cpu);

// The formatted source with its manifest; checks it against the emitter's kernels and the lint rules.
struct CheckedSource {
  std::string text;
  nlohmann::json manifest;
  std::vector<runtime::Tunable> tunables;
};
CheckedSource check_source(const emit::Source& source, const emit::Schedule& schedule, bool double_precision);

// What a block keeps in shared memory in each phase.
std::vector<runtime::SharedNeed> shared_needs(const emit::Schedule& schedule, bool double_precision);

// Machine code for one GPU architecture with the registers, spills, shared memory and occupancy of each kernel.
struct GpuCode {
  std::string arch;
  runtime::Configuration configuration;  // the defaults, with as many atoms of a tile as shared memory allows
  std::string bytes;
  nlohmann::json report;
};
GpuCode compile_gpu_code(const CheckedSource& source, const std::vector<emit::Kernel>& kernels,
                         const std::vector<runtime::SharedNeed>& needs, bool double_precision, const std::string& arch);

}  // namespace mlffgen::driver
