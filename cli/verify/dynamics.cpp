// NVE as a user would run it: does the energy stay what it was?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "cli/checks/measure.h"
#include "cli/checks/calm.h"
#include "cli/md_start.h"
#include "cli/stop_signal.h"
#include "cli/svg_chart.h"
#include "cli/verify/verify.h"
#include "runtime/md/run.h"
#include "runtime/md/statistics.h"

namespace mlffgen::cli {
namespace {

constexpr double kDriftBound = 0.1;       // percent of the kinetic energy per ns
constexpr double kSwing = 0.02;           // of the kinetic energy, the deviation of the total
constexpr double kErrors = 3;             // standard errors within which a drift is none
constexpr double kSettling = 2;           // ps of Langevin dynamics before
constexpr double kSettlingFriction = 20;  // 1/ps
constexpr std::size_t kMostSystems = 4, kMostAtoms = 1000;
constexpr std::size_t kMostPoints = 400;  // of a chart

struct Trace {
  std::vector<double> picoseconds;
  std::vector<std::vector<double>> total, shadow, temperature;  // [n_systems]; energy unit, K
};

class NveRun {
 public:
  NveRun(const VerifyInput& input, MdEngine& engine) : input_(input), engine_(engine) {
    const runtime::Plan& plan = input.model.plan();
    units_ = md::Units::of(plan.length_unit, plan.energy_unit);
    for (const Sample& sample : samples()) {
      start_.structures.push_back(sample.structure);
      labels_.push_back(sample.label);
    }
    start_.masses.resize(start_.structures.size());
    start_.velocities.resize(start_.structures.size());
  }

  const std::vector<std::string>& labels() const { return labels_; }

  void run() {
    settle();
    md::Dynamics dynamics = dynamics_of(md::Ensemble::nve);
    systems_ = md::Systems::make(start_.structures, start_.masses, units_, dynamics.ensemble);
    const auto simulation = engine_.simulation(systems_, dynamics);
    simulation->load(start_state(start_, systems_, dynamics));
    statistics_.emplace(systems_, dynamics.timestep);
    trace_ = {{}, std::vector<std::vector<double>>(labels_.size()), {}, {}};
    trace_.shadow = trace_.temperature = trace_.total;
    md::RunCallbacks callbacks;
    callbacks.sample = [&](const md::Sample& sample) { add(sample); };
    go(*simulation, input_.md_time, "NVE dynamics", callbacks);
  }

  const md::RunStatistics& statistics() const { return *statistics_; }
  const Trace& trace() const { return trace_; }
  // Mean kinetic energy of a system.
  double kinetic(std::size_t system) const {
    return 0.5 * systems_.degrees_of_freedom[system] * units_.boltzmann *
           statistics_->mean_temperature(static_cast<int>(system));
  }

 private:
  // The largest of the user that dynamics makes sense of, in which energy has many ways to go, or the clusters that are
  // made up.
  std::vector<Sample> samples() const {
    std::vector<Sample> chosen;
    for (const Sample& sample : input_.data.samples) {
      const std::size_t n = sample.structure.positions.size();
      if (n >= 3 && n <= kMostAtoms) chosen.push_back(sample);
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](const Sample& a, const Sample& b) {
      return a.structure.positions.size() > b.structure.positions.size();
    });
    if (chosen.size() > kMostSystems) chosen.resize(kMostSystems);
    if (!chosen.empty()) return chosen;
    chosen = calm_samples(input_.model, input_.seed);
    chosen.resize(2);
    return chosen;
  }

  md::Dynamics dynamics_of(md::Ensemble ensemble) const {
    return {ensemble, input_.timestep, input_.md_temperature, kSettlingFriction, input_.seed};
  }

