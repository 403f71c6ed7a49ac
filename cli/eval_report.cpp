#include "cli/eval_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/table.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

std::string number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "-";
}

Table energies(const EvalReport& report) {
  Table table({"frame", "<name", "atoms", "energy / " + report.units.energy, "RMS force", "largest"});
  for (const FrameReport& frame : report.frames) {
    table.add({std::to_string(frame.index), frame.name, std::to_string(frame.n_atoms),
               fmt::format("{:.6f}", frame.energy), number(frame.rms_force, "{:.4f}"),
               number(frame.largest, "{:.4f}")});
  }
  return table;
}

Table comparisons(const EvalReport& report) {
  Table table({"frame", "<name", "atoms", "energy/atom", "force RMSE", "MAE", "max", "RMSE/RMS", "virial max"});
  for (const FrameReport& frame : report.frames) {
    const Comparison& c = *frame.comparison;
    std::vector<std::string> row = {std::to_string(frame.index), frame.name, std::to_string(frame.n_atoms),
                                    number(c.energy_per_atom, "{:+.2e}")};
    if (c.forces) {
      for (const double x : {c.forces->rmse, c.forces->mae, c.forces->largest, c.forces->relative()}) {
        row.push_back(fmt::format("{:.2e}", x));
      }
    } else {
      row.insert(row.end(), 4, "-");
    }
    row.push_back(number(c.virial_largest, "{:.2e}"));
    table.add(row);
  }
  return table;
}

Table timings(const EvalReport& report) {
  Table table({"frame", "<name", "atoms", "median", "mean", "std", "p95", "p99", "repeats"});
  for (const FrameReport& frame : report.frames) {
    if (!frame.timing) continue;
    const Timing& t = *frame.timing;
    std::vector<std::string> row = {std::to_string(frame.index), frame.name, std::to_string(frame.n_atoms)};
    for (const double x : {t.median, t.mean, t.deviation, t.p95, t.p99}) row.push_back(fmt::format("{:.4g}", x));
    row.push_back(std::to_string(t.repeats));
    table.add(row);
  }
  return table;
}

void print_summary(const ComparisonSummary& summary, const Units& units) {
  const std::string force_unit = units.energy + "/" + units.length;
  fmt::print("\nover {} frames with a reference\n", summary.frames());
  if (summary.energy_mae()) {
    fmt::print("  energy   mean error {:.2e} {} an atom, largest {:.2e}; relative at most {:.1e}\n",
               *summary.energy_mae(), units.energy, *summary.energy_largest(), *summary.energy_relative());
  }
  if (const auto forces = summary.forces()) {
    fmt::print("  forces   RMSE {:.2e} {}, MAE {:.2e}, largest {:.2e}; RMSE is {:.1e} of the RMS force {:.4g}\n",
               forces->rmse, force_unit, forces->mae, forces->largest, forces->relative(), forces->rms_reference);
  }
  if (summary.virial_largest()) {
    fmt::print("  virial   largest error {:.2e} {}; at most {:.1e} of a frame's largest element\n",
               *summary.virial_largest(), units.energy, *summary.virial_relative());
  }
}

json load_json(const runtime::LoadTimes& load) {
  return {{"driver_ms", load.driver_ms},
          {"plan_ms", load.plan_ms},
          {"kernels_ms", load.kernels_ms},
          {"modules_ms", load.modules_ms},
          {"weights_ms", load.weights_ms},
          {"workspace_ms", load.workspace_ms},
          {"compiled", load.compiled},
          {"at_hand", load.at_hand},
          {"longest_compile_ms", load.longest_compile_ms}};
}

}  // namespace

FrameReport frame_report(int index, const runtime::Frame& frame, const runtime::Result& result) {
  FrameReport report;
  report.index = index;
  report.name = frame.name;
  report.n_atoms = frame.structure.positions.size();
  report.energy = result.energy;
  if (result.forces.empty()) return report;
  double squares = 0, largest = 0;
  for (const auto& force : result.forces) {
    for (const double x : force) {
      squares += x * x;
      largest = std::max(largest, std::abs(x));
    }
  }
  report.rms_force = std::sqrt(squares / (3 * static_cast<double>(report.n_atoms)));
  report.largest = largest;
  return report;
}

void print_eval_report(const EvalReport& report) {
  const std::string threads =
      report.threads == 0 ? "" : fmt::format(", {} thread{}", report.threads, report.threads == 1 ? "" : "s");
  fmt::print("{}: {} precision, {}{}; forces in {}/{}\n", report.model, report.precision, report.device, threads,
             report.units.energy, report.units.length);
  if (report.comparison) {
    print_section(fmt::format("errors against the file's reference ({}, {})", report.units.energy, report.units.length),
                  comparisons(report));
    print_summary(*report.comparison, report.units);
  } else {
    print_section("results", energies(report));
  }
  print_section("milliseconds a call, neighbour list included", timings(report));
  if (report.timing && report.first_call_ms) {
    const std::string driver =
        report.load ? fmt::format("of which the driver {:.3g} ms, ", report.load->driver_ms) : "";
    fmt::print("\nbefore that: loading {:.3g} ms, {}the first call {:.3g} ms\n", report.load_ms, driver,
               *report.first_call_ms);
  }
}

json eval_json(const EvalReport& report) {
  json out = {
      {"model", report.model},     {"precision", report.precision},
      {"device", report.device},   {"units", {{"energy", report.units.energy}, {"length", report.units.length}}},
      {"load_ms", report.load_ms}, {"frames", json::array()}};
  if (report.threads > 0) out["threads"] = report.threads;
  if (report.load) out["load"] = load_json(*report.load);
  if (report.first_call_ms) out["first_call_ms"] = *report.first_call_ms;
  for (const FrameReport& frame : report.frames) {
    json row = {{"index", frame.index}, {"name", frame.name}, {"n_atoms", frame.n_atoms}, {"energy", frame.energy}};
    if (frame.rms_force) row["rms_force"] = *frame.rms_force;
    if (frame.largest) row["max_force"] = *frame.largest;
    if (frame.comparison) row["comparison"] = comparison_json(*frame.comparison);
    if (frame.timing) row["timing"] = timing_json(*frame.timing);
    out["frames"].push_back(std::move(row));
  }
  if (report.comparison) out["comparison"] = summary_json(*report.comparison);
  if (report.timing) out["timing"] = timing_json(*report.timing);
  return out;
}

}  // namespace mlffgen::cli
