// `mlffgen eval`: energies, forces and virials of the structures of a file.
#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/eval_report.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kMaxThreads = 4096;
constexpr int kMaxRepeats = 1000000;
constexpr std::size_t kHostBatchAtoms = 512;     // of the default batch: enough to keep every core busy
constexpr std::size_t kGpuBatchAtoms = 1 << 18;  // cut into smaller ones there, whose copies and kernels overlap
constexpr int kWarmUpCalls = 10;
constexpr double kWarmUpSeconds = 1;  // slow systems need no ten calls to warm up

constexpr const char* kFooter = R"(examples:
  mlffgen eval model.mlff structures.extxyz -o results.extxyz
  mlffgen eval model.mlff reference.extxyz --compare
  mlffgen eval model.mlff trajectory.extxyz -o results.extxyz --units eV
  mlffgen eval model.mlff molecule.extxyz --repeat 100 --threads 2 --json
  mlffgen eval model.mlff crystal.extxyz --device cuda:1 -o results.extxyz

units: positions are in the model's units, or with --units eV in angstrom, unless a frame names its own with the keys
length_unit and energy_unit; results come in the units of --units
)";

struct Arguments {
  fs::path model, input, output;
  std::string device = "host", units = "model";
  bool compare = false, energy_only = false, json = false;
  int threads = 0, batch = 0, repeat = 0;
};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// One call of eval: the file's frames in batches through the model, results in order.
class Evaluation {
 public:
  Evaluation(const Arguments& arguments, const OpenModel& model, bool on_gpu)
      : arguments_(arguments), model_(*model.evaluator), batch_atoms_(on_gpu ? kGpuBatchAtoms : kHostBatchAtoms) {
    const runtime::Plan& plan = model_.plan();
    model_units_ = {plan.length_unit, plan.energy_unit};
    units_ = arguments.units == "eV" ? Units{"angstrom", "eV"} : model_units_;
    options_.forces = !arguments.energy_only;
    options_.threads = arguments.threads;
    report_.model = plan.name;
    report_.precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
    report_.device = model_.device();
    report_.load_ms = model.milliseconds;
    report_.load = model_.load_times();
    if (!on_gpu) report_.threads = arguments.threads > 0 ? arguments.threads : omp_get_max_threads();
    report_.units = units_;
    if (arguments.compare) report_.comparison.emplace();
  }

  EvalReport run() {
    runtime::ExtxyzReader reader(arguments_.input);
    if (!arguments_.output.empty()) output_.emplace(arguments_.output);
    for (runtime::Frame frame; read(reader, frame);) {
      if (!batch_.empty() && is_full(frame.structure.positions.size())) flush();
      batch_.push_back(std::move(frame));
      frame = {};
    }
    flush();
    if (count_ == 0) throw UserError(fmt::format("{}: the file holds no structure", arguments_.input.string()));
    if (report_.comparison && report_.comparison->frames() == 0) {
      throw UserError(fmt::format("{}: nothing to compare with: no frame holds an energy, forces, a virial or a stress",
                                  arguments_.input.string()));
    }
    if (output_) output_->finish();
    if (!calls_.empty()) report_.timing = summarise(calls_);
    return std::move(report_);
  }

 private:
  bool read(runtime::ExtxyzReader& reader, runtime::Frame& frame) {
    if (!reader.read(frame)) return false;
    const SourceLocation where{arguments_.input.string(), frame.line, 0};
    try {
      convert_frame(frame, frame_units(frame, units_), model_units_);
    } catch (const UserError& error) {
      throw UserError(where, error.what());
    }
    return true;
  }

  bool is_full(std::size_t next_atoms) const {
    if (arguments_.batch > 0) return batch_.size() >= static_cast<std::size_t>(arguments_.batch);
    if (arguments_.repeat > 0) return true;
    std::size_t atoms = next_atoms;
    for (const runtime::Frame& frame : batch_) atoms += frame.structure.positions.size();
    return atoms > batch_atoms_;
  }

  void flush() {
    if (batch_.empty()) return;
    structures_.clear();
    for (const runtime::Frame& frame : batch_) structures_.push_back(frame.structure);
    evaluate();
    std::optional<Timing> timing;
    if (arguments_.repeat > 0) timing = measure();
    for (std::size_t k = 0; k < batch_.size(); ++k) {
      deliver(batch_[k], results_[k], timing);
      ++count_;
    }
    batch_.clear();
    show_progress(fmt::format("evaluated {} frames", count_));
  }

