// `mlffgen bench`: how fast a model is, for systems and batches of many sizes, and beside PyTorch.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/ablation.h"
#include "cli/bench_model.h"
#include "cli/bench_report.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/double_build.h"
#include "cli/machine.h"
#include "cli/output_file.h"
#include "cli/peer.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;
using runtime::Structure;
using runtime::Vector3;

constexpr const char *kReport = "report.md", *kJson = "bench.json";
constexpr int kMaxThreads = 4096;
constexpr int kMaxRepeats = 100000;
constexpr int kMaxBatch = 1000000;
constexpr int kSignalStatus = 128;
constexpr int kHostAtoms = 16384, kGpuAtoms = 262144;  // of the largest cell, unless told
constexpr std::int64_t kTruthAtoms = 1100;             // up to which PyTorch computes in float64
constexpr std::int64_t kPeerForceAtoms = 30000;        // up to which its forces are compared at all
constexpr std::int64_t kPeerHostAtoms = 4096;          // up to which it is timed on the host, where a call takes long
constexpr double kOtherModel = 0.01;                   // of the RMS force: no float error is as large

constexpr const char* kFooter = R"(examples:
  mlffgen bench model.mlff --device cuda --double double.mlff --output report
  mlffgen bench model.mlff --device cuda --weights weights.safetensors --baseline require --output report
  mlffgen bench model.mlff --sizes 9,100,1000p --batches 1,64 --threads 2 --json
  mlffgen bench forms.mlff --device cuda --sizes none --ablation --weights weights.safetensors --output report

Sizes are atoms: clusters, or with a p behind the number periodic cubes, of random atoms of the model's elements at the
density of a liquid. A call is energies, forces and virials of a batch, neighbour list included. --output makes a folder
with report.md, bench.json (every call's time) and plots. Ctrl-C ends the measurement, and what there is is reported.
PyTorch runs in the Python of MLFFGEN_PYTHON, or python3.
--ablation times the steps from PyTorch to all that a GPU is used for; 'compile --forms all' makes a model with them.
)";

struct Arguments {
  fs::path model, double_model, weights, output;
  std::string device = "host", sizes = "10,20,50,100,200,1000p,8000p", batches = "1,2,4,64,1024", baseline = "auto",
              ablation_sizes = "10,20,50,100,200,64x20,1000p";
  BenchLimits limits;
  int most_atoms = 0, threads = 0;  // most_atoms 0: as the device
  bool ablation = false, json = false;
};

std::vector<StructureSize> sizes_of(const std::string& list) {
  std::vector<StructureSize> sizes;
  if (list == "none") return sizes;
  for (const std::string& word : split(list, ',')) {
    try {
      sizes.push_back(parse_structure_size(word));
    } catch (const UserError& error) {
      throw UsageError(fmt::format("--sizes: {}", error.what()));
    }
  }
  usage_check(!sizes.empty(), "--sizes: expected sizes separated by commas, such as 10,100,1000p");
  return sizes;
}

std::vector<int> batches_of(const std::string& list) {
  std::vector<int> batches;
  const CLI::Validator number = whole_number(1, kMaxBatch);
  for (std::string word : split(list, ',')) {
    const std::string problem = number(word);
    usage_check(problem.empty(), "--batches: " + problem);
    batches.push_back(std::stoi(word));
  }
  usage_check(!batches.empty(), "--batches: expected numbers of structures separated by commas, such as 1,64");
  return batches;
}

// Of "10,64x20,1000p".
std::vector<AblationCell> ablation_cells_of(const std::string& list) {
  std::vector<AblationCell> cells;
  const CLI::Validator number = whole_number(1, kMaxBatch);
  for (const std::string& word : split(list, ',')) {
    AblationCell cell;
    const std::size_t cross = word.find('x');
    std::string batch = cross == std::string::npos ? "1" : word.substr(0, cross);
    const std::string problem = number(batch);
    usage_check(problem.empty(), "--ablation-sizes: " + problem);
    cell.batch = std::stoi(batch);
    try {
      cell.size = parse_structure_size(cross == std::string::npos ? word : word.substr(cross + 1));
    } catch (const UserError& error) {
      throw UsageError(fmt::format("--ablation-sizes: {}", error.what()));
    }
    cells.push_back(std::move(cell));
  }
  usage_check(!cells.empty(), "--ablation-sizes: expected sizes separated by commas, such as 10,64x20,1000p");
  return cells;
}

