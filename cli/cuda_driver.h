// The CUDA driver of this machine as far as `mlffgen doctor` asks: loaded when it is needed, never required.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mlffgen::cli {

struct Gpu {
  std::string name, arch;  // "NVIDIA H100", "sm_90"
  std::size_t memory_bytes = 0;
};

struct CudaDriver {
  bool found = false;
  std::string problem;  // why there is no usable GPU, one line; "" if there is one
  std::string details;  // what was tried
  std::string version;  // the newest CUDA that the driver runs, "12.4"
  std::vector<Gpu> gpus;
};

// Never throws for a missing or broken driver: that is what it reports.
CudaDriver find_cuda_driver();

}  // namespace mlffgen::cli
