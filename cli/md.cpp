// `mlffgen md`: molecular dynamics, NVE or Langevin.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/md_engine.h"
#include "cli/md_report.h"
#include "cli/md_start.h"
#include "cli/output_file.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/md/checkpoint.h"
#include "runtime/md/output.h"
#include "runtime/md/run.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxThreads = 4096;
constexpr long long kMaxSteps = 1'000'000'000'000'000;
constexpr long long kSampleEvery = 10;  // where no energies are written
constexpr int kSignalStatus = 128;      // a shell's status of a program ended by a signal is this and its number

constexpr const char* kFooter = R"(examples:
  mlffgen md model.mlff start.extxyz --steps 20000 --trajectory md.extxyz --energies md.csv
  mlffgen md model.mlff start.extxyz --time 100 --ensemble langevin --temperature 300 --friction 5
  mlffgen md model.mlff start.extxyz --time 100 --checkpoint md.checkpoint --checkpoint-every 10000
  mlffgen md model.mlff start.extxyz --time 100 --checkpoint md.checkpoint --restart md.checkpoint

NVE is velocity Verlet; Langevin dynamics is split as BAOAB (Leimkuhler and Matthews, 2013).
Without velocities or momenta in START (in ASE's units), velocities are drawn for --temperature.
SIGINT and SIGTERM end the run behind the step in progress, with a checkpoint, and status 130 or 143.
)";

struct Arguments {
  fs::path model, start, trajectory, energies, checkpoint, restart;
  std::string device = "host", units = "model", ensemble = "nve";
  std::optional<long long> steps;
  std::optional<double> time;
  md::Dynamics dynamics;
  double temperature_limit = 10000;
  std::optional<double> skin;
  long long trajectory_every = 100, energies_every = kSampleEvery, checkpoint_every = 0;
  int threads = 0;
  bool all_frames = false, json = false, quiet = false;
  CLI::App* app = nullptr;

  bool given(const std::string& option) const { return app->count(option) > 0; }
};

bool positive(double x) { return std::isfinite(x) && x > 0; }

void check(const Arguments& arguments) {
  usage_check(arguments.given("--steps") != arguments.given("--time"), "give either --steps or --time");
  usage_check(positive(arguments.dynamics.timestep), "--timestep: expected a positive number of fs");
  usage_check(positive(arguments.temperature_limit), "--temperature-limit: expected a positive number of K");
  usage_check(!arguments.skin || (std::isfinite(*arguments.skin) && *arguments.skin >= 0),
              "--skin: expected a length that is not negative");
  usage_check(!arguments.time || positive(*arguments.time), "--time: expected a positive number of ps");
  usage_check(arguments.dynamics.temperature >= 0 && std::isfinite(arguments.dynamics.temperature),
              "--temperature: expected a number of K that is not negative");
  usage_check(positive(arguments.dynamics.friction), "--friction: expected a positive number of 1/ps");
  usage_check(!arguments.given("--trajectory-every") || arguments.given("--trajectory"),
              "--trajectory-every needs --trajectory");
  usage_check(!arguments.given("--checkpoint-every") || arguments.given("--checkpoint"),
              "--checkpoint-every needs --checkpoint");
  usage_check(!arguments.given("--friction") || arguments.given("--restart") || arguments.ensemble != "nve",
              "--friction needs --ensemble langevin");
}

// Options that are not given on the command line are those of the run that goes on.
md::Dynamics dynamics_of(const Arguments& arguments, const std::optional<md::Checkpoint>& checkpoint) {
  md::Dynamics dynamics = arguments.dynamics;
  dynamics.ensemble = md::find_ensemble(arguments.ensemble);
  if (!checkpoint) return dynamics;
  const md::Dynamics& old = checkpoint->dynamics;
  if (!arguments.given("--ensemble")) dynamics.ensemble = old.ensemble;
  if (!arguments.given("--timestep")) dynamics.timestep = old.timestep;
  if (!arguments.given("--temperature")) dynamics.temperature = old.temperature;
  if (!arguments.given("--friction")) dynamics.friction = old.friction;
  if (!arguments.given("--seed")) dynamics.seed = old.seed;
  return dynamics;
}

long long last_step(const Arguments& arguments, double timestep, long long first) {
  const double steps = arguments.time ? *arguments.time * md::kFsPerPs / timestep : 0;
  usage_check(steps <= static_cast<double>(kMaxSteps), "--time: too many steps");
  const long long last = arguments.steps ? *arguments.steps : std::llround(steps);
  if (last <= first && first > 0) {
    throw UserError(
        fmt::format("{}: the checkpoint is of step {}, and the run ends at step {}: give a larger --steps or --time "
                    "(they count from the start of the trajectory)",
                    arguments.restart.string(), first, last));
  }
  usage_check(last > 0, "--time: less than a time step");
  return last;
}

