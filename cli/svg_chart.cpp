#include "cli/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "cli/xml_text.h"

namespace mlffgen::cli {
namespace {

// Pixels.
constexpr double kWidth = 900, kTop = 46, kRight = 28, kLeft = 86, kPlotHeight = 460, kCharacter = 6.4, kLine = 18;
constexpr double kBar = 17, kGroupGap = 13, kLongestLabel = 320, kMarker = 4.2, kPad = 12, kLabelHeight = 14,
                 kNear = 12;

// Colours that people with colour blindness tell apart too (Okabe and Ito), of middle lightness for either ground.
constexpr const char* kStyle =
    "<style>text{font:12px sans-serif;fill:#222}.title{font-size:15px}.small{font-size:11px}.paper{fill:#fff}"
    ".frame{fill:none;stroke:#888}.grid{stroke:#ddd}.fine{stroke:#f0f0f0}.guide{stroke:#777;stroke-dasharray:2 3}"
    ".error{stroke:#555}.line{stroke-width:1.6}.dashed{stroke-dasharray:7 4}"
    ".s0{stroke:#0072b2;fill:#0072b2}.s1{stroke:#d55e00;fill:#d55e00}.s2{stroke:#009e73;fill:#009e73}"
    ".s3{stroke:#cc79a7;fill:#cc79a7}.s4{stroke:#c98a00;fill:#c98a00}.s5{stroke:#56a4d9;fill:#56a4d9}"
    ".s6{stroke:#8c6d4f;fill:#8c6d4f}.s7{stroke:#888;fill:#888}.line{fill:none}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.paper{fill:#16181c}.grid{stroke:#3a3d44}.fine{stroke:#25282e}"
    ".error{stroke:#bbb}}</style>\n";
constexpr std::size_t kColours = 8;

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

double text_width(const std::string& text) { return kCharacter * static_cast<double>(characters(text)); }

// Lines of whole words, none wider than the chart unless a word is.
std::vector<std::string> wrapped(const std::string& text, double width) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && text_width(line + " " + word) > width) lines.push_back(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string colour(std::size_t series) { return fmt::format("s{}", series % kColours); }

struct Box {
  double left, top, right, bottom;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

// The area between the axes, and the elements drawn so far.
class Canvas {
 public:
  Canvas(Box plot, AxisRange x, AxisRange y) : plot_(plot), x_(std::move(x)), y_(std::move(y)) {}

  const Box& plot() const { return plot_; }
  double at_x(double value) const { return plot_.left + (plot_.right - plot_.left) * x_.position(value); }
  double at_y(double value) const { return plot_.bottom - (plot_.bottom - plot_.top) * y_.position(value); }
  bool shows(double x, double y) const { return x_.contains(x) && y_.contains(y); }

  void put(const std::string& element) { body_ += element + '\n'; }
  void text(double x, double y, const std::string& what, const char* attributes = "") {
    put(fmt::format(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)", x, y, attributes, xml_text(what)));
  }
  void line(double x1, double y1, double x2, double y2, const std::string& style) {
    put(fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>)", x1, y1, x2, y2, style));
  }

  void frame() {
    put(fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="frame"/>)", plot_.left,
                    plot_.top, plot_.right - plot_.left, plot_.bottom - plot_.top));
  }
  void x_axis(const std::string& label);
  void y_axis(const std::string& label);
  void guide(const ChartGuide& guide);
  // A text beside a point, where it meets no other text or marker if there is such a place.
  void label(double x, double y, const std::string& what);
  void keep_free(const Box& box) { taken_.push_back(box); }
  // Where bars begin: at zero, or at the low end of an axis without it.
  double base_x() const { return x_.contains(0) ? at_x(0) : plot_.left; }

  // The whole file: title above, legend and footnote below.
  std::string finish(const std::string& title, const std::vector<std::pair<std::string, std::string>>& legend,
                     const std::string& footnote);

 private:
  Box free_box(double x, double y, double width) const;
  double legend(double top, const std::vector<std::pair<std::string, std::string>>& entries);

  Box plot_;
  AxisRange x_, y_;
  std::string body_;
  std::vector<Box> taken_;
};

void Canvas::x_axis(const std::string& label) {
  for (const Tick& tick : x_.ticks()) {
    const double at = at_x(tick.value);
    line(at, plot_.top, at, plot_.bottom, tick.text.empty() ? "fine" : "grid");
    if (!tick.text.empty()) text(at, plot_.bottom + kLine, tick.text, R"(text-anchor="middle")");
  }
  text((plot_.left + plot_.right) / 2, plot_.bottom + 2 * kLine + 2, label, R"(text-anchor="middle")");
}

void Canvas::y_axis(const std::string& label) {
  for (const Tick& tick : y_.ticks()) {
    const double at = at_y(tick.value);
    line(plot_.left, at, plot_.right, at, tick.text.empty() ? "fine" : "grid");
    if (!tick.text.empty()) text(plot_.left - 6, at + 4, tick.text, R"(text-anchor="end")");
  }
  const double middle = (plot_.top + plot_.bottom) / 2;
  put(fmt::format(
      R"svg(<text x="20" y="{0:.1f}" transform="rotate(-90 20 {0:.1f})" text-anchor="middle">{1}</text>)svg", middle,
      xml_text(label)));
}

void Canvas::guide(const ChartGuide& guide) {
  const bool vertical = guide.direction == ChartGuide::Direction::vertical;
  if (!(vertical ? x_ : y_).contains(guide.at)) return;
  if (!vertical) {
    const double y = at_y(guide.at), width = text_width(guide.text);
    line(plot_.left, y, plot_.right, y, "guide");
    text(plot_.right - 5, y - 4, guide.text, R"(class="small" text-anchor="end")");
    keep_free({plot_.right - 5 - width, y - 4 - kLine, plot_.right, y});
    return;
  }
  const double x = at_x(guide.at);
  line(x, plot_.top, x, plot_.bottom, "guide");
  put(fmt::format(R"svg(<text x="{0:.1f}" y="{1:.1f}" transform="rotate(-90 {0:.1f} {1:.1f})" )svg"
                  R"(class="small" text-anchor="end">{2}</text>)",
                  x - 4, plot_.top + 5, xml_text(guide.text)));
  keep_free({x - kLine, plot_.top, x, plot_.top + 5 + text_width(guide.text)});
}

void Canvas::label(double x, double y, const std::string& what) {
  const Box box = free_box(x, y, text_width(what));
  keep_free(box);
  // Far from its point a label needs a line to it.
  if (box.left > x + kNear || box.right < x - kNear || box.top > y + kNear || box.bottom < y - kNear) {
    line(x, y, std::clamp(x, box.left, box.right), std::clamp(y, box.top, box.bottom), "guide");
  }
  text(box.left, box.bottom - 3, what, R"(class="small")");
}

Box Canvas::free_box(double x, double y, double width) const {
  constexpr std::pair<double, double> kSides[] = {{1, 0},      {-1, 0},      {0, -1},    {0, 1},
                                                  {0.7, -0.7}, {-0.7, -0.7}, {0.7, 0.7}, {-0.7, 0.7}};
  const auto box_at = [&](double dx, double dy, double distance) {
    const double left = x + dx * distance + (dx > 0 ? 0 : dx < 0 ? -width : -width / 2);
    const double top = y + dy * (distance + kLabelHeight / 2) - kLabelHeight / 2;
    return Box{left, top, left + width, top + kLabelHeight};
  };
  for (const double distance : {7.0, 18.0, 32.0, 48.0, 66.0}) {
    for (const auto& [dx, dy] : kSides) {
      const Box box = box_at(dx, dy, distance);
      if (box.left < plot_.left || box.right > plot_.right || box.top < plot_.top || box.bottom > plot_.bottom)
        continue;
      if (std::none_of(taken_.begin(), taken_.end(), [&](const Box& other) { return other.meets(box); })) return box;
    }
  }
  return box_at(1, 0, 7);
}

// Entries side by side as far as they fit; returns the height that they take.
double Canvas::legend(double top, const std::vector<std::pair<std::string, std::string>>& entries) {
  double x = plot_.left, y = top;
  for (const auto& [name, sample] : entries) {
    const double width = 52 + text_width(name);
    if (x > plot_.left && x + width > kWidth - kRight) {
      x = plot_.left;
      y += kLine + 2;
    }
    put(fmt::format(R"svg(<g transform="translate({:.1f} {:.1f})">{}</g>)svg", x, y, sample));
    text(x + 28, y + 4, name);
    x += width;
  }
  return entries.empty() ? 0 : y - top + kLine + 4;
}

std::string Canvas::finish(const std::string& title, const std::vector<std::pair<std::string, std::string>>& entries,
                           const std::string& footnote) {
  text(plot_.left, 26, title, R"(class="title")");
  double bottom = plot_.bottom + 3 * kLine + 6;
  bottom += legend(bottom, entries);
  for (const std::string& words : wrapped(footnote, kWidth - plot_.left - kRight)) {
    text(plot_.left, bottom, words, R"(class="small")");
    bottom += kLine - 2;
  }
  return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" )"
                     R"(viewBox="0 0 {0:.0f} {1:.0f}">)",
                     kWidth, bottom) +
         '\n' + kStyle + fmt::format(R"(<rect width="{:.0f}" height="{:.0f}" class="paper"/>)", kWidth, bottom) + '\n' +
         body_ + "</svg>\n";
}

std::string line_class(const ChartSeries& series, std::size_t number) {
  return (series.line == LineStyle::dashed ? "dashed " : "") + colour(number) + " line";
}

std::string sample_of(const ChartSeries& series, std::size_t number) {
  std::string sample;
  if (series.line != LineStyle::none)
    sample += fmt::format(R"(<line x1="0" y1="0" x2="22" y2="0" class="{}"/>)", line_class(series, number));
  if (series.markers) sample += fmt::format(R"(<circle cx="11" cy="0" r="{}" class="{}"/>)", kMarker, colour(number));
  return sample;
}

void draw_error(Canvas& canvas, double x, const ErrorBar& error) {
  const double low = canvas.at_y(error.low), high = canvas.at_y(error.high);
  canvas.line(x, low, x, high, "error");
  canvas.line(x - 3, low, x + 3, low, "error");
  canvas.line(x - 3, high, x + 3, high, "error");
}

// Clipped to the frame, so that it may come from outside.
void draw_line(Canvas& canvas, const ChartSeries& series, std::size_t number) {
  if (series.line == LineStyle::none) return;
  std::string path;
  for (const ChartPoint& point : series.points) {
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", canvas.at_x(point.x), canvas.at_y(point.y));
  }
  canvas.put(fmt::format(R"svg(<polyline points="{}" class="{}" clip-path="url(#plot)"/>)svg", path,
                         line_class(series, number)));
}

void draw_markers(Canvas& canvas, const ChartSeries& series, std::size_t number) {
  if (!series.markers) return;
  for (const ChartPoint& point : series.points) {
    if (!canvas.shows(point.x, point.y)) continue;
    const double x = canvas.at_x(point.x), y = canvas.at_y(point.y);
    if (point.error) draw_error(canvas, x, *point.error);
    canvas.put(fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}" class="{}"/>)", x, y, kMarker, colour(number)));
    canvas.keep_free({x - kMarker, y - kMarker, x + kMarker, y + kMarker});
  }
}

