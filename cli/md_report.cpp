#include "cli/md_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "cli/terminal.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

constexpr double kTerminalSeconds = 0.2, kPlainSeconds = 20;
constexpr double kSecondsPerDay = 86400, kFsPerNs = 1e6;

double picoseconds(long long step, double timestep) { return static_cast<double>(step) * timestep / md::kFsPerPs; }

std::string duration(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string drift_text(const md::RunStatistics::Drift& drift) {
  return fmt::format("{:+.3g} %/ns", drift.percent_per_ns);
}

json drift_json(const md::RunStatistics::Drift& drift) {
  return {{"percent_of_kinetic_per_ns", drift.percent_per_ns}, {"standard_error", drift.standard_error}};
}

json path_json(const std::filesystem::path& path) { return path.empty() ? json() : json(path.string()); }

}  // namespace

MdSpeed MdClock::speed(long long step) const {
  MdSpeed speed;
  speed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  speed.steps_per_second = static_cast<double>(step - first_step_) / std::max(speed.seconds, 1e-9);
  speed.ns_per_day = speed.steps_per_second * timestep_ / kFsPerNs * kSecondsPerDay;
  return speed;
}

MdProgress::MdProgress(long long last_step, double timestep, bool quiet)
    : last_step_(last_step), timestep_(timestep), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {
  interval_ = terminal_ ? kTerminalSeconds : kPlainSeconds;
}

void MdProgress::show(long long step, const MdClock& clock, const md::RunStatistics& statistics) {
  const MdSpeed speed = clock.speed(step);
  if (quiet_ || speed.seconds - shown_ < interval_) return;
  shown_ = speed.seconds;
  const double rate = speed.steps_per_second;
  const double left = rate > 0 ? static_cast<double>(last_step_ - step) / rate : 0;
  const std::string text =
      fmt::format("step {} of {}  {:.4g} ps  {:.4g} steps/s  {:.4g} ns/day  {:.1f} K  drift {}  {} left", step,
                  last_step_, picoseconds(step, timestep_), rate, speed.ns_per_day, statistics.last_temperature(),
                  drift_text(statistics.drift()), duration(left));
  if (terminal_) {
    show_progress(text);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

void print_md_report(const MdReport& report) {
  const md::Systems& systems = *report.systems;
  const double dt = report.dynamics.timestep;
  fmt::print("{}: {} precision, {}; {}, {} atoms; {}, {:g} fs\n", report.model, report.precision, report.device,
             systems.n_systems() == 1 ? "1 system" : fmt::format("{} systems", systems.n_systems()), systems.n_atoms(),
             md::ensemble_name(report.dynamics.ensemble), dt);
  if (!report.stopped_by.empty()) fmt::print("stopped by {}\n", report.stopped_by);
  fmt::print("  steps             {} to {} ({:g} ps)\n", report.first_step, report.last_step,
             picoseconds(report.last_step, dt));
  fmt::print("  mean temperature  {:.2f} K\n", report.statistics->mean_temperature());
  const md::RunStatistics::Drift drift = report.statistics->drift();
  fmt::print("  drift             {} of the kinetic energy (standard error {:.2g})\n", drift_text(drift),
             drift.standard_error);
  fmt::print("  speed             {:.5g} steps/s, {:.4g} ns/day, {:.2f} s\n", report.speed.steps_per_second,
             report.speed.ns_per_day, report.speed.seconds);
  for (const auto& [what, path] :
       {std::pair{"trajectory", report.trajectory}, {"energies", report.energies}, {"checkpoint", report.checkpoint}}) {
    if (!path.empty()) fmt::print("  {:<16}  {}\n", what, path.string());
  }
}

json md_json(const MdReport& report) {
  const md::Systems& systems = *report.systems;
  const md::Dynamics& dynamics = report.dynamics;
  json out = {{"model", report.model},
              {"precision", report.precision},
              {"device", report.device},
              {"units", {{"energy", systems.units.energy}, {"length", systems.units.length}}},
              {"ensemble", md::ensemble_name(dynamics.ensemble)},
              {"timestep_fs", dynamics.timestep},
              {"temperature", dynamics.temperature},
              {"friction_per_ps", dynamics.friction},
              {"seed", dynamics.seed},
              {"atoms", systems.n_atoms()},
              {"first_step", report.first_step},
              {"last_step", report.last_step},
              {"time_ps", picoseconds(report.last_step, dynamics.timestep)},
              {"stopped_by", report.stopped_by.empty() ? json() : json(report.stopped_by)},
              {"samples", report.statistics->samples()},
              {"mean_temperature", report.statistics->mean_temperature()},
              {"drift", drift_json(report.statistics->drift())},
              {"seconds", report.speed.seconds},
              {"steps_per_second", report.speed.steps_per_second},
              {"ns_per_day", report.speed.ns_per_day},
              {"trajectory", path_json(report.trajectory)},
              {"energies", path_json(report.energies)},
              {"checkpoint", path_json(report.checkpoint)},
              {"systems", json::array()}};
  for (int s = 0; s < systems.n_systems(); ++s) {
    const auto system = static_cast<std::size_t>(s);
    out["systems"].push_back({{"atoms", systems.begin[system + 1] - systems.begin[system]},
                              {"degrees_of_freedom", systems.degrees_of_freedom[system]},
                              {"mean_temperature", report.statistics->mean_temperature(s)},
                              {"drift", drift_json(report.statistics->drift(s))}});
  }
  return out;
}

}  // namespace mlffgen::cli