std::string cell_text(const BenchCell& cell) { return fmt::format("{} x {}", cell.batch, cell.size.text()); }

bool stopped() { return StopSignal::received() != 0; }

void write_report(const ReportFolder& folder, const BenchReport& report) {
  folder.write(kJson, bench_json(report).dump(1) + "\n");
  const std::vector<BenchPlot> plots = bench_plots(report);
  for (const BenchPlot& plot : plots) folder.write(plot.file, plot.svg);
  folder.write(kReport, bench_markdown(report, plots));
}

// One call of bench: cell after cell, each side of a cell behind the other, into a report.
class Bench {
 public:
  Bench(const Arguments& arguments, const api::Device& device)
      : arguments_(arguments),
        device_(device),
        bundle_(runtime::Bundle::open(arguments.model)),
        model_(bundle_, device, arguments.threads) {
    if (!arguments.double_model.empty()) open_double();
    describe();
  }

  BenchReport run(const std::vector<StructureSize>& sizes, const std::vector<int>& batches,
                  const std::vector<AblationCell>& ablation) {
    start_baseline();
    measure_matrix(sizes, batches);
    if (!ablation.empty()) measure_ablation(ablation);
    report_.advice = model_.advice();
    report_.stopped_by = StopSignal::name();
    return std::move(report_);
  }

 private:
  void measure_matrix(const std::vector<StructureSize>& sizes, const std::vector<int>& batches) {
    const std::int64_t most = arguments_.most_atoms > 0 ? arguments_.most_atoms : device_.cuda ? kGpuAtoms : kHostAtoms;
    for (const StructureSize& size : sizes) {
      for (const int batch : batches) {
        if (stopped()) break;
        BenchCell cell;
        cell.size = size;
        cell.batch = batch;
        if (cell.atoms() > most) {
          report_.left_out.push_back(cell_text(cell));
        } else {
          measure(std::move(cell));
        }
      }
    }
  }

  void measure_ablation(const std::vector<AblationCell>& cells) {
    show_progress("opening the model for each step ...");
    Ablation ablation(bundle_, device_.index);
    for (const AblationCell& cell : cells) {
      if (stopped()) return;
      show_progress(fmt::format("timing the steps of {} ...", cell.text()));
      const std::vector<Structure> structures = structures_of(cell.size, cell.batch);
      const std::vector<Vector3> truth = double_forces(cell.text(), structures);
      with_peer([&] {
        if (!peer_) return;
        peer_->set_structures(structures, list_.build(structures, model_.plan().cutoff));
        add(ablation.measure(cell, structures, arguments_.limits, peer_.get(), "", truth));
      });
      // Without PyTorch from the start, or since it has failed here.
      if (!peer_ && !stopped()) {
        const std::string& reason = report_.baseline.reason;
        add(ablation.measure(cell, structures, arguments_.limits, nullptr, reason.empty() ? "--baseline none" : reason,
                             truth));
      }
    }
  }

  void add(AblationCell cell) {
    if (std::any_of(cell.rungs.begin(), cell.rungs.end(), [](const AblationRung& rung) { return rung.measured(); })) {
      report_.ablation.push_back(std::move(cell));
    }
  }

  std::vector<Structure> structures_of(const StructureSize& size, int batch) const {
    std::vector<Structure> structures;
    for (int k = 1; k <= batch; ++k) {
      structures.push_back(random_structure(size, model_.plan(), static_cast<std::uint64_t>(k)));
    }
    return structures;
  }

  void open_double() {
    const runtime::Bundle bundle = runtime::Bundle::open(arguments_.double_model);
    double_ = std::make_unique<BenchModel>(bundle, device_, arguments_.threads);
    check_double_build(model_.plan(), arguments_.model, double_->plan(), arguments_.double_model);
  }

