// `mlffgen profile`: where the time of a call goes, kernel by kernel.
#include <fmt/format.h>
#include <omp.h>

#include <filesystem>
#include <limits>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/frames.h"
#include "cli/output_file.h"
#include "cli/profile_chart.h"
#include "cli/profile_counters.h"
#include "cli/profile_report.h"
#include "cli/random_structures.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/cuda/context.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/kernel_cost.h"
#include "runtime/kernels/device_limits.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxThreads = 4096;
constexpr int kMaxRepeats = 100000;

constexpr const char* kOneCall = "--one-call";

constexpr const char* kFooter = R"(examples:
  mlffgen profile model.mlff structures.extxyz --device cuda
  mlffgen profile model.mlff --atoms 8000 --device cuda --json
  mlffgen profile model.mlff --atoms 8000 --device cuda --plot roofline.svg
  mlffgen profile model.mlff molecule.extxyz --repeats 20 --threads 1

All structures of the file are one call. Without a file, the call is a periodic cube of random atoms of the model's
elements. Times are microseconds: on a GPU between CUDA events behind each kernel and copy, launched one by one without
a graph; each holds the microsecond or so that the GPU takes from one to the next. On the host they are the wall clock.
On a GPU each step is held against what the GPU was measured to do at most, which takes about a second.
)";

struct Arguments {
  fs::path model, input, plot;
  std::string device = "host";
  int atoms = 1000, threads = 0;
  runtime::ProfileOptions options;
  bool energy_only = false, json = false, no_limits = false, ncu = false;
  bool one_call = false;  // what --ncu runs: one call for a profiler to see
};

// What is profiled, with where it comes from.
struct Input {
  std::vector<runtime::Structure> structures;
  std::vector<SourceLocation> places;  // of a file's structures
  std::vector<std::string> labels;
};

Input read_input(const fs::path& path, const runtime::Plan& plan) {
  const Units units{plan.length_unit, plan.energy_unit};
  runtime::ExtxyzReader reader(path);
  Input input;
  for (runtime::Frame frame; reader.read(frame); frame = {}) {
    const SourceLocation where{path.string(), frame.line, 0};
    try {
      convert_frame(frame, frame_units(frame, units), units);
    } catch (const UserError& error) {
      throw UserError(where, error.what());
    }
    input.labels.push_back(frame_label(static_cast<int>(input.labels.size()), frame));
    input.places.push_back(where);
    input.structures.push_back(std::move(frame.structure));
  }
  if (input.structures.empty()) throw UserError(fmt::format("{}: the file holds no structure", path.string()));
  return input;
}

// An error of a structure names its place in the file.
runtime::Profile profile_of(runtime::Evaluator& model, const Input& input, const Arguments& arguments) {
  const runtime::EvaluateOptions options{!arguments.energy_only, arguments.threads};
  try {
    return model.profile(input.structures, options, arguments.options);
  } catch (const StructureError& error) {
    const auto system = static_cast<std::size_t>(error.system());
    if (error.system() < 0 || system >= input.places.size()) throw;
    try {
      model.evaluate({&input.structures[system], 1}, options);
    } catch (const StructureError& alone) {
      throw UserError(input.places[system], input.labels[system] + ": " + alone.what());
    }
    throw;
  }
}

Input input_of(const Arguments& arguments, const runtime::Plan& plan) {
  if (!arguments.input.empty()) return read_input(arguments.input, plan);
  Input input;
  input.structures.push_back(random_structure({arguments.atoms, true}, plan, 1));
  return input;
}

std::optional<kernels::DeviceLimits> limits_of(const Arguments& arguments, int device, runtime::Precision precision) {
  if (arguments.no_limits) return std::nullopt;
  show_progress("measuring the GPU ...");
  const cuda::Context context(device);
  const cuda::CurrentContext current(context);
  return kernels::measure_limits(kernels::KernelLibrary(context), precision);
}

// Runs this program once more with the same call.
std::vector<std::optional<KernelCounters>> counters_of(const Arguments& arguments, const runtime::Profile& profile) {
  show_progress("reading the GPU's counters ...");
  std::vector<std::string> words = {"profile", arguments.model.string()};
  if (!arguments.input.empty()) words.push_back(arguments.input.string());
  words.insert(words.end(), {"--device", arguments.device, kOneCall});
  if (arguments.input.empty()) words.insert(words.end(), {"--atoms", std::to_string(arguments.atoms)});
  if (arguments.energy_only) words.emplace_back("--energy-only");
  return counters_of_steps(profile, read_counters(words));
}