  // Brings the start to the temperature; what it began with, a made-up structure above all, may be far from it.
  void settle() {
    const md::Dynamics dynamics = dynamics_of(md::Ensemble::langevin);
    const md::Systems systems = md::Systems::make(start_.structures, start_.masses, units_, dynamics.ensemble);
    const auto simulation = engine_.simulation(systems, dynamics);
    simulation->load(start_state(start_, systems, dynamics));
    go(*simulation, kSettling, "settling", {});
    const md::State state = simulation->state();
    for (std::size_t s = 0; s < start_.structures.size(); ++s) {
      const auto first = state.positions.begin() + systems.begin[s],
                 last = state.positions.begin() + systems.begin[s + 1];
      start_.structures[s].positions.assign(first, last);
      start_.velocities[s].clear();  // drawn anew, without a motion of the whole
    }
  }

  void go(md::Simulation& simulation, double picoseconds, const std::string& what, md::RunCallbacks callbacks) {
    md::RunOptions options;
    options.last_step = std::max(1LL, std::llround(picoseconds * md::kFsPerPs / input_.timestep));
    options.sample_every = std::max(1LL, options.last_step / 2000);
    callbacks.progress = [&](long long step) {
      input_.progress(fmt::format("{}, step {} of {}", what, step, options.last_step));
    };
    callbacks.stop = [] { return StopSignal::received() != 0; };
    md::run(simulation, options, callbacks);
  }

  void add(const md::Sample& sample) {
    statistics_->add(sample);
    trace_.picoseconds.push_back(static_cast<double>(sample.step) * input_.timestep / md::kFsPerPs);
    for (std::size_t s = 0; s < sample.systems.size(); ++s) {
      const md::Observables& now = sample.systems[s];
      trace_.total[s].push_back(now.total());
      trace_.shadow[s].push_back(now.shadow());
      trace_.temperature[s].push_back(md::temperature(now.kinetic, systems_.degrees_of_freedom[s], units_.boltzmann));
    }
  }

  const VerifyInput& input_;
  MdEngine& engine_;
  md::Units units_;
  MdStart start_;
  std::vector<std::string> labels_;
  md::Systems systems_;
  std::optional<md::RunStatistics> statistics_;
  Trace trace_;
};

ChartSeries series_of(const std::string& name, const std::vector<double>& x, const std::vector<double>& y, double unit,
                      double offset) {
  ChartSeries series{name, {}, LineStyle::solid, false};
  const std::size_t every = x.size() / kMostPoints + 1;
  for (std::size_t k = 0; k < x.size(); k += every) {
    if (std::isfinite(y[k])) series.points.push_back({x[k], (y[k] - offset) * unit});
  }
  return series;
}

std::vector<VerifyChart> charts_of(const VerifyInput& input, const NveRun& run) {
  const Trace& trace = run.trace();
  PointChart energy, temperature;
  energy.title = "Total energy, less that of the start";
  energy.y.label = "meV";
  energy.footnote = "without velocity Verlet's own error of the second order";
  temperature.title = "Temperature";
  temperature.y.label = "K";
  for (std::size_t s = 0; s < trace.total.size(); ++s) {
    const double mev = 1e3 * input.ev();
    // The first sample knows no step before it.
    const auto first =
        std::find_if(trace.shadow[s].begin(), trace.shadow[s].end(), [](double x) { return std::isfinite(x); });
    if (first != trace.shadow[s].end()) {
      energy.series.push_back(series_of(run.labels()[s], trace.picoseconds, trace.shadow[s], mev, *first));
    }
    temperature.series.push_back(series_of(run.labels()[s], trace.picoseconds, trace.temperature[s], 1, 0));
  }
  std::vector<VerifyChart> charts;
  for (auto& [chart, file] : {std::pair{&energy, "nve_energy.svg"}, {&temperature, "nve_temperature.svg"}}) {
    chart->x.label = "time, ps";
    charts.push_back({file, chart->title, svg_of(*chart)});
  }
  return charts;
}

double deviation(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double x : values) mean += x / static_cast<double>(values.size());
  for (const double x : values) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// Of all systems together. Energy that goes slowly to and fro between modes looks like a drift for picoseconds: where
// the systems differ more than each one's own error tells, their spread is the error.
md::RunStatistics::Drift drift_of(const md::RunStatistics& statistics, std::size_t n_systems) {
  md::RunStatistics::Drift drift = statistics.drift();
  if (n_systems < 2) return drift;
  std::vector<double> drifts;
  for (std::size_t s = 0; s < n_systems; ++s) {
    drifts.push_back(statistics.drift(static_cast<int>(s)).percent_per_ns);
  }
  const double spread = deviation(drifts) / std::sqrt(static_cast<double>(n_systems - 1));
  drift.standard_error = std::max(drift.standard_error, spread);
  return drift;
}

Table table_of_runs(const VerifyInput& input, const NveRun& run) {
  Table table(
      {"<system", "mean K", "drift, % of kinetic energy / ns", "standard error", "deviation of the total, meV"});
  for (std::size_t s = 0; s < run.labels().size(); ++s) {
    const md::RunStatistics::Drift drift = run.statistics().drift(static_cast<int>(s));
    table.add({run.labels()[s], fmt::format("{:.1f}", run.statistics().mean_temperature(static_cast<int>(s))),
               fmt::format("{:+.3f}", drift.percent_per_ns), fmt::format("{:.3f}", drift.standard_error),
               fmt::format("{:.3g}", 1e3 * input.ev() * deviation(run.trace().total[s]))});
  }
  return table;
}

// Slow or fast, the total energy must stay near what it was.
CheckRow swing_row(const NveRun& run, double tolerance_scale) {
  Worst worst("swing of the energy", "of kinetic", kSwing * tolerance_scale);
  for (std::size_t s = 0; s < run.labels().size(); ++s) {
    worst.add(deviation(run.trace().total[s]) / run.kinetic(s), run.labels()[s]);
  }
  return worst.row();
}

}  // namespace