  void describe() {
    const runtime::Plan& plan = model_.plan();
    report_.version = MLFFGEN_VERSION;
    report_.date = time_text();
    report_.command = command_text();
    report_.model_file = arguments_.model.filename().string();
    report_.model = plan.name;
    report_.precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
    report_.device = model_.device();
    report_.energy_unit = plan.energy_unit;
    report_.length_unit = plan.length_unit;
    report_.cutoff = plan.cutoff;
    report_.machine = describe_machine(device_.cuda ? device_.index : -1);
    report_.limits = {{"repeats", arguments_.limits.repeats},
                      {"warm_up", arguments_.limits.warm_up},
                      {"seconds", arguments_.limits.seconds}};
    if (arguments_.threads > 0) report_.limits["threads"] = arguments_.threads;
  }

  // Runs what asks the peer. A peer that fails is not asked again, and an error where it is required.
  template <class F>
  void with_peer(const F& ask) {
    try {
      ask();
    } catch (const PeerError& error) {
      peer_.reset();
      if (stopped()) return;
      if (arguments_.baseline == "require") throw;
      report_.baseline.reason = error.what();
    }
  }

  void start_baseline() {
    if (arguments_.baseline == "none") return;
    if (arguments_.weights.empty()) {
      report_.baseline.reason = "not measured, as --weights FILE does not name the model's weights";
      return;
    }
    show_progress("starting PyTorch ...");
    with_peer([&] {
      peer_ =
          std::make_unique<Peer>(PeerOptions{arguments_.weights, device_, arguments_.threads, model_.plan().cutoff});
      report_.baseline.measured = true;
      report_.baseline.facts = peer_->facts();
    });
  }

  void measure(BenchCell cell) {
    show_progress(fmt::format("timing {} ...", cell_text(cell)));
    const std::vector<Structure> structures = structures_of(cell.size, cell.batch);
    const runtime::NeighbourList& pairs = list_.build(structures, model_.plan().cutoff);
    cell.pairs = pairs.n_pairs();
    const std::vector<Vector3> truth = double_forces(cell_text(cell), structures);
    cell.sides = model_.measure(structures, arguments_.limits, truth);
    cell.bytes_held = model_.bytes_held();
    if (peer_) with_peer([&] { ask_peer(cell, structures, pairs, truth); });
    // What a signal has cut off before its first call is no result.
    std::erase_if(cell.sides, [](const BenchSide& side) { return !side.measured() && side.problem.empty(); });
    if (!cell.sides.empty()) report_.cells.push_back(std::move(cell));
  }

  std::vector<Vector3> double_forces(const std::string& what, const std::vector<Structure>& structures) {
    if (!double_) return {};
    try {
      return double_->forces(structures);
    } catch (const MemoryError& error) {
      report_.notes.push_back(fmt::format("{}: no errors against the double build: {}.", what, error.what()));
      return {};
    }
  }

  void ask_peer(BenchCell& cell, const std::vector<Structure>& structures, const runtime::NeighbourList& pairs,
                const std::vector<Vector3>& truth) {
    if (!device_.cuda && cell.atoms() > kPeerHostAtoms) {
      cell.sides.push_back({kPeerEager, {}, {}, {}, fmt::format("more than {} atoms on the host", kPeerHostAtoms)});
      return;
    }
    peer_->set_structures(structures, pairs);
    BenchSide eager = peer_->measure("eager", arguments_.limits);
    if (eager.measured() && cell.atoms() <= kPeerForceAtoms) compare_forces(cell, eager, structures, truth);
    cell.sides.push_back(std::move(eager));
    if (device_.cuda) cell.sides.push_back(peer_->measure("graph", arguments_.limits));
  }

  void compare_forces(BenchCell& cell, BenchSide& eager, const std::vector<Structure>& structures,
                      const std::vector<Vector3>& truth) {
    const std::vector<Vector3> own = peer_->forces("float32");
    if (own.size() == truth.size() && !own.empty()) eager.double_error = force_error(own, truth);
    if (cell.atoms() > kTruthAtoms) return;
    const std::vector<Vector3> exact = peer_->forces("float64");
    if (exact.empty() || exact.size() != own.size()) return;
    eager.pytorch_error = force_error(own, exact);
    cell.sides.front().pytorch_error = force_error(model_.forces(structures), exact);
    warn_of_other_weights(cell);
  }

  void warn_of_other_weights(const BenchCell& cell) {
    const double error = cell.sides.front().pytorch_error->relative();
    if (error <= kOtherModel) return;
    report_.notes.push_back(fmt::format(
        "{}: the forces differ from PyTorch's by {:.1e} of the RMS force: {} does not hold the weights that "
        "the model was compiled from.",
        cell_text(cell), error, arguments_.weights.filename().string()));
  }