// Without a graph, whose kernels a profiler may not tell apart, and behind two calls that make room.
int run_one_call(const Arguments& arguments, const api::Device& device, const runtime::Bundle& bundle) {
  cuda_model::CudaModel model(
      bundle, {.device = device.index, .graphs = false, .atoms_per_batch = std::numeric_limits<int>::max()});
  const Input input = input_of(arguments, model.plan());
  const runtime::EvaluateOptions options{!arguments.energy_only, 0};
  for (int k = 0; k < 2; ++k) model.evaluate(input.structures, options);
  const cuda::CurrentContext current(model.context());
  const cuda::ProfiledRange range(model.context());
  model.evaluate(input.structures, options);
  return 0;
}

void write_plot(const fs::path& path, const ProfileReport& report) {
  const runtime::Profile& profile = report.profile;
  const std::string what = fmt::format("{}, {} precision, {} atoms, {} pairs", report.model, report.precision,
                                       profile.n_atoms, profile.n_pairs);
  write_file_atomically(path, svg_of(roofline_chart("Kernels of " + report.model + " on " + report.device, what,
                                                    profile, *report.roofline)));
}

void check_usage(const Arguments& arguments, const api::Device& device) {
  usage_check(device.cuda || arguments.plot.empty(), "--plot needs --device cuda: the host has no roofline");
  usage_check(device.cuda || !arguments.no_limits, "--no-limits needs --device cuda: the host has no limits");
  usage_check(device.cuda || (!arguments.ncu && !arguments.one_call), "--ncu needs --device cuda");
  if (!arguments.plot.empty()) check_replaceable(arguments.plot);
  if (arguments.ncu) find_ncu();
}

int run(const Arguments& arguments) {
  const api::Device device = device_of(arguments.device);
  check_usage(arguments, device);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  if (arguments.one_call) return run_one_call(arguments, device, bundle);
  const auto costs = runtime::read_costs(bundle);
  OpenModel model = open_model(bundle, device);
  const runtime::Plan plan = model.evaluator->plan();
  const Input input = input_of(arguments, plan);
  show_progress("timing calls ...");
  ProfileReport report;
  report.profile = profile_of(*model.evaluator, input, arguments);
  report.model = plan.name;
  report.precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
  report.device = model.evaluator->device();
  report.options = arguments.options;
  if (!device.cuda) report.threads = arguments.threads > 0 ? arguments.threads : omp_get_max_threads();
  model.evaluator.reset();  // what follows needs its memory
  if (device.cuda) {
    const auto limits = limits_of(arguments, device.index, plan.precision);
    report.roofline = roofline_of(report.profile, costs, plan.precision, limits);
  }
  if (arguments.ncu) report.counters = counters_of(arguments, report.profile);
  end_progress();
  if (!arguments.plot.empty()) write_plot(arguments.plot, report);
  if (arguments.json) {
    fmt::print("{}\n", profile_json(report).dump(2));
  } else {
    print_profile_report(report);
  }
  return 0;
}

}  // namespace

Command add_profile(CLI::App& program) {
  CLI::App* app = program.add_subcommand("profile", "time the steps of a call: neighbour list, phases, copies");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  CLI::Option* const input =
      app->add_option("structures", arguments->input, "the structures of the call")->type_name("IN.extxyz");
  add_device_option(*app, arguments->device);
  app->add_option("--atoms", arguments->atoms, "without IN: atoms of the periodic cube")
      ->check(whole_number(1, kMostRandomAtoms))
      ->type_name("N")
      ->excludes(input)
      ->capture_default_str();
  app->add_option("--repeats", arguments->options.repeats, "calls that are timed, each way")
      ->check(whole_number(1, kMaxRepeats))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--warm-up", arguments->options.warm_up, "calls before those")
      ->check(whole_number(0, kMaxRepeats))
      ->type_name("N")
      ->capture_default_str();
  app->add_flag("--energy-only", arguments->energy_only, "no forces and no virial");
  app->add_option("--threads", arguments->threads, "of the host; 0: all cores, or OMP_NUM_THREADS")
      ->check(whole_number(0, kMaxThreads))
      ->type_name("N")
      ->capture_default_str();
  CLI::Option* const no_limits =
      app->add_flag("--no-limits", arguments->no_limits, "do not measure what the GPU can do at most");
  app->add_option("--plot", arguments->plot, "write the roofline of the kernels as a chart")
      ->type_name("FILE.svg")
      ->excludes(no_limits);
  app->add_flag("--ncu", arguments->ncu, "read the GPU's counters too, by Nsight Compute (ncu)");
  app->add_flag(kOneCall, arguments->one_call)->group("");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
