#include <fmt/format.h>

#include "codegen/clang/format.h"
#include "codegen/clang/host_compiler.h"
#include "codegen/clang/lint.h"
#include "codegen/clang/manifest.h"
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

namespace {

runtime::Tunable tunable_of(const clang::Tunable& found) {
  internal_check(!found.define.empty(), "a tunable of the emitted source is not set by a macro");
  return {found.define, static_cast<int>(found.value), {found.choices.begin(), found.choices.end()}};
}

// The launch that the runtime will work out must be the one that the kernels' own constants ask for.
void check_launches(const clang::Manifest& manifest, const std::vector<runtime::Tunable>& tunables,
                    const emit::Schedule& schedule, bool double_precision) {
  const auto precision = double_precision ? runtime::Precision::double_precision : runtime::Precision::single_precision;
  const std::vector<runtime::SharedNeed> needs = shared_needs(schedule, double_precision);
  const runtime::BlockShape shape = runtime::shape_of(tunables, {});
  for (std::size_t k = 0; k < manifest.kernels.size(); ++k) {
    std::size_t bytes = 0;
    for (const clang::SharedArray& array : manifest.kernels[k].shared_arrays) bytes += array.bytes;
    if (bytes == runtime::shared_bytes(needs[k], shape, precision) &&
        manifest.kernels[k].max_threads == shape.threads()) {
      continue;
    }
    throw InternalError(fmt::format("kernel {} needs {} threads and {} bytes of shared memory, other than planned",
                                    manifest.kernels[k].name, manifest.kernels[k].max_threads, bytes));
  }
}

}  // namespace

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

CheckedSource check_source(const emit::Source& source, const emit::Schedule& schedule, bool double_precision) {
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
  }
  std::string findings;
  for (const clang::LintFinding& f : clang::lint(checked.text, defines, {double_precision, true})) {
    findings += fmt::format("\n  line {} in {}: {} [{}]", f.line, f.function, f.message, f.rule);
  }
  if (!findings.empty()) throw InternalError("the emitted source breaks its own rules:" + findings);
  for (const clang::Tunable& tunable : manifest.tunables) checked.tunables.push_back(tunable_of(tunable));
  check_launches(manifest, checked.tunables, schedule, double_precision);
  checked.manifest = manifest;
  return checked;
}

}  // namespace mlffgen::driver
