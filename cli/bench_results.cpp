#include "cli/bench_results.h"

#include <fmt/format.h>

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

json rung_json(const AblationRung& rung, const std::optional<AblationGain>& gain) {
  json out = {{"name", rung.name}, {"what", rung.what}};
  if (!rung.problem.empty()) out["problem"] = rung.problem;
  if (!rung.measured()) return out;
  out["timing"] = timing_json(summarise(rung.milliseconds));
  out["samples_ms"] = rung.milliseconds;
  if (!rung.list_milliseconds.empty()) out["list"] = timing_json(summarise(rung.list_milliseconds));
  if (rung.double_error) out["double_error"] = error_json(*rung.double_error);
  out["speed_up"] = gain->over_first;
  out["gain"] = gain->over_last;
  return out;
}

json ablation_json(const AblationCell& cell) {
  json out = {{"size", cell.size.text()},
              {"batch", cell.batch},
              {"atoms", std::int64_t{cell.size.atoms} * cell.batch},
              {"rungs", json::array()}};
  const auto gains = ablation_gains(cell);
  for (std::size_t k = 0; k < gains.size(); ++k) out["rungs"].push_back(rung_json(cell.rungs[k], gains[k]));
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

std::string AblationCell::text() const { return batch == 1 ? size.text() : fmt::format("{}x{}", batch, size.text()); }

std::vector<std::optional<AblationGain>> ablation_gains(const AblationCell& cell) {
  std::vector<std::optional<AblationGain>> gains;
  double first = 0, last = 0;  // milliseconds
  for (const AblationRung& rung : cell.rungs) {
    gains.emplace_back();
    if (!rung.measured()) continue;
    const double time = rung.median();
    if (first == 0) first = last = time;
    gains.back() = AblationGain{first / time, last / time};
    last = time;
  }
  return gains;
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
              {"advice", report.advice},
              {"stopped_by", report.stopped_by}};
  for (const BenchCell& cell : report.cells) out["cells"].push_back(cell_json(cell));
  if (!report.ablation.empty()) {
    out["ablation"] = json::array();
    for (const AblationCell& cell : report.ablation) out["ablation"].push_back(ablation_json(cell));
  }
  return out;
}

}  // namespace mlffgen::cli
