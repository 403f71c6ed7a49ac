#include "cli/chart_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace mlffgen::cli {
namespace {

constexpr double kMargin = 0.06;      // of the range, at an end that is not given
constexpr int kMostTicks = 8;         // with text
constexpr double kFinestDecades = 6;  // with lines at 2, 3, ... 9 between them
constexpr double kRounding = 1e-9;    // of the range: a tick this far outside still lies on the end

double on_scale(AxisScale scale, double value) { return scale == AxisScale::linear ? value : std::log10(value); }
double off_scale(AxisScale scale, double at) { return scale == AxisScale::linear ? at : std::pow(10.0, at); }

double checked(const ChartAxis& axis, double value) {
  if (std::isfinite(value) && (axis.scale == AxisScale::linear || value > 0)) return value;
  throw InternalError(fmt::format("the axis \"{}\" of a chart cannot show {}", axis.label, value));
}

std::string tick_text(double value) { return fmt::format("{:.6g}", value); }

}  // namespace

AxisRange::AxisRange(const ChartAxis& axis, const std::vector<double>& values) : scale_(axis.scale) {
  std::vector<double> all;
  for (const double value : values) all.push_back(on_scale(scale_, checked(axis, value)));
  if (axis.from) all.push_back(on_scale(scale_, checked(axis, *axis.from)));
  if (axis.to) all.push_back(on_scale(scale_, checked(axis, *axis.to)));
  if (all.empty()) all.push_back(0);
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  const double width = *most - *least;
  // Half a decade, or half of the value, on each side where there is nothing else to go by.
  const double alike = scale_ == AxisScale::logarithmic || *most == 0 ? 0.5 : 0.5 * std::abs(*most);
  const double margin = width > kRounding * std::abs(*most) ? kMargin * width : alike;
  low_ = axis.from ? *axis.from : off_scale(scale_, *least - margin);
  high_ = axis.to ? *axis.to : off_scale(scale_, *most + margin);
  if (low_ < high_) return;
  throw InternalError(fmt::format("the axis \"{}\" of a chart reaches from {} to {}", axis.label, low_, high_));
}

double AxisRange::position(double value) const {
  const double low = on_scale(scale_, low_), high = on_scale(scale_, high_);
  return (on_scale(scale_, value) - low) / (high - low);
}

std::vector<Tick> AxisRange::ticks() const {
  if (scale_ == AxisScale::linear) return linear_ticks();
  std::vector<Tick> ticks = decade_ticks();
  const auto with_text = std::count_if(ticks.begin(), ticks.end(), [](const Tick& tick) { return !tick.text.empty(); });
  return with_text < 2 ? linear_ticks() : ticks;
}

std::vector<Tick> AxisRange::linear_ticks() const {
  const double range = high_ - low_;
  double step = std::pow(10.0, std::floor(std::log10(range / kMostTicks)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (range / (step * factor) > kMostTicks) continue;
    step *= factor;
    break;
  }
  std::vector<Tick> ticks;
  const double last = std::floor(high_ / step + kRounding);
  for (double k = std::ceil(low_ / step - kRounding); k <= last; ++k) {
    const double value = k * step + 0.0;  // never "-0"
    ticks.push_back({value, tick_text(value)});
  }
  return ticks;
}

// Decades carry the text, every so many of them where there are a lot, and 2 and 5 too where there are few.
std::vector<Tick> AxisRange::decade_ticks() const {
  const double low = std::log10(low_), high = std::log10(high_), decades = high - low;
  const int every = static_cast<int>(std::ceil(decades / kMostTicks));
  std::vector<Tick> ticks;
  for (int decade = static_cast<int>(std::floor(low)); decade <= high + kRounding; ++decade) {
    for (int digit = 1; digit <= (decades <= kFinestDecades ? 9 : 1); ++digit) {
      const double value = digit * std::pow(10.0, decade);
      const double at = std::log10(value);
      if (at < low - kRounding * decades || at > high + kRounding * decades) continue;
      const bool named = digit == 1 ? decade % every == 0 : decades < 2 && (digit == 2 || digit == 5);
      ticks.push_back({value, named ? tick_text(value) : ""});
    }
  }
  return ticks;
}

}  // namespace mlffgen::cli