void draw_labels(Canvas& canvas, const ChartSeries& series) {
  for (const ChartPoint& point : series.points) {
    if (point.label.empty() || !canvas.shows(point.x, point.y)) continue;
    canvas.label(canvas.at_x(point.x), canvas.at_y(point.y), point.label);
  }
}

Canvas canvas_of(const PointChart& chart) {
  std::vector<double> xs, ys;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      xs.push_back(point.x);
      ys.push_back(point.y);
      if (point.error) ys.insert(ys.end(), {point.error->low, point.error->high});
    }
  }
  for (const ChartGuide& guide : chart.guides) {
    (guide.direction == ChartGuide::Direction::vertical ? xs : ys).push_back(guide.at);
  }
  return {{kLeft, kTop, kWidth - kRight, kTop + kPlotHeight}, {chart.x, xs}, {chart.y, ys}};
}

// Zero for a linear axis of bars that gives no end below, the decade below the least value for a logarithmic one.
double bar_origin(const BarChart& chart, const std::vector<double>& values) {
  if (chart.values.from) return *chart.values.from;
  const double least = values.empty() ? 1 : *std::min_element(values.begin(), values.end());
  if (chart.values.scale == AxisScale::linear) return std::min(0.0, least);
  if (least <= 0)
    throw InternalError(fmt::format("the axis \"{}\" of a chart cannot show {}", chart.values.label, least));
  return std::pow(10.0, std::ceil(std::log10(least)) - 1);
}

