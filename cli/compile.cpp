// `mlffgen compile`: a specification and weights to a model file.
#include "codegen/driver/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/compile_report.h"
#include "cli/model_options.h"
#include "cli/output_file.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultArch = "sm_90";

constexpr const char* kFooter = R"(examples:
  mlffgen compile painn.yaml --weights weights.safetensors
  mlffgen compile painn.yaml -o model.mlff --arch sm_80,sm_90
  mlffgen compile painn.yaml --target host --host-cpu native --precision double
  mlffgen compile painn.yaml --untrained-weights 1 --emit-source generated
  mlffgen compile painn.yaml --untrained-weights 1 --print-after simplify
)";

struct Arguments {
  ModelArguments model;
  fs::path output;
  std::string target;
  std::vector<std::string> archs, host_cpus, forms;
  fs::path emit_source;
  std::string print_after;
  bool json = false, quiet = false;
};

// The architectures that both this NVRTC and our occupancy tables know; nothing without NVRTC.
std::vector<std::string> usable_archs(const jit::Nvrtc& nvrtc) {
  std::vector<std::string> usable;
  const std::vector<std::string> supported = nvrtc.supported_archs();
  for (const jit::SmLimits& limits : jit::known_sm_limits()) {
    if (std::find(supported.begin(), supported.end(), limits.arch) != supported.end()) usable.emplace_back(limits.arch);
  }
  return usable;
}

void check_archs(const std::vector<std::string>& archs, const std::vector<std::string>& usable) {
  for (const std::string& arch : archs) {
    if (std::find(usable.begin(), usable.end(), arch) != usable.end()) continue;
    throw UserError(fmt::format("cannot compile for {}: this machine's NVRTC and mlffgen know {}{}", quote(arch),
                                join(usable, ", "), did_you_mean(arch, usable)));
  }
}

// Fills in what is compiled for. Machine code for GPUs is optional by default: the source is in the bundle anyway.
void choose_targets(const Arguments& arguments, driver::Options& options) {
  const bool asked_gpu = arguments.target == "cuda" || arguments.target == "all" || !arguments.archs.empty();
  usage_check(arguments.target != "host" || arguments.archs.empty(), "--arch needs --target cuda or all");
  usage_check(arguments.target != "cuda" || arguments.host_cpus.empty(), "--host-cpu needs --target host or all");
  if (arguments.target != "host") {
    std::optional<jit::Nvrtc> nvrtc;
    try {
      nvrtc.emplace();
    } catch (const UserError& error) {
      if (asked_gpu) throw;
      fmt::print(stderr, "mlffgen: note: no GPU code made ahead, as NVRTC is missing; 'mlffgen doctor' says more\n");
    }
    if (nvrtc) {
      options.gpu_archs = arguments.archs.empty() ? std::vector<std::string>{kDefaultArch} : arguments.archs;
      check_archs(options.gpu_archs, usable_archs(*nvrtc));
    }
  }
  const bool host_by_default = MLFFGEN_HAS_CLANG != 0;
  if (arguments.target == "host" || arguments.target == "all" || (arguments.target.empty() && host_by_default)) {
    options.host_cpus = arguments.host_cpus.empty() ? driver::default_host_cpus() : arguments.host_cpus;
  }
}

// "all" stands for every form; the default leaves out what the model has in the first form anyway.
std::vector<std::string> forms_of(const Arguments& arguments, const driver::Options& options) {
  std::vector<std::string> forms = arguments.forms.empty() ? driver::default_forms() : arguments.forms;
  if (forms == std::vector<std::string>{"all"}) forms = driver::all_forms();
  const bool inline_anyway = options.double_precision || options.radial == passes::RadialForm::inline_;
  if (arguments.forms.empty() && inline_anyway) std::erase(forms, "fused-inline");
  const std::vector<std::string> known = driver::all_forms();
  for (const std::string& form : forms) {
    if (std::find(known.begin(), known.end(), form) != known.end()) continue;
    throw UsageError(fmt::format("--forms: no form {}{}; forms: {}, all", quote(form), did_you_mean(form, known),
                                 join(known, ", ")));
  }
  return forms;
}

