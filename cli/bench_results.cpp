#include "cli/bench_results.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

json error_json(const Comparison::Forces& error) {
  return {{"rmse", error.rmse},
          {"max", error.largest},
          {"rms_reference", error.rms_reference},
          {"rmse_relative", error.relative()}};
}

json side_json(const BenchCell& cell, const BenchSide& side) {
  json out = {{"name", side.name}};
  if (!side.problem.empty()) out["problem"] = side.problem;
  if (!side.measured()) return out;
  const Timing timing = summarise(side.milliseconds);
  const Throughput rate = throughput(cell, timing.median);
  out["timing"] = timing_json(timing);
  out["samples_ms"] = side.milliseconds;
  out["structures_per_second"] = rate.structures;
  out["atom_steps_per_second"] = rate.atom_steps;
  out["ns_per_day"] = rate.ns_per_day;
  if (side.double_error) out["double_error"] = error_json(*side.double_error);
  if (side.pytorch_error) out["pytorch_error"] = error_json(*side.pytorch_error);
  return out;
}

json cell_json(const BenchCell& cell) {
  json out = {{"size", cell.size.text()}, {"batch", cell.batch},           {"atoms", cell.atoms()},
              {"pairs", cell.pairs},      {"bytes_held", cell.bytes_held}, {"sides", json::array()}};
  for (const BenchSide& side : cell.sides) out["sides"].push_back(side_json(cell, side));
  return out;
}

json baseline_json(const BenchBaseline& baseline) {
  json out = baseline.facts.is_object() ? baseline.facts : json::object();
  out["measured"] = baseline.measured;
  out["reason"] = baseline.reason;
  return out;
}

}  // namespace

Throughput throughput(const BenchCell& cell, double milliseconds) {
  constexpr double kSecondsPerDay = 86400, kNsPerFs = 1e-6;
  const double steps = 1e3 / milliseconds;  // a second
  return {cell.batch * steps, static_cast<double>(cell.atoms()) * steps,
          steps * kSecondsPerDay * kBenchTimestep * kNsPerFs};
}

json bench_json(const BenchReport& report) {
  json out = {{"version", report.version},
              {"date", report.date},
              {"command", report.command},
              {"model", report.model},
              {"model_file", report.model_file},
              {"precision", report.precision},
              {"device", report.device},
              {"units", {{"energy", report.energy_unit}, {"length", report.length_unit}}},
              {"cutoff", report.cutoff},
              {"machine", report.machine},
              {"limits", report.limits},
              {"timestep_fs", kBenchTimestep},
              {"baseline", baseline_json(report.baseline)},
              {"cells", json::array()},
              {"left_out", report.left_out},
              {"notes", report.notes},
              {"stopped_by", report.stopped_by}};
  for (const BenchCell& cell : report.cells) out["cells"].push_back(cell_json(cell));
  return out;
}

}  // namespace mlffgen::cli
