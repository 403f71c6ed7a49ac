#include "cli/profile_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace mlffgen::cli {
namespace {

using kernels::DeviceLimits;
using kernels::Rate;

constexpr double kTera = 1e12;
constexpr double kWidestIntensity = 1e4;  // operations a byte

constexpr const char* kExplanation =
    "Operations are the compiler's count; a product of float on tensor cores is three of halves. Bytes are all that "
    "the "
    "kernel asks for, wherever they come from: a kernel that caches serve may lie above the line of device memory. "
    "Dashed lines and horizontal ones are limits measured on this GPU.";

ChartSeries kernels_of(const runtime::Profile& profile, const Roofline& roofline) {
  ChartSeries series{.name = "kernels"};
  for (std::size_t k = 0; k < roofline.steps.size(); ++k) {
    const auto& step = roofline.steps[k].work;
    if (!step || step->work.bytes() <= 0) continue;
    const double operations = step->flops_per_second + step->tensor_flops_per_second;
    if (operations <= 0) continue;
    const double intensity = (step->work.flops + step->work.tensor_flops) / step->work.bytes();
    series.points.push_back({intensity, operations / kTera, profile.steps[k].name});
  }
  return series;
}

double decade(double value, bool up) {
  const double at = std::log10(value);
  return std::pow(10.0, up ? std::ceil(at) : std::floor(at));
}

// Up to what arithmetic can use.
ChartSeries memory_line(const char* name, const Rate& rate, double from, double top) {
  const double bytes = rate.median / kTera;
  ChartSeries series{.name = fmt::format("{}, {:.3g} TB/s", name, bytes), .line = LineStyle::dashed, .markers = false};
  series.points = {{std::min(from, top / bytes), bytes * std::min(from, top / bytes)}, {top / bytes, top}};
  return series;
}

}  // namespace

PointChart roofline_chart(const std::string& title, const std::string& subtitle, const runtime::Profile& profile,
                          const Roofline& roofline) {
  internal_check(roofline.limits.has_value(), "a roofline needs limits");
  const DeviceLimits& limits = *roofline.limits;
  PointChart chart{.title = title, .footnote = subtitle + ". " + kExplanation};
  chart.series.push_back(kernels_of(profile, roofline));
  const bool tensor = roofline.tensor_flops > 0;
  const double top = std::max(limits.multiply_adds.median, tensor ? limits.products.median : 0) / kTera;
  double least = top / (limits.table.median / kTera), most = top / (limits.copy.median / kTera), lowest = top;
  for (const ChartPoint& point : chart.series[0].points) {
    least = std::min(least, point.x);
    most = std::max(most, point.x);
    lowest = std::min(lowest, point.y);
  }
  chart.x = {"operations a byte", AxisScale::logarithmic, decade(least / 2, false),
             std::min(decade(most * 2, true), std::max(kWidestIntensity, most * 2))};
  chart.y = {"operations a second (10^12)", AxisScale::logarithmic, decade(lowest / 2, false), decade(top * 1.5, true)};
  for (const auto& [name, rate] : {std::pair{"device memory", &limits.copy},
                                   {"gathers from L2 and L1", &limits.gather},
                                   {"tables from L1", &limits.table}}) {
    chart.series.push_back(memory_line(name, *rate, *chart.x.from, top));
  }
  chart.guides.push_back({ChartGuide::Direction::horizontal, limits.multiply_adds.median / kTera,
                          fmt::format("multiply-adds, {:.3g}", limits.multiply_adds.median / kTera)});
  if (tensor) {
    chart.guides.push_back({ChartGuide::Direction::horizontal, limits.products.median / kTera,
                            fmt::format("tensor cores, {:.3g}", limits.products.median / kTera)});
  }
  return chart;
}

}  // namespace mlffgen::cli
