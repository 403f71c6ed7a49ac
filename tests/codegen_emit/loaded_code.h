// Text compiled for this machine's processor and loaded, for tests of single functions.
#pragma once

#include <memory>
#include <string>

#include "codegen/clang/host_compiler.h"
#include "runtime/shared_object.h"

namespace mlffgen::test {

// The host shim and what both targets share, for float or double; tests append functions of their own.
std::string host_shim_text(bool double_precision);

class LoadedCode {
 public:
  explicit LoadedCode(const std::string& source, const std::string& cpu = "native");

  template <typename Function>
  Function* function(const std::string& name) const {
    return reinterpret_cast<Function*>(object_->symbol(name));
  }

 private:
  std::unique_ptr<runtime::SharedObject> object_;
};

}  // namespace mlffgen::test
