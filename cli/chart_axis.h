// One axis of a chart: its range, its ticks and where a value lies along it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mlffgen::cli {

enum class AxisScale { linear, logarithmic };

// What a chart says of an axis; an end that is not given follows from the values.
struct ChartAxis {
  std::string label = {};
  AxisScale scale = AxisScale::linear;
  std::optional<double> from = {}, to = {};
};

struct Tick {
  double value = 0;
  std::string text;  // empty: a line of the grid alone
};

// An axis with a range that holds all of the values, with some room at the ends that are not given. Values that are all
// alike, or none, still make a range. InternalError for a value or an end that the scale cannot show (not finite, not
// above zero on a logarithmic axis) and for ends in the wrong order.
class AxisRange {
 public:
  AxisRange(const ChartAxis& axis, const std::vector<double>& values);

  double low() const { return low_; }
  double high() const { return high_; }
  // 0 at the low end, 1 at the high end.
  double position(double value) const;
  bool contains(double value) const { return value >= low_ && value <= high_; }
  // From low to high; at least two carry text unless given ends leave no room for them.
  std::vector<Tick> ticks() const;

 private:
  std::vector<Tick> linear_ticks() const;
  std::vector<Tick> decade_ticks() const;

  AxisScale scale_;
  double low_ = 0, high_ = 0;
};

}  // namespace mlffgen::cli
