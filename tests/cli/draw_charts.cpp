// Writes the charts that test_charts.py looks at: draw_charts FOLDER.
#include "base/files.h"
#include "cli/svg_chart.h"

using namespace mlffgen;
using namespace mlffgen::cli;

namespace {

PointChart roofline() {
  PointChart chart;
  chart.title = "a roofline";
  chart.x = {"operations a byte", AxisScale::logarithmic, 0.1, 1000};
  chart.y = {"GFLOP/s", AxisScale::logarithmic, 1, 1e5};
  chart.series = {
      {"kernels", {{1, 10, "first", {}}, {100, 10000, "second", ErrorBar{5000, 20000}}, {5000, 50, "outside", {}}}},
      {"limit", {{0.01, 30}, {10, 30000}, {1e4, 30000}}, LineStyle::dashed, false}};
  chart.guides = {{ChartGuide::Direction::horizontal, 1000, "a limit"},
                  {ChartGuide::Direction::vertical, 10, "a ridge"},
                  {ChartGuide::Direction::vertical, 1e9, "far outside"}};
  chart.footnote =
      "measured with care, and said in so many words that they need more than one line of the chart, which "
      "is what happens to footnotes that say everything there is to say about a measurement";
  return chart;
}

PointChart crowd() {
  PointChart chart;
  chart.x = {"x", AxisScale::linear, 0, 10};
  chart.y = {"y", AxisScale::linear, 0, 10};
  chart.series = {{"near one another", {}}};
  for (int k = 0; k < 12; ++k) chart.series[0].points.push_back({5 + 0.01 * k, 5, "kernel_" + std::to_string(k), {}});
  return chart;
}

BarChart bars() {
  BarChart chart;
  chart.title = "bars";
  chart.values = {"milliseconds", AxisScale::linear, {}, 100};
  chart.series = {"ours", "theirs"};
  chart.groups = {{"small", {Bar{10, "", ErrorBar{5, 15}}, Bar{50, "5.0x", {}}}}, {"large", {Bar{100, "", {}}, {}}}};
  chart.guides = {{ChartGuide::Direction::vertical, 80, "target"}};
  return chart;
}

BarChart logarithmic_bars() {
  BarChart chart = bars();
  chart.values = {"milliseconds", AxisScale::logarithmic, 1, 1000};
  return chart;
}

PointChart hostile() {
  PointChart chart;
  chart.title = "<script>\"a\" & 'b'</script> \x01\n \xff \xc3\xa5ngstr\xc3\xb6m";
  chart.x.label = "a < b & c";
  chart.y.label = "]]> <!-- \"";
  chart.series = {{"</svg>", {{1, 1, "<p a=\"b\">", {}}}}};
  chart.guides = {{ChartGuide::Direction::vertical, 1, "<&>"}};
  chart.footnote = "& <g>";
  return chart;
}

}  // namespace

int main(int, char** arguments) {
  const std::filesystem::path folder = arguments[1];
  write_file_atomically(folder / "roofline.svg", svg_of(roofline()));
  write_file_atomically(folder / "crowd.svg", svg_of(crowd()));
  write_file_atomically(folder / "bars.svg", svg_of(bars()));
  write_file_atomically(folder / "logarithmic_bars.svg", svg_of(logarithmic_bars()));
  write_file_atomically(folder / "hostile.svg", svg_of(hostile()));
  write_file_atomically(folder / "empty.svg", svg_of(PointChart{}));
  write_file_atomically(folder / "empty_bars.svg", svg_of(BarChart{}));
}
