// `mlffgen compile`: from a specification and weights to the sections of a bundle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codegen/emit/emit.h"
#include "codegen/passes/passes.h"
#include "dsl/spec.h"
#include "runtime/bundle.h"

namespace mlffgen::driver {

struct Options {
  std::filesystem::path spec;
  std::optional<std::filesystem::path> weights;  // instead of the spec's
  std::optional<std::uint64_t> untrained_seed;   // deterministic random weights instead of any file
  bool double_precision = false;
  passes::RadialForm radial = passes::RadialForm::automatic;
  // Forms of the code, the default first: the names of emit::Fusion, or one with "-inline" for functions of the
  // distance worked out in the kernels. Processors and machine code made ahead have the first alone.
  std::vector<std::string> forms = {"fused"};
  std::vector<std::string> host_cpus;                // "x86-64-v4", ..., "native"; empty: no host code
  std::vector<std::string> gpu_archs;                // "sm_90", ...; empty: no GPU code
  std::optional<std::filesystem::path> emit_source;  // folder for the emitted source and the IR
  std::string print_after;                           // a pass, or "all"
};

struct Callbacks {
  std::function<void(const std::string& stage)> stage;                     // a stage begins
  std::function<void(const std::string& pass, const std::string& ir)> ir;  // --print-after
};

// What the front half of the compiler gives: everything that does not depend on the target. Passes and schedule are
// those of the first form.
struct Model {
  dsl::ModelSpec spec;
  ir::Graph program;
  Diagnostics diagnostics;
  passes::Result passes;
  emit::Schedule schedule;
};

struct Compiled {
  std::vector<runtime::BundleSection> sections;
  nlohmann::json report;  // what `--json` prints; docs/cli.md describes it
  Diagnostics diagnostics;
};

// Stages "read", "elaborate", "passes", "schedule"; their seconds are appended to `seconds`.
Model build_model(const Options& options, const Callbacks& callbacks,
                  std::vector<std::pair<std::string, double>>& seconds);

Compiled compile(const Options& options, const Callbacks& callbacks);

// Those that a user can choose from: more forms for the tuner than for a quick compilation, and all of them.
std::vector<std::string> default_forms();
std::vector<std::string> all_forms();

// The CPU levels that are compiled when the user names none, best first.
std::vector<std::string> default_host_cpus();

}  // namespace mlffgen::driver