  const Arguments& arguments_;
  api::Device device_;
  runtime::Bundle bundle_;
  BenchModel model_;
  std::unique_ptr<BenchModel> double_;
  std::unique_ptr<Peer> peer_;
  runtime::NeighbourListBuilder list_;
  BenchReport report_;
};

void check(const Arguments& arguments) {
  usage_check(std::isfinite(arguments.limits.seconds) && arguments.limits.seconds > 0,
              "--seconds: expected a positive number");
  usage_check(arguments.baseline != "require" || !arguments.weights.empty(),
              "--baseline require needs --weights FILE, the weights of the model");
  usage_check(!arguments.ablation || arguments.device != "host", "--ablation needs a GPU: --device cuda");
  usage_check(arguments.sizes != "none" || arguments.ablation, "--sizes none leaves nothing to do without --ablation");
}

int run(const Arguments& arguments) {
  check(arguments);
  const std::vector<StructureSize> sizes = sizes_of(arguments.sizes);
  const std::vector<int> batches = batches_of(arguments.batches);
  const api::Device device = device_of(arguments.device);
  std::vector<AblationCell> ablation;
  if (arguments.ablation) ablation = ablation_cells_of(arguments.ablation_sizes);
  Bench bench(arguments, device);
  std::optional<ReportFolder> folder;
  if (!arguments.output.empty()) folder.emplace(arguments.output, std::vector<std::string>{kReport, kJson});
  StopSignal signals;
  const BenchReport report = bench.run(sizes, batches, ablation);
  end_progress();
  if (folder) write_report(*folder, report);
  if (arguments.json) {
    fmt::print("{}\n", bench_json(report).dump(2));
  } else {
    print_bench_report(report);
    if (!arguments.output.empty()) fmt::print("\nwrote {}\n", (arguments.output / kReport).string());
  }
  return stopped() ? kSignalStatus + StopSignal::received() : 0;
}

}  // namespace

Command add_bench(CLI::App& program) {
  CLI::App* app = program.add_subcommand("bench", "time a model for many sizes and batches, and PyTorch beside it");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_option("--double", arguments->double_model, "the same model in double precision, to tell force errors")
      ->type_name("DOUBLE.mlff");
  add_device_option(*app, arguments->device);
  app->add_option("--sizes", arguments->sizes, "atoms of a structure, with a p a periodic cube; or none")
      ->type_name("LIST")
      ->capture_default_str();
  app->add_option("--batches", arguments->batches, "structures of a call")->type_name("LIST")->capture_default_str();
  app->add_option("--most-atoms", arguments->most_atoms, "larger calls are left out (default: 16384, on a GPU 262144)")
      ->check(whole_number(1, kMostRandomAtoms))
      ->type_name("N");
  app->add_option("--repeats", arguments->limits.repeats, "calls that are timed")
      ->check(whole_number(1, kMaxRepeats))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--warm-up", arguments->limits.warm_up, "calls before those")
      ->check(whole_number(0, kMaxRepeats))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--seconds", arguments->limits.seconds,
                  "what the timed calls of a cell may take; five are made at least")
      ->type_name("X")
      ->capture_default_str();
  app->add_option("--threads", arguments->threads, "of the host; 0: as many as are worth it")
      ->check(whole_number(0, kMaxThreads))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--weights", arguments->weights, "the weights of the model, for PyTorch")
      ->type_name("FILE.safetensors");
  app->add_option("--baseline", arguments->baseline, "compare with PyTorch: auto, none or require")
      ->check(CLI::IsMember({"auto", "none", "require"}))
      ->type_name("WHEN")
      ->capture_default_str();
  CLI::Option* const ablation =
      app->add_flag("--ablation", arguments->ablation, "time the steps from PyTorch to all that a GPU is used for");
  app->add_option("--ablation-sizes", arguments->ablation_sizes, "of that: atoms, or structures x atoms")
      ->type_name("LIST")
      ->needs(ablation)
      ->capture_default_str();
  app->add_option("--output", arguments->output, "write report.md, bench.json and plots there")->type_name("FOLDER");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
