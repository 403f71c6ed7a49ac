#include <fmt/format.h>

#include "codegen/clang/format.h"
#include "codegen/clang/host_compiler.h"
#include "codegen/clang/lint.h"
#include "codegen/clang/manifest.h"
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

HostCode compile_host_code(const std::string& source, const std::string& cpu) {
  clang::HostOptions options;
  options.cpu = cpu;
  const clang::HostLibrary library = clang::compile_host(source, options);
  HostCode code;
  code.cpu = cpu;
  code.features = library.required_features;
  code.bytes.assign(reinterpret_cast<const char*>(library.bytes.data()), library.bytes.size());
  code.report = {
      {"cpu", cpu},
      {"bytes", library.bytes.size()},
      {"features", library.required_features},
      {"vectorised_loops", library.vectorised_loops.size()},
      {"seconds",
       {{"frontend", library.frontend_seconds}, {"backend", library.backend_seconds}, {"link", library.link_seconds}}}};
  return code;
}

CheckedSource check_source(const emit::Source& source, const emit::Schedule&, bool double_precision) {
  CheckedSource checked;
  checked.text = clang::format_source(source.cuda);
  const std::vector<std::string> defines = {"MLFF_PARSE"};
  const clang::Manifest manifest = clang::parse_manifest(checked.text, defines);
  internal_check(manifest.kernels.size() == source.kernels.size(),
                 "the emitted source holds other kernels than planned");
  for (std::size_t k = 0; k < source.kernels.size(); ++k) {
    const clang::Kernel& found = manifest.kernels[k];
    bool same = found.name == source.kernels[k].name && found.parameters.size() == source.kernels[k].arguments.size();
    for (std::size_t p = 0; same && p < found.parameters.size(); ++p)
      same = found.parameters[p].name == source.kernels[k].arguments[p];
    if (!same) throw InternalError("kernel " + found.name + " takes other arguments than planned");
    Launch launch;
    launch.threads = found.max_threads;
    for (const clang::SharedArray& array : found.shared_arrays) launch.shared_bytes += array.bytes;
    checked.launches.push_back(launch);
  }
  std::string findings;
  for (const clang::LintFinding& f : clang::lint(checked.text, defines, {double_precision, true})) {
    findings += fmt::format("\n  line {} in {}: {} [{}]", f.line, f.function, f.message, f.rule);
  }
  if (!findings.empty()) throw InternalError("the emitted source breaks its own rules:" + findings);
  checked.manifest = manifest;
  return checked;
}

}  // namespace mlffgen::driver