void note(const std::string& text) { fmt::print(stderr, "mlffgen: note: {}\n", text); }

// What goes to files on the way.
class Outputs {
 public:
  Outputs(const Arguments& arguments, const md::Systems& systems, const md::OutputUnits& units, double timestep,
          const std::vector<md::OutputMark>& marks)
      : checkpoint_(arguments.checkpoint) {
    if (!arguments.trajectory.empty()) trajectory_.emplace(arguments.trajectory, systems, units, timestep, marks);
    if (!arguments.energies.empty()) energies_.emplace(arguments.energies, systems, units, timestep, marks);
  }

  void sample(const md::Sample& sample) {
    if (energies_) energies_->write(sample);
  }
  void frame(const md::State& state) { trajectory_->write(state); }
  void flush() {
    if (energies_) energies_->file().flush();
  }

  void checkpoint(md::Checkpoint now) {
    flush();
    if (trajectory_) now.outputs.push_back(trajectory_->file().mark());
    if (energies_) now.outputs.push_back(energies_->file().mark());
    md::write_checkpoint(checkpoint_, now);
  }

 private:
  fs::path checkpoint_;
  std::optional<md::Trajectory> trajectory_;
  std::optional<md::EnergyTable> energies_;
};

md::RunOptions run_options(const Arguments& arguments, const md::Dynamics& dynamics,
                           const std::optional<md::Checkpoint>& old) {
  md::RunOptions options;
  options.deliver_first = !old;
  options.last_step = last_step(arguments, dynamics.timestep, old ? old->state.step : 0);
  options.sample_every = arguments.energies_every;
  options.frame_every = arguments.trajectory.empty() ? 0 : arguments.trajectory_every;
  options.checkpoint_every = arguments.checkpoint_every;
  options.temperature_limit = arguments.temperature_limit;
  return options;
}

void print_notes(const Arguments& arguments, const MdStart& start, bool goes_on, const md::Dynamics& dynamics) {
  if (start.frames > 1 && !arguments.all_frames) {
    note(fmt::format("{} holds {} frames; the first is simulated (--all-frames: all)", arguments.start.string(),
                     start.frames));
  }
  if (!goes_on && start.has_velocities() && arguments.given("--temperature") &&
      dynamics.ensemble == md::Ensemble::nve) {
    note(fmt::format("{} holds velocities: --temperature is not used", arguments.start.string()));
  }
}

int run(const Arguments& arguments) {
  check(arguments);
  if (!arguments.checkpoint.empty()) check_replaceable(arguments.checkpoint);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  MdEngine engine(bundle, device_of(arguments.device), arguments.skin, arguments.threads);
  const runtime::Plan& plan = engine.plan();
  const md::Units units = md::Units::of(plan.length_unit, plan.energy_unit);
  const Units file_units =
      arguments.units == "eV" ? Units{"angstrom", "eV"} : Units{plan.length_unit, plan.energy_unit};

  std::optional<md::Checkpoint> old;
  if (!arguments.restart.empty()) old = md::read_checkpoint(arguments.restart);
  const md::Dynamics dynamics = dynamics_of(arguments, old);
  MdStart start = read_start(arguments.start, arguments.all_frames, file_units, units);
  const md::Systems systems = md::Systems::make(start.structures, start.masses, units, dynamics.ensemble);
  md::Checkpoint next{md::fingerprint(plan, bundle), md::fingerprint(systems), dynamics, {}, {}};
  if (old) md::check_same(*old, next.model, next.structures, arguments.restart);

  const long long first = old ? old->state.step : 0;
  const md::RunOptions options = run_options(arguments, dynamics, old);
  print_notes(arguments, start, old.has_value(), dynamics);

  StopSignal signals;
  const auto simulation = engine.simulation(systems, dynamics);
  simulation->load(old ? std::move(old->state) : start_state(start, systems, dynamics));
  Outputs outputs(arguments, systems, md::OutputUnits::of(units, file_units.length, file_units.energy),
                  dynamics.timestep, old ? old->outputs : std::vector<md::OutputMark>());
  md::RunStatistics statistics(systems, dynamics.timestep);
  const MdClock clock(first, dynamics.timestep);
  MdProgress progress(options.last_step, dynamics.timestep, arguments.quiet);

  md::RunCallbacks callbacks;
  callbacks.sample = [&](const md::Sample& sample) {
    statistics.add(sample);
    outputs.sample(sample);
  };
  callbacks.frame = [&](const md::State& state) { outputs.frame(state); };
  if (!arguments.checkpoint.empty()) {
    callbacks.checkpoint = [&](const md::State& state) {
      next.state = state;
      outputs.checkpoint(next);
    };
  }
  callbacks.progress = [&](long long step) {
    outputs.flush();
    progress.show(step, clock, statistics);
  };
  callbacks.stop = [] { return StopSignal::received() != 0; };
  const long long last = md::run(*simulation, options, callbacks);
  outputs.flush();
  end_progress();

  const bool stopped = last < options.last_step;
  MdReport report{plan.name,
                  plan.precision == runtime::Precision::double_precision ? "double" : "float",
                  simulation->device(),
                  &systems,
                  dynamics,
                  &statistics,
                  first,
                  last,
                  clock.speed(last),
                  stopped ? StopSignal::name() : "",
                  arguments.trajectory,
                  arguments.energies,
                  arguments.checkpoint};
  if (arguments.json) {
    fmt::print("{}\n", md_json(report).dump(2));
  } else {
    print_md_report(report);
  }
  if (!stopped) return 0;
  note(fmt::format("stopped by {} behind step {} of {}{}", StopSignal::name(), last, options.last_step,
                   arguments.checkpoint.empty() ? "; without --checkpoint, nothing to go on from was written"
                                                : "; go on with --restart " + arguments.checkpoint.string()));
  return kSignalStatus + StopSignal::received();
}

}  // namespace