  // An error names the frame at fault, which the batch as a whole does not know.
  void evaluate() {
    const auto start = Clock::now();
    try {
      model_.evaluate(structures_, options_, results_);
      if (!report_.first_call_ms) report_.first_call_ms = milliseconds_since(start);
    } catch (const UserError&) {
      for (std::size_t k = 0; k < structures_.size(); ++k) {
        try {
          model_.evaluate({&structures_[k], 1}, options_);
        } catch (const UserError& error) {
          throw UserError({arguments_.input.string(), batch_[k].line, 0},
                          frame_label(count_ + static_cast<int>(k), batch_[k]) + ": " + error.what());
        }
      }
      throw;
    }
  }

  Timing measure() {
    const auto begin = Clock::now();
    for (int k = 1; k < kWarmUpCalls && milliseconds_since(begin) < 1e3 * kWarmUpSeconds; ++k) {
      model_.evaluate(structures_, options_, results_);
    }
    std::vector<double> times;
    for (int k = 0; k < arguments_.repeat; ++k) {
      const auto start = Clock::now();
      model_.evaluate(structures_, options_, results_);
      times.push_back(milliseconds_since(start));
    }
    calls_.insert(calls_.end(), times.begin(), times.end());
    return summarise(std::move(times));
  }

  // The frame and the result come in the model's units and leave in those of the output.
  void deliver(runtime::Frame& frame, const runtime::Result& result, const std::optional<Timing>& timing) {
    convert_frame(frame, model_units_, units_);
    runtime::Frame converted;
    converted.energy = result.energy;
    converted.forces = result.forces;
    converted.virial = result.virial;
    convert_frame(converted, model_units_, units_);
    runtime::Result out;
    out.energy = *converted.energy;
    out.forces = std::move(converted.forces);
    out.virial = *converted.virial;

    FrameReport row = frame_report(count_, frame, out);
    row.timing = timing;
    if (report_.comparison) {
      row.comparison = compare(frame, out);
      report_.comparison->add(*row.comparison);
    }
    report_.frames.push_back(std::move(row));
    if (!output_) return;
    set_result(frame, out, units_);
    runtime::write_extxyz(output_->stream(), frame);
    output_->check();
  }

  const Arguments& arguments_;
  runtime::Evaluator& model_;
  std::size_t batch_atoms_;
  Units model_units_, units_;
  runtime::EvaluateOptions options_;
  std::optional<OutputFile> output_;
  EvalReport report_;
  std::vector<runtime::Frame> batch_;
  std::vector<runtime::Structure> structures_;
  std::vector<runtime::Result> results_;
  std::vector<double> calls_;  // milliseconds
  int count_ = 0;              // frames delivered
};

int run(const Arguments& arguments) {
  const api::Device device = device_of(arguments.device);
  if (arguments.output == "-") usage_check(!arguments.json, "-o - and --json both want the standard output");
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const OpenModel model = open_model(bundle, device);
  const EvalReport report = Evaluation(arguments, model, device.cuda).run();
  end_progress();
  if (arguments.json) {
    fmt::print("{}\n", eval_json(report).dump(2));
  } else if (arguments.output != "-") {
    print_eval_report(report);
    if (!arguments.output.empty())
      fmt::print("\nwrote {} frames to {}\n", report.frames.size(), arguments.output.string());
  }
  return 0;
}

}  // namespace

Command add_eval(CLI::App& program) {
  CLI::App* app = program.add_subcommand("eval", "evaluate structures: energies, forces, virials");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_option("structures", arguments->input, "the structures")->required()->type_name("IN.extxyz");
  app->add_option("-o,--output", arguments->output, "write the structures with the results; - is the standard output")
      ->type_name("OUT.extxyz");
  add_device_option(*app, arguments->device);
  app->add_flag("--compare", arguments->compare, "print the errors against the energies, forces, virials in IN");
  app->add_option("--units", arguments->units, "model: the model's own; eV: eV and angstrom")
      ->check(CLI::IsMember({"eV", "model"}))
      ->type_name("NAME")
      ->capture_default_str();
  app->add_flag("--energy-only", arguments->energy_only, "no forces and no virial");
  app->add_option("--threads", arguments->threads, "threads to use; 0: all cores, or OMP_NUM_THREADS")
      ->check(whole_number(0, kMaxThreads))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--batch", arguments->batch,
                  "structures a call; 0: up to 512 atoms, 262144 on a GPU, one structure with --repeat")
      ->check(whole_number(0, kMaxRepeats))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--repeat", arguments->repeat,
                  "time each call N times, after a warm-up of up to 10 calls or a second")
      ->check(whole_number(1, kMaxRepeats))
      ->type_name("N");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