Canvas canvas_of(const BarChart& chart) {
  std::vector<double> values;
  double label = 0;
  for (const BarGroup& group : chart.groups) {
    label = std::max(label, text_width(group.label));
    internal_check(group.bars.size() == chart.series.size(), "a group of a chart has a bar for each series");
    for (const auto& bar : group.bars) {
      if (!bar) continue;
      values.push_back(bar->value);
      if (bar->error) values.insert(values.end(), {bar->error->low, bar->error->high});
    }
  }
  for (const ChartGuide& guide : chart.guides) values.push_back(guide.at);
  ChartAxis axis = chart.values;
  axis.from = bar_origin(chart, values);
  const double left = std::min(label, kLongestLabel) + 2 * kPad;
  const double bars = static_cast<double>(std::max<std::size_t>(chart.series.size(), 1));
  const double height = kGroupGap + static_cast<double>(chart.groups.size()) * (bars * kBar + kGroupGap);
  // The texts at the ends of the bars stand to the right of the axis.
  return {{left, kTop, kWidth - kRight - kLeft, kTop + height}, {axis, values}, {{"", AxisScale::linear, 0, 1}, {}}};
}

void draw_bar(Canvas& canvas, const Bar& bar, double top, std::size_t series) {
  const double base = canvas.base_x();
  const double end = std::clamp(canvas.at_x(bar.value), canvas.plot().left, canvas.plot().right);
  const double middle = top + kBar / 2;
  canvas.put(fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"/>)",
                         std::min(base, end), top + 1, std::abs(end - base), kBar - 2, colour(series)));
  double text_at = std::max(base, end);
  if (bar.error) {
    const double low = canvas.at_x(bar.error->low), high = canvas.at_x(bar.error->high);
    canvas.line(low, middle, high, middle, "error");
    for (const double x : {low, high}) canvas.line(x, middle - 4, x, middle + 4, "error");
    text_at = std::max(text_at, high);
  }
  canvas.text(text_at + 5, middle + 4, bar.text.empty() ? fmt::format("{:.4g}", bar.value) : bar.text,
              R"(class="small")");
}

}  // namespace

