#include <fmt/format.h>

#include <algorithm>

#include "codegen/clang/format.h"
#include "codegen/clang/host_compiler.h"
#include "codegen/clang/lint.h"
#include "codegen/clang/manifest.h"
#include "codegen/driver/targets.h"

namespace mlffgen::driver {

namespace {

TileLaunches launches_of(const clang::Manifest& manifest, int atoms) {
  TileLaunches tile{atoms, {}};
  for (const clang::Kernel& kernel : manifest.kernels) {
    Launch launch;
    launch.threads = kernel.max_threads;
    for (const clang::SharedArray& array : kernel.shared_arrays) launch.shared_bytes += array.bytes;
    tile.launches.push_back(launch);
  }
  return tile;
}

// Blocks of the default size, and of the smaller choices for GPUs with less shared memory.
std::vector<TileLaunches> tiles_of(const std::string& text, const std::vector<std::string>& defines,
                                   const clang::Manifest& manifest) {
  const auto tunable = std::find_if(manifest.tunables.begin(), manifest.tunables.end(),
                                    [](const clang::Tunable& t) { return t.define == kTileDefine; });
  internal_check(tunable != manifest.tunables.end(), "the emitted source has no tunable for the atoms of a block");
  std::vector<std::int64_t> smaller = tunable->choices;
  std::erase_if(smaller, [&](std::int64_t atoms) { return atoms >= tunable->value; });
  std::sort(smaller.rbegin(), smaller.rend());
  std::vector<TileLaunches> tiles = {launches_of(manifest, static_cast<int>(tunable->value))};
  for (const std::int64_t atoms : smaller) {
    std::vector<std::string> with_tile = defines;
    with_tile.push_back(fmt::format("{}={}", kTileDefine, atoms));
    tiles.push_back(launches_of(clang::parse_manifest(text, with_tile), static_cast<int>(atoms)));
  }
  return tiles;
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
  }
  std::string findings;
  for (const clang::LintFinding& f : clang::lint(checked.text, defines, {double_precision, true})) {
    findings += fmt::format("\n  line {} in {}: {} [{}]", f.line, f.function, f.message, f.rule);
  }
  if (!findings.empty()) throw InternalError("the emitted source breaks its own rules:" + findings);
  checked.tiles = tiles_of(checked.text, defines, manifest);
  checked.manifest = manifest;
  return checked;
}

}  // namespace mlffgen::driver
