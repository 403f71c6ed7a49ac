// The statistics that ptxas prints with -v, as NVRTC hands them on. For this folder only.
#pragma once

#include <string>
#include <vector>

#include "runtime/jit/nvrtc.h"

namespace mlffgen::jit {

// One report for each entry function that the log describes, ordered by name. Understands the logs of CUDA 12 and 13;
// what a later version words differently is left out, for the report only informs. Sets no constant_bytes.
std::vector<KernelReport> parse_ptxas_log(const std::string& log);

}  // namespace mlffgen::jit
