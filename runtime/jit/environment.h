// The environment variables of mlffgen. This is the only place that reads them.
//
// | variable      | meaning                                                                                 |
// |---------------|-----------------------------------------------------------------------------------------|
// | MLFFGEN_NVRTC | path of the NVRTC library (libnvrtc.so...) to use instead of searching for one          |
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

inline constexpr const char* kNvrtcVariable = "MLFFGEN_NVRTC";

// The value of a variable; nothing if it is unset or empty.
std::optional<std::string> environment_variable(const char* name);

}  // namespace mlffgen::jit
