// `mlffgen autotune`: finds the fastest kernels of a model on a GPU, and remembers them.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "cli/autotune_report.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/random_structures.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "tuning/gpu_device.h"

namespace mlffgen::cli {
namespace {

constexpr int kSignalStatus = 128;
constexpr int kMostCandidates = 1000;
constexpr int kPeriodicAtoms = 400;  // from which a size without a letter is a periodic cube

constexpr const char* kFooter = R"(examples:
  mlffgen autotune model.mlff
  mlffgen autotune model.mlff --device cuda:1 --sizes 21,1024x9,8000 --budget 60s
  mlffgen autotune model.mlff --again --json > tuning.json

A size is the atoms of a call: N, a cluster of so many atoms, from 400 on a periodic cube; Np, a periodic cube in any case;
MxN, M clusters at once. Ctrl-C ends the search; the same command then goes on where it ended. What is found is used
by every later run of the model on this GPU. MLFFGEN_WISDOM_DIR is the folder that it is kept in.
)";

struct Arguments {
  std::filesystem::path model;
  std::string device = "cuda", sizes = "9,100,1000,8000", budget = "120s", precision;
  int candidates = 8;
  bool again = false, json = false, quiet = false;
};

// "64x9": how many structures of which size.
struct CallSize {
  int structures = 1;
  StructureSize size;
};

CallSize call_size(const std::string& word) {
  CallSize call;
  const auto cross = word.find('x');
  try {
    call.size = parse_structure_size(cross == std::string::npos ? word : word.substr(cross + 1));
    const StructureSize count = parse_structure_size(cross == std::string::npos ? "1" : word.substr(0, cross));
    if (count.periodic) throw UserError("a count with a p");
    call.structures = count.atoms;
  } catch (const UserError&) {
    throw UsageError(
        fmt::format("--sizes: expected a number of atoms such as 100, 1000p or 64x9, not {}", quote(word)));
  }
  call.size.periodic |= call.structures == 1 && call.size.atoms >= kPeriodicAtoms;
  usage_check(static_cast<double>(call.structures) * call.size.atoms <= kMostRandomAtoms,
              fmt::format("--sizes: {} has more than {} atoms", word, kMostRandomAtoms));
  return call;
}

// "120s", "2min", "90": seconds.
double budget_of(const std::string& text) {
  std::size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string unit = text.substr(end);
  const double factor = unit.empty() || unit == "s" ? 1 : (unit == "min" ? 60 : 0);
  usage_check(end > 0 && factor > 0 && std::isfinite(value) && value > 0,
              fmt::format("--budget: expected a time such as 120s or 2min, not '{}'", text));
  return value * factor;
}

std::vector<runtime::Structure> structures_of(const CallSize& call, const runtime::Plan& plan) {
  std::vector<runtime::Structure> structures;
  for (int k = 0; k < call.structures; ++k) {
    structures.push_back(random_structure(call.size, plan, static_cast<std::uint64_t>(k + 1)));
  }
  return structures;
}

void tell(const tuning::TuningProgress& progress) {
  const std::string what = progress.kernel.empty() ? "decided" : progress.form + " " + progress.kernel;
  show_progress(fmt::format("tuning {}/{}: {} atoms, {}, {:.1f} -> {:.1f} us", progress.done, progress.total,
                            progress.atoms, what, progress.default_us, progress.best_us));
}

int run(const Arguments& arguments) {
  if (arguments.quiet) silence_progress();
  const api::Device device = device_of(arguments.device);
  usage_check(device.cuda, "--device must be a GPU: the host has nothing to tune");
  const double seconds = budget_of(arguments.budget);
  std::vector<CallSize> calls;
  AutotuneReport report;
  report.sizes = split(arguments.sizes, ',');
  usage_check(!report.sizes.empty(), "--sizes: expected sizes separated by commas, such as 9,100,1000");
  for (const std::string& word : report.sizes) calls.push_back(call_size(word));
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };

  const wisdom::Store store(wisdom::environment_folder());
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const char* precision =
      runtime::read_plan(bundle).precision == runtime::Precision::double_precision ? "double" : "float";
  if (!arguments.precision.empty() && arguments.precision != precision) {
    throw UserError(fmt::format("{}: the model was compiled for {} precision; compile it with --precision {}",
                                arguments.model.string(), precision, arguments.precision));
  }
  store.make();  // rather than find out when the model is loaded
  const StopSignal signal;
  show_progress("loading the model ...");
  cuda_model::CudaOptions options;
  options.device = device.index;
  cuda_model::KernelTrials trials(bundle, options);
  tuning::GpuDevice gpu(trials);
  const runtime::Plan& plan = trials.model().plan();
  tuning::TuningRequest request{trials.key(), plan.name, trials.choices(), {}};
  for (const CallSize& call : calls) {
    request.sizes.push_back(gpu.add_call(structures_of(call, plan)));
    report.n_atoms.push_back(call.structures * call.size.atoms);
  }
  tuning::TuningOptions tuning_options;
  tuning_options.seconds = std::max(0.0, seconds - elapsed());
  tuning_options.candidates = static_cast<std::size_t>(arguments.candidates);
  tuning_options.again = arguments.again;
  tuning_options.stop = [] { return StopSignal::received() != 0; };
  tuning_options.progress = tell;
  report.tuning = tuning::tune(gpu, request, store, tuning_options);
  end_progress();

  report.model = plan.name;
  report.precision = precision;
  report.device = trials.model().device();
  report.folder = store.folder().string();
  report.seconds = elapsed();
  if (StopSignal::received() != 0) report.stopped_by = StopSignal::name();
  for (const std::string& warning : report.tuning.warnings) fmt::print(stderr, "mlffgen: warning: {}\n", warning);
  if (arguments.json) {
    fmt::print("{}\n", autotune_json(report).dump(2));
  } else {
    print_autotune_report(report);
  }
  return report.stopped_by.empty() ? 0 : kSignalStatus + StopSignal::received();
}

}  // namespace

Command add_autotune(CLI::App& program) {
  CLI::App* app = program.add_subcommand("autotune", "find the fastest kernels of a model on a GPU");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  add_device_option(*app, arguments->device);
  app->add_option("--sizes", arguments->sizes, "calls to tune for, by their atoms")
      ->type_name("LIST")
      ->capture_default_str();
  app->add_option("--budget", arguments->budget, "time after which no search is begun, such as 120s or 2min")
      ->type_name("TIME")
      ->capture_default_str();
  app->add_option("--precision", arguments->precision,
                  "float or double: refuse a model that was compiled for the other")
      ->check(CLI::IsMember({"float", "double"}))
      ->type_name("NAME");
  app->add_option("--candidates", arguments->candidates, "configurations of a kernel that are tried at first")
      ->check(whole_number(1, kMostCandidates))
      ->type_name("N")
      ->capture_default_str();
  app->add_flag("--again", arguments->again, "measure anew what is known already");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->add_flag("--quiet", arguments->quiet, "no progress");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