Command add_md(CLI::App& program) {
  CLI::App* app = program.add_subcommand("md", "molecular dynamics: NVE, or Langevin at a temperature");
  const auto arguments = std::make_shared<Arguments>();
  arguments->app = app;
  const auto steps = whole_number(1, kMaxSteps);
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_option("start", arguments->start, "the structure to start from")->required()->type_name("START.extxyz");
  app->add_option("--steps", arguments->steps, "steps, from the start of the trajectory")->check(steps)->type_name("N");
  app->add_option("--time", arguments->time, "the same in ps")->type_name("PS");
  app->add_option("--timestep", arguments->dynamics.timestep, "time step in fs")
      ->type_name("FS")
      ->capture_default_str();
  app->add_option("--ensemble", arguments->ensemble, "nve or langevin")
      ->check(CLI::IsMember(md::ensemble_names()))
      ->type_name("NAME")
      ->capture_default_str();
  app->add_option("--temperature", arguments->dynamics.temperature, "of the bath and of drawn velocities, in K")
      ->type_name("K")
      ->capture_default_str();
  app->add_option("--friction", arguments->dynamics.friction, "of Langevin dynamics, in 1/ps")
      ->type_name("RATE")
      ->capture_default_str();
  app->add_option("--seed", arguments->dynamics.seed, "of all random numbers")
      ->check(whole_number(0, kMaxSeed))
      ->type_name("N")
      ->capture_default_str();
  add_device_option(*app, arguments->device);
  app->add_option("--skin", arguments->skin,
                  "of the neighbour list on a GPU, in the model's unit (default: 0.1 of the cutoff)")
      ->type_name("LENGTH");
  app->add_flag("--all-frames", arguments->all_frames, "simulate all frames of START side by side");
  app->add_option("--units", arguments->units,
                  "of START and of what is written; model: the model's own; eV: eV, angstrom")
      ->check(CLI::IsMember({"eV", "model"}))
      ->type_name("NAME")
      ->capture_default_str();
  app->add_option("--trajectory", arguments->trajectory, "write frames with forces and velocities")
      ->type_name("FILE.extxyz");
  app->add_option("--trajectory-every", arguments->trajectory_every, "steps between frames")
      ->check(steps)
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--energies", arguments->energies, "write energies and temperatures")->type_name("FILE.csv");
  app->add_option("--energies-every", arguments->energies_every, "steps between energies, and between checks of them")
      ->check(steps)
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--checkpoint", arguments->checkpoint, "write what --restart needs, at the end and on a signal")
      ->type_name("FILE");
  app->add_option("--checkpoint-every", arguments->checkpoint_every, "also every so many steps")
      ->check(steps)
      ->type_name("N");
  app->add_option("--restart", arguments->restart, "go on from a checkpoint, with its options where none are given")
      ->type_name("FILE");
  app->add_option("--temperature-limit", arguments->temperature_limit, "a higher temperature is an error")
      ->type_name("K")
      ->capture_default_str();
  app->add_option("--threads", arguments->threads, "threads on the host; 0: as many as are worth it")
      ->check(whole_number(0, kMaxThreads))
      ->type_name("N")
      ->capture_default_str();
  app->add_flag("--json", arguments->json, "print the summary as JSON");
  app->add_flag("--quiet", arguments->quiet, "no progress");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
