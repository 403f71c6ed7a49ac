#include "runtime/jit/environment.h"

#include <cstdlib>

namespace mlffgen::jit {

const std::vector<EnvironmentVariable>& environment_variables() {
  static const std::vector<EnvironmentVariable> list = {
      {kCudaVariable, "path of the CUDA driver's library (libcuda.so...) to use instead of searching for one"},
      {kNvrtcVariable, "path of the NVRTC library (libnvrtc.so...) to use instead of searching for one"},
      {kCacheFolderVariable, "folder of compiled kernels (default $XDG_CACHE_HOME/mlffgen, else ~/.cache/mlffgen)"},
      {kCacheSizeVariable, "what compiled kernels may take on the disk, such as 512M or 2G (default 1G; 0: nothing)"},
      {kLogVariable, "1: lines on the standard error that say what kernels are run with, and why"},
      {kWisdomFolderVariable,
       "folder of tuning results (default $XDG_DATA_HOME/mlffgen/wisdom, else ~/.local/share/mlffgen/wisdom)"},
      {kPythonVariable,
       "Python interpreter: with PyTorch for mlffgen bench, with NumPy for mlffgen import (default python3)"}};
  return list;
}

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

}  // namespace mlffgen::jit
