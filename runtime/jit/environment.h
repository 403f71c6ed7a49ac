// The environment variables of mlffgen. This is the only place that reads them.
//
// | variable           | meaning                                                                                 |
// |--------------------|-----------------------------------------------------------------------------------------|
// | MLFFGEN_CUDA       | path of the CUDA driver's library (libcuda.so...) to use instead of searching for one   |
// | MLFFGEN_NVRTC      | path of the NVRTC library (libnvrtc.so...) to use instead of searching for one          |
// | MLFFGEN_CACHE_DIR  | folder of compiled kernels (default $XDG_CACHE_HOME/mlffgen, else ~/.cache/mlffgen)     |
// | MLFFGEN_CACHE_SIZE | what compiled kernels may take on the disk, such as 512M or 2G (default 1G; 0: nothing) |
// | MLFFGEN_LOG        | 1: lines on the standard error that say what kernels are run with, and why              |
// | MLFFGEN_WISDOM_DIR | folder of tuning results (default $XDG_DATA_HOME/mlffgen/wisdom, else                  |
// |                    | ~/.local/share/mlffgen/wisdom)                                                          |
// | MLFFGEN_PYTHON     | Python interpreter: with PyTorch for mlffgen bench, with NumPy for mlffgen import       |
// |                    | (default python3)                                                                       |
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mlffgen::jit {

struct EnvironmentVariable {
  const char* name;
  const char* meaning;
};

// The table above.
const std::vector<EnvironmentVariable>& environment_variables();

inline constexpr const char* kCudaVariable = "MLFFGEN_CUDA";
inline constexpr const char* kNvrtcVariable = "MLFFGEN_NVRTC";
inline constexpr const char* kCacheFolderVariable = "MLFFGEN_CACHE_DIR";
inline constexpr const char* kCacheSizeVariable = "MLFFGEN_CACHE_SIZE";
inline constexpr const char* kLogVariable = "MLFFGEN_LOG";
inline constexpr const char* kWisdomFolderVariable = "MLFFGEN_WISDOM_DIR";
inline constexpr const char* kPythonVariable = "MLFFGEN_PYTHON";

// The value of a variable; nothing if it is unset or empty.
std::optional<std::string> environment_variable(const char* name);

}  // namespace mlffgen::jit