VerifySection verify_dynamics(const VerifyInput& input) {
  VerifySection section;
  section.title = "Dynamics at constant energy";
  CheckRow row;
  row.name = "drift of the energy";
  row.quantity = "% / ns";
  row.bound = kDriftBound * input.tolerance_scale;
  if (input.md_time <= 0) {
    row.note = "--md-time 0";
    section.rows.push_back(row);
    return section;
  }
  section.text = fmt::format(
      "{:g} ps of velocity Verlet with steps of {:g} fs, after {:g} ps of Langevin dynamics at {:g} K. The drift is "
      "that of "
      "the energy without velocity Verlet's own error of the second order, of all systems together, in percent of "
      "their "
      "kinetic energy; it passes if it is below the bound, or within {:g} standard errors of it.",
      input.md_time, input.timestep, kSettling, input.md_temperature, kErrors);
  MdEngine engine(input.bundle, input.device, std::nullopt, 0);
  NveRun run(input, engine);
  try {
    run.run();
  } catch (const md::StepError& error) {
    row.status = CheckRow::Status::fail;
    row.measured = std::numeric_limits<double>::quiet_NaN();
    row.note = error.what();
    section.rows.push_back(row);
    return section;
  }
  const md::RunStatistics::Drift drift = drift_of(run.statistics(), run.labels().size());
  row.measured = std::abs(drift.percent_per_ns);
  row.status =
      row.measured <= row.bound + kErrors * drift.standard_error ? CheckRow::Status::pass : CheckRow::Status::fail;
  row.note = fmt::format("{:+.3f} with a standard error of {:.3f}{}", drift.percent_per_ns, drift.standard_error,
                         drift.standard_error > kDriftBound ? "; a longer --md-time tells smaller drifts apart" : "");
  section.rows.push_back(row);
  section.rows.push_back(swing_row(run, input.tolerance_scale));
  section.tables.push_back({"Systems", table_of_runs(input, run)});
  section.charts = charts_of(input, run);
  return section;
}

}  // namespace mlffgen::cli
