#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "cli/chart_axis.h"
#include "cli/svg_chart.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;
using doctest::Approx;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> texts(const AxisRange& range) {
  std::vector<std::string> texts;
  for (const Tick& tick : range.ticks()) {
    if (!tick.text.empty()) texts.push_back(tick.text);
  }
  return texts;
}

AxisRange logarithmic(double from, double to) { return {{"", AxisScale::logarithmic, from, to}, {}}; }

TEST_CASE("an axis holds its values with some room, and ends that are given stay") {
  const AxisRange range({"x", AxisScale::linear, 0, {}}, {1, 5, 3});
  CHECK(range.low() == 0);
  CHECK(range.high() == Approx(5.3));
  CHECK(range.position(0) == 0);
  CHECK(range.position(2.65) == Approx(0.5));
  const AxisRange decades({"x", AxisScale::logarithmic, {}, 1000}, {10});
  CHECK(decades.low() == Approx(std::pow(10, 1 - 0.12)));
  CHECK(decades.position(decades.high()) == Approx(1));
  CHECK(logarithmic(1, 100).position(10) == Approx(0.5));
}

TEST_CASE("values that are all alike, and none at all, make a range") {
  for (const AxisScale scale : {AxisScale::linear, AxisScale::logarithmic}) {
    for (const std::vector<double>& values : {std::vector<double>{}, {7}, {1e-30, 1e-30}, {3e30}}) {
      const AxisRange range({"x", scale, {}, {}}, values);
      CHECK(range.low() < range.high());
      CHECK(range.ticks().size() >= 2);
      for (const double value : values) CHECK(range.position(value) == Approx(0.5));
    }
  }
  CHECK(AxisRange({"x", AxisScale::linear, {}, {}}, {0}).ticks().size() >= 2);
  CHECK(AxisRange({"x", AxisScale::linear, {}, {}}, {-4, -4}).position(-4) == Approx(0.5));
}

TEST_CASE("linear ticks are round numbers") {
  using Texts = std::vector<std::string>;
  CHECK(texts({{"", AxisScale::linear, 0, 10}, {}}) == Texts{"0", "2", "4", "6", "8", "10"});
  CHECK(texts({{"", AxisScale::linear, -0.1, 0.3}, {}}) ==
        Texts{"-0.1", "-0.05", "0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"});
  CHECK(texts({{"", AxisScale::linear, 0, 12345}, {}}) == Texts{"0", "2000", "4000", "6000", "8000", "10000", "12000"});
}

TEST_CASE("logarithmic ticks are decades, fewer where there are many, and 2 and 5 too where there are few") {
  using Texts = std::vector<std::string>;
  CHECK(texts(logarithmic(1, 1000)) == Texts{"1", "10", "100", "1000"});
  CHECK(texts(logarithmic(0.3, 4)) == Texts{"0.5", "1", "2"});
  CHECK(texts(logarithmic(1e-6, 1e6)).size() == 7);
  CHECK(texts(logarithmic(1e-150, 1e150)).size() <= 9);
  CHECK(texts(logarithmic(30, 40)) == texts({{"", AxisScale::linear, 30, 40}, {}}));
  const AxisRange range = logarithmic(1, 100);
  CHECK(range.ticks().size() == 19);  // 1 to 9, 10 to 90 and 100
  for (const Tick& tick : range.ticks()) CHECK(range.contains(tick.value));
}

TEST_CASE("an axis refuses what it cannot show") {
  CHECK_THROWS_WITH_AS(AxisRange({"rate", AxisScale::logarithmic, {}, {}}, {1, 0}),
                       "internal error: the axis \"rate\" of a chart cannot show 0", InternalError);
  CHECK_THROWS_AS(AxisRange({"rate", AxisScale::linear, {}, {}}, {kNone}), InternalError);
  CHECK_THROWS_AS(AxisRange({"rate", AxisScale::linear, 3, 2}, {}), InternalError);
  CHECK_THROWS_AS(svg_of(PointChart{.y = {.scale = AxisScale::logarithmic}, .series = {{"", {{1, -1}}}}}),
                  InternalError);
  CHECK_THROWS_AS(svg_of(BarChart{.series = {"a", "b"}, .groups = {{"one bar", {Bar{1}}}}}), InternalError);
  CHECK_THROWS_AS(
      svg_of(BarChart{.values = {.scale = AxisScale::logarithmic}, .series = {""}, .groups = {{"", {Bar{0}}}}}),
      InternalError);
}

TEST_CASE("a chart of nothing is a chart, and a chart is the same text each time") {
  CHECK(svg_of(PointChart{}).starts_with("<svg "));
  CHECK(svg_of(BarChart{}).ends_with("</svg>\n"));
  const PointChart chart{.title = "t", .series = {{"a", {{1, 2, "p", ErrorBar{1, 3}}, {2, 3}}, LineStyle::solid}}};
  CHECK(svg_of(chart) == svg_of(chart));
}

}  // namespace
