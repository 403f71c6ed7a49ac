// Charts as SVG: points and lines between two axes, and bars.
//
// The text stands alone (no script, font or style sheet from elsewhere) and reads well on light and on dark ground. The
// same chart gives the same bytes. Texts may hold any UTF-8; what is no text of XML is replaced. A value that an axis
// cannot show (not finite, not above zero on a logarithmic axis) is an InternalError; what lies outside the ends given
// to an axis is left out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/chart_axis.h"

namespace mlffgen::cli {

// An error bar from one value to another.
struct ErrorBar {
  double low = 0, high = 0;
};

struct ChartPoint {
  double x = 0, y = 0;
  std::string label = {};              // beside it
  std::optional<ErrorBar> error = {};  // of y
};

enum class LineStyle { none, solid, dashed };

struct ChartSeries {
  std::string name = {};  // in the legend; empty: not there
  std::vector<ChartPoint> points = {};
  LineStyle line = LineStyle::none;  // through the points, in their order
  bool markers = true;
};

// A line across the whole chart.
struct ChartGuide {
  enum class Direction { horizontal, vertical };
  Direction direction = Direction::horizontal;
  double at = 0;  // of y if horizontal, of x if vertical; the axis reaches as far
  std::string text;
};

struct PointChart {
  std::string title = {};
  ChartAxis x = {}, y = {};
  std::vector<ChartSeries> series = {};
  std::vector<ChartGuide> guides = {};
  std::string footnote = {};
};

struct Bar {
  double value = 0;
  std::string text = {};  // at its end; empty: the value
  std::optional<ErrorBar> error = {};
};

// Bars of one thing, one for each series; what has no value has no bar.
struct BarGroup {
  std::string label;
  std::vector<std::optional<Bar>> bars;
};

// Bars lie, so that labels may be long. A linear axis begins at zero, a logarithmic one below the least value.
struct BarChart {
  std::string title = {};
  ChartAxis values = {};
  std::vector<std::string> series = {};  // names for the legend, which is left out where there is one series
  std::vector<BarGroup> groups = {};     // from top to bottom
  std::vector<ChartGuide> guides = {};   // vertical
  std::string footnote = {};
};

std::string svg_of(const PointChart& chart);
std::string svg_of(const BarChart& chart);

}  // namespace mlffgen::cli
