#include "runtime/jit/environment.h"

#include <cstdlib>

namespace mlffgen::jit {

const std::vector<EnvironmentVariable>& environment_variables() {
  static const std::vector<EnvironmentVariable> list = {
      {kNvrtcVariable, "path of the NVRTC library (libnvrtc.so...) to use instead of searching for one"}};
  return list;
}

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

}  // namespace mlffgen::jit
