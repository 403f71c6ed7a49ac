#include "loaded_code.h"

#include "codegen/emit/templates.h"

namespace mlffgen::test {

std::string host_shim_text(bool double_precision) {
  return std::string("using real = ") + (double_precision ? "double" : "float") + ";\n" +
         emit::template_file("host_shim.h") + emit::template_file("common.cuh");
}

LoadedCode::LoadedCode(const std::string& source, const std::string& cpu) {
  const clang::HostLibrary library = clang::compile_host(source, {.cpu = cpu, .defines = {}});
  object_ = std::make_unique<runtime::SharedObject>(library.bytes, "test code");
}

}  // namespace mlffgen::test
