// What only NVML knows: the version of the kernel driver and the free memory. For this folder only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mlffgen::cuda {

struct NvmlReport {
  std::string library;                  // the name under which it was found; "" if it was not
  std::string kernel_driver;            // "580.159.03"
  std::vector<std::size_t> free_bytes;  // for each uuid; 0 = unknown
};

// Never fails: what is not there stays empty. Looks beside `cuda_library` first, if that is a path.
NvmlReport ask_nvml(const std::string& cuda_library, const std::vector<std::string>& uuids);

}  // namespace mlffgen::cuda
