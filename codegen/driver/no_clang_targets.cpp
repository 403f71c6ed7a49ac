// Built instead of clang_targets.cpp where LLVM is not wanted (-DMLFFGEN_WITH_CLANG=OFF).
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

HostCode compile_host_code(const std::string&, const std::string&) {
  throw UserError("this mlffgen was built without LLVM and makes no host code; use --target cuda, or build with -DMLFFGEN_WITH_CLANG=ON");
}

CheckedSource check_source(const emit::Source& source, bool) {
  CheckedSource checked;
  checked.text = source.cuda;
  for (const emit::Kernel& kernel : source.kernels) {
    checked.manifest["kernels"].push_back({{"name", kernel.name}, {"arguments", kernel.arguments}});
  }
  return checked;
}

}  // namespace mlffgen::driver
