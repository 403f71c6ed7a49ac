// `mlffgen profile`: where the time of a call goes, kernel by kernel.
#include <fmt/format.h>
#include <omp.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/units.h"
#include "cli/checks/random.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/frames.h"
#include "cli/profile_report.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxThreads = 4096;
constexpr int kMaxRepeats = 100000;
constexpr int kMaxAtoms = 50000000;

// Of generated structures, angstrom: the density of a liquid, 0.1 atoms / angstrom^3.
constexpr double kSpacing = 2.1544, kJitter = 0.2;

constexpr const char* kFooter = R"(examples:
  mlffgen profile model.mlff structures.extxyz --device cuda
  mlffgen profile model.mlff --atoms 8000 --device cuda --json
  mlffgen profile model.mlff molecule.extxyz --repeats 20 --threads 1

All structures of the file are one call. Without a file, the call is a periodic cube of random atoms of the model's
elements. Times are microseconds: on a GPU between CUDA events behind each kernel and copy, launched one by one without
a graph; each holds the microsecond or so that the GPU takes from one to the next. On the host they are the wall clock.
)";

struct Arguments {
  fs::path model, input;
  std::string device = "host";
  int atoms = 1000, threads = 0;
  runtime::ProfileOptions options;
  bool energy_only = false, json = false;
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

// Random atoms on a disturbed cubic lattice in a periodic cube.
runtime::Structure random_liquid(int n_atoms, const runtime::Plan& plan) {
  const double angstrom = 1 / length_in_angstrom(plan.length_unit);
  const int side = static_cast<int>(std::ceil(std::cbrt(n_atoms) - 1e-9));
  Random random(1);
  runtime::Structure structure;
  structure.periodic = {true, true, true};
  for (std::size_t d = 0; d < 3; ++d) structure.cell[d][d] = side * kSpacing * angstrom;
  for (int k = 0; k < n_atoms; ++k) {
    const std::array<int, 3> site = {k % side, k / side % side, k / side / side};
    runtime::Vector3 position{};
    for (std::size_t d = 0; d < 3; ++d) {
      position[d] = (site[d] * kSpacing + random.uniform(-kJitter, kJitter)) * angstrom;
    }
    structure.positions.push_back(position);
    structure.atomic_numbers.push_back(plan.elements[random.index(plan.elements.size())]);
  }
  return structure;
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

int run(const Arguments& arguments) {
  const api::Device device = device_of(arguments.device);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const OpenModel model = open_model(bundle, device);
  const runtime::Plan& plan = model.evaluator->plan();
  Input input;
  if (arguments.input.empty()) {
    input.structures.push_back(random_liquid(arguments.atoms, plan));
  } else {
    input = read_input(arguments.input, plan);
  }
  show_progress("timing calls ...");
  ProfileReport report;
  report.profile = profile_of(*model.evaluator, input, arguments);
  end_progress();
  report.model = plan.name;
  report.precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
  report.device = model.evaluator->device();
  report.options = arguments.options;
  if (!device.cuda) report.threads = arguments.threads > 0 ? arguments.threads : omp_get_max_threads();
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
      ->check(whole_number(1, kMaxAtoms))
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
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