std::string svg_of(const PointChart& chart) {
  Canvas canvas = canvas_of(chart);
  const Box& plot = canvas.plot();
  canvas.put(
      fmt::format(R"(<clipPath id="plot"><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/></clipPath>)",
                  plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top));
  canvas.x_axis(chart.x.label);
  canvas.y_axis(chart.y.label);
  canvas.frame();
  for (const ChartGuide& guide : chart.guides) canvas.guide(guide);
  for (std::size_t s = 0; s < chart.series.size(); ++s) draw_line(canvas, chart.series[s], s);
  for (std::size_t s = 0; s < chart.series.size(); ++s) draw_markers(canvas, chart.series[s], s);
  for (const ChartSeries& series : chart.series) draw_labels(canvas, series);
  std::vector<std::pair<std::string, std::string>> legend;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    if (!chart.series[s].name.empty()) legend.emplace_back(chart.series[s].name, sample_of(chart.series[s], s));
  }
  return canvas.finish(chart.title, legend, chart.footnote);
}

std::string svg_of(const BarChart& chart) {
  Canvas canvas = canvas_of(chart);
  canvas.x_axis(chart.values.label);
  canvas.frame();
  double top = canvas.plot().top + kGroupGap;
  for (const BarGroup& group : chart.groups) {
    const double height = kBar * static_cast<double>(group.bars.size());
    canvas.text(canvas.plot().left - 6, top + height / 2 + 4, group.label, R"(text-anchor="end")");
    for (std::size_t s = 0; s < group.bars.size(); ++s) {
      if (group.bars[s]) draw_bar(canvas, *group.bars[s], top + kBar * static_cast<double>(s), s);
    }
    top += height + kGroupGap;
  }
  for (const ChartGuide& guide : chart.guides) canvas.guide(guide);
  std::vector<std::pair<std::string, std::string>> legend;
  for (std::size_t s = 0; chart.series.size() > 1 && s < chart.series.size(); ++s) {
    legend.emplace_back(chart.series[s],
                        fmt::format(R"(<rect x="6" y="-6" width="14" height="12" class="{}"/>)", colour(s)));
  }
  return canvas.finish(chart.title, legend, chart.footnote);
}

}  // namespace mlffgen::cli
