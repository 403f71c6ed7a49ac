#include <fmt/format.h>

#include <algorithm>

#include "cli/bench_report.h"
#include "cli/svg_chart.h"

namespace mlffgen::cli {
namespace {

// A point is a median with the range from the least to 95 % of the calls.
ChartPoint point_of(double x, const BenchSide& side) {
  const Timing timing = summarise(side.milliseconds);
  return {x, timing.median, "", ErrorBar{timing.least, timing.p95}};
}

// The series of a name, made if there is none, so that series come in the order of the cells.
ChartSeries& series_named(std::vector<ChartSeries>& series, const std::string& name) {
  const auto found = std::find_if(series.begin(), series.end(), [&](const ChartSeries& s) { return s.name == name; });
  if (found != series.end()) return *found;
  series.push_back({name, {}, LineStyle::solid});
  return series.back();
}

// The times of single structures, a line for each way to compute them: clusters, then cubes.
PointChart latency_chart(const BenchReport& report) {
  PointChart chart;
  for (const BenchCell& cell : report.cells) {
    if (cell.batch != 1) continue;
    for (const BenchSide& side : cell.sides) {
      if (!side.measured()) continue;
      ChartSeries& line = series_named(chart.series, side.name + (cell.size.periodic ? ", periodic" : ""));
      if (cell.size.periodic) line.line = LineStyle::dashed;
      line.points.push_back(point_of(cell.size.atoms, side));
    }
  }
  chart.title = "Time of a call, one structure";
  chart.x = {.label = "atoms", .scale = AxisScale::logarithmic};
  chart.y = {.label = "milliseconds", .scale = AxisScale::logarithmic};
  chart.footnote = "medians; bars from the least to 95 % of the calls";
  return chart;
}

// The headline's throughput, a line for each size of which there are several batches.
PointChart throughput_chart(const BenchReport& report) {
  PointChart chart;
  for (const BenchCell& cell : report.cells) {
    const BenchSide& side = cell.sides.front();
    if (!side.measured()) continue;
    const double rate = throughput(cell, summarise(side.milliseconds).median).atom_steps;
    ChartSeries& line = series_named(chart.series, cell.size.text() + " atoms");
    line.points.push_back({static_cast<double>(cell.batch), rate, "", {}});
  }
  std::erase_if(chart.series, [](const ChartSeries& line) { return line.points.size() < 2; });
  chart.title = "Throughput over the structures of a call";
  chart.x = {.label = "structures a call", .scale = AxisScale::logarithmic};
  chart.y = {.label = "atom-steps a second", .scale = AxisScale::logarithmic};
  return chart;
}

// Over the first step that was measured: a bar a step, from the first to the last, for each system.
BarChart ablation_chart(const BenchReport& report) {
  BarChart chart;
  chart.title = "Speed-up, step by step";
  if (report.ablation.size() == 1) chart.title += ", " + report.ablation.front().text() + " atoms";
  std::string first;
  for (const AblationRung& rung : report.ablation.front().rungs) {
    if (first.empty() && rung.measured()) first = rung.name;
  }
  chart.values = {.label = "times as fast as " + first, .scale = AxisScale::logarithmic};
  for (const AblationRung& rung : report.ablation.front().rungs) chart.groups.push_back({rung.name, {}});
  for (const AblationCell& cell : report.ablation) {
    chart.series.push_back(cell.text() + " atoms");
    const auto gains = ablation_gains(cell);
    for (std::size_t k = 0; k < gains.size(); ++k) {
      std::optional<Bar> bar;
      if (gains[k]) bar = Bar{gains[k]->over_first, fmt::format("{:.1f}", gains[k]->over_first), {}};
      chart.groups[k].bars.push_back(bar);
    }
  }
  return chart;
}

}  // namespace

std::vector<BenchPlot> bench_plots(const BenchReport& report) {
  std::vector<BenchPlot> plots;
  const auto add = [&](const std::string& file, const std::string& title, const PointChart& chart) {
    if (!chart.series.empty()) plots.push_back({file, title, svg_of(chart)});
  };
  add("latency.svg", "Latency over size", latency_chart(report));
  add("throughput.svg", "Throughput over batch", throughput_chart(report));
  if (!report.ablation.empty()) {
    plots.push_back({"ablation.svg", "Speed-up, step by step", svg_of(ablation_chart(report))});
  }
  return plots;
}

}  // namespace mlffgen::cli