void check_pass(const std::string& name) {
  std::vector<std::string> known = passes::pass_names();
  known.emplace_back("all");
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
  throw UsageError(fmt::format("--print-after: no pass {}{}; passes: {}", quote(name), did_you_mean(name, known),
                               join(known, ", ")));
}

template <typename T>
void check_unique(const char* option, const std::vector<T>& values) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool twice = std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), values[k]) !=
                       values.begin() + static_cast<std::ptrdiff_t>(k);
    usage_check(!twice, fmt::format("{} names {} twice", option, quote(values[k])));
  }
}

int run(const Arguments& arguments) {
  if (arguments.quiet) silence_progress();
  check_unique("--arch", arguments.archs);
  check_unique("--host-cpu", arguments.host_cpus);
  check_unique("--forms", arguments.forms);
  check_pass(arguments.print_after);
  driver::Options options = driver_options(arguments.model);
  if (!arguments.emit_source.empty()) options.emit_source = arguments.emit_source;
  options.print_after = arguments.print_after;
  options.forms = forms_of(arguments, options);
  choose_targets(arguments, options);
  const fs::path output =
      arguments.output.empty() ? fs::path(dsl::load_spec(options.spec).name + ".mlff") : arguments.output;
  // Now, not after seconds of work.
  check_replaceable(output);

  driver::Callbacks callbacks;
  callbacks.stage = [](const std::string& stage) { show_progress(fmt::format("compiling: {} ...", stage)); };
  // With --json the standard output is the report's alone.
  std::FILE* const ir_stream = arguments.json ? stderr : stdout;
  callbacks.ir = [ir_stream](const std::string& pass, const std::string& ir) {
    end_progress();
    fmt::print(ir_stream, "# after {}\n{}\n", pass, ir);
  };
  const driver::Compiled compiled = driver::compile(options, callbacks);
  end_progress();
  print_diagnostics(compiled.diagnostics);
  without_interrupts([&] { runtime::Bundle::write(output, compiled.sections); });

  const std::size_t bytes = fs::file_size(output);
  if (arguments.json) {
    nlohmann::json report = compiled.report;
    report["file"] = output.string();
    report["bytes"] = bytes;
    fmt::print("{}\n", report.dump(2));
  } else if (!arguments.quiet) {
    print_compile_report(compiled.report);
    fmt::print("\nwrote {} ({})\n", output.string(), size_text(bytes));
  }
  return 0;
}

}  // namespace

Command add_compile(CLI::App& program) {
  CLI::App* app = program.add_subcommand("compile", "compile a specification and its weights to a model file");
  const auto arguments = std::make_shared<Arguments>();
  add_model_options(*app, arguments->model);
  app->add_option("-o,--output", arguments->output, "the model file (default: NAME.mlff in the current folder)")
      ->type_name("MODEL.mlff");
  app->add_option(
         "--target", arguments->target,
         "host, cuda or all (default: host, and cuda where NVRTC is found; the CUDA source is always in the file)")
      ->check(CLI::IsMember({"host", "cuda", "all"}))
      ->type_name("NAME");
  app->add_option("--arch", arguments->archs, "GPUs to make machine code for, such as sm_80,sm_90 (default: sm_90)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST");
  app->add_option("--host-cpu", arguments->host_cpus,
                  "native, x86-64-v2, x86-64-v3, x86-64-v4 (default: " + join(driver::default_host_cpus(), ",") + ")")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"native", "x86-64-v2", "x86-64-v3", "x86-64-v4"}))
      ->type_name("LIST");
  app->add_option("--forms", arguments->forms,
                  "ways to cut the model into GPU kernels that the tuner may choose from, the default first, or all "
                  "(default: " +
                      join(driver::default_forms(), ",") + ")")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST");
  app->add_option("--emit-source", arguments->emit_source,
                  "also write the generated source and its plan into this folder")
      ->type_name("FOLDER");
  app->add_option("--print-after", arguments->print_after, "print the model after a pass of the compiler, or after all")
      ->type_name("PASS");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->add_flag("--quiet", arguments->quiet, "print warnings and errors only");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
