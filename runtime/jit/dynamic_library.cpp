#include "runtime/jit/dynamic_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"

namespace mlffgen::jit {
namespace {

void close(void* handle) {
  if (handle != nullptr) dlclose(handle);
}

}  // namespace

DynamicLibrary::DynamicLibrary(const std::vector<std::string>& candidates, const std::string& purpose,
                               const std::string& advice) {
  std::string tried;
  for (const std::string& candidate : candidates) {
    handle_ = std::shared_ptr<void>(dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL), close);
    if (handle_ != nullptr) {
      name_ = candidate;
      return;
    }
    const char* reason = dlerror();
    tried += fmt::format("\n  {}: {}", candidate, reason == nullptr ? "unknown reason" : reason);
  }
  throw UserError(fmt::format("cannot load {}; {}; tried:{}", purpose, advice, tried));
}

void* DynamicLibrary::address(const char* symbol) const {
  void* found = dlsym(handle_.get(), symbol);
  if (found == nullptr) throw UserError(fmt::format("{} has no function {}: install a newer version", name_, symbol));
  return found;
}

}  // namespace mlffgen::jit
