#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "cli/checks/random.h"
#include "cli/comparison.h"
#include "cli/document.h"
#include "cli/frames.h"
#include "cli/statistics.h"
#include "cli/table.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;
using doctest::Approx;

TEST_CASE("percentiles are interpolated, the deviation is that of the sample") {
  const Timing timing = summarise({4, 1, 3, 2, 5});
  CHECK(timing.repeats == 5);
  CHECK(timing.median == 3);
  CHECK(timing.mean == 3);
  CHECK(timing.deviation == Approx(std::sqrt(2.5)));
  CHECK(timing.p95 == Approx(4.8));
  CHECK(timing.p99 == Approx(4.96));
  CHECK(timing.least == 1);
  CHECK(summarise({7}).deviation == 0);
  CHECK(summarise({7}).p99 == 7);
}

TEST_CASE("columns of a table are aligned, and rows end without blanks") {
  Table table({"<name", "n"});
  table.add({"a", "100"});
  table.add({"longer", ""});
  CHECK(table.str("  ") == "  name      n\n  a       100\n  longer\n");
  CHECK_THROWS_AS(table.add({"a", "b", "c"}), InternalError);
}

TEST_CASE("a document says the same in Markdown and in HTML, where nothing of a text is markup") {
  Document document("errors < bounds");
  document.heading("a & b");
  document.paragraph("run `x < y` now");
  Table table({"<name", "value"});
  table.add({"<b>", "1"});
  document.table(table);
  document.table(Table({"empty"}));
  document.chart("a.svg", "a \"chart\"", "<svg id=\"#1\">50%</svg>");
  CHECK(document.markdown() ==
        "# errors < bounds\n\n## a & b\n\nrun `x < y` now\n\n| name | value |\n| --- | ---: |\n| <b> | 1 |\n\n"
        "![a \"chart\"](a.svg)\n");
  const std::string page = document.html();
  for (const char* part :
       {"<title>errors &lt; bounds</title>", "<h2>a &amp; b</h2>", "<p>run <code>x &lt; y</code> now</p>",
        "<td>&lt;b&gt;</td><td class=\"number\">1</td>",
        "<img alt=\"a &quot;chart&quot;\" src=\"data:image/svg+xml,%3Csvg id=%22%231%22%3E50%25%3C/svg%3E\">"}) {
    CHECK_MESSAGE(page.find(part) != std::string::npos, part);
  }
  CHECK(page.find("empty") == std::string::npos);
}

TEST_CASE("sizes are told in powers of ten") {
  CHECK(size_text(999) == "999 B");
  CHECK(size_text(1500) == "1.5 kB");
  CHECK(size_text(2500000) == "2.5 MB");
}

runtime::Frame reference() {
  runtime::Frame frame;
  frame.structure.atomic_numbers = {1, 8};
  frame.structure.positions = {{0, 0, 0}, {1, 0, 0}};
  frame.structure.cell = {{{2, 0, 0}, {0, 3, 0}, {0, 0, 4}}};
  frame.energy = -4;
  frame.forces = {{1, 0, 0}, {-1, 0, 0}};
  return frame;
}

runtime::Result result() { return {-3, {-1, -2}, {{1, 0, 0.5}, {-1, 0, -0.5}}, {24, 0, 0, 0, 24, 0, 0, 0, 24}}; }

TEST_CASE("errors of energies are an atom's, errors of forces over components") {
  const Comparison errors = compare(reference(), result());
  CHECK(*errors.energy_per_atom == 0.5);
  CHECK(*errors.energy_relative == 0.25);
  CHECK(errors.forces->mae == Approx(1.0 / 6));
  CHECK(errors.forces->rmse == Approx(std::sqrt(0.5 / 6)));
  CHECK(errors.forces->largest == 0.5);
  CHECK(errors.forces->relative() == Approx(0.5));
  CHECK_FALSE(errors.virial_largest);
}

TEST_CASE("a stress stands in for a virial in a periodic box, and in no other") {
  runtime::Frame frame = reference();
  frame.stress = {-1, 0, 0, 0, -1, 0, 0, 0, -2};
  CHECK_FALSE(compare(frame, result()).virial_largest);
  frame.structure.periodic = {true, true, true};
  CHECK(*compare(frame, result()).virial_largest == 24);
  CHECK(*compare(frame, result()).virial_relative == 0.5);
}

TEST_CASE("a frame without any reference counts for nothing") {
  runtime::Frame frame = reference();
  frame.energy.reset();
  frame.forces.clear();
  ComparisonSummary summary;
  summary.add(compare(frame, result()));
  CHECK(summary.frames() == 0);
  CHECK_FALSE(summary.forces());
  CHECK_FALSE(summary.energy_mae());
}

TEST_CASE("a summary weighs components, not frames") {
  ComparisonSummary summary;
  summary.add(compare(reference(), result()));
  runtime::Frame single = reference();
  single.structure.atomic_numbers = {1};
  single.structure.positions = {{0, 0, 0}};
  single.forces = {{0, 0, 0}};
  summary.add(compare(single, {-4, {-4}, {{0, 0, 0}}, {}}));
  CHECK(summary.forces()->rmse == Approx(std::sqrt(0.5 / 9)));
  CHECK(*summary.energy_mae() == 0.25);
  CHECK(*summary.energy_largest() == 0.5);
}

TEST_CASE("units of a frame win over those of the call, and equal units change no bit") {
  runtime::Frame frame = reference();
  frame.info = {{"energy_unit", "\"kcal/mol\""}};
  const Units units = frame_units(frame, {"angstrom", "eV"});
  CHECK(units.energy == "kcal/mol");
  CHECK(units.length == "angstrom");
  runtime::Frame converted = frame;
  convert_frame(converted, units, units);
  CHECK(converted.energy == frame.energy);
  CHECK(converted.structure.positions == frame.structure.positions);
  convert_frame(converted, {"angstrom", "eV"}, {"nm", "meV"});
  CHECK(*converted.energy == Approx(-4000));
  CHECK(converted.structure.positions[1][0] == Approx(0.1));
  CHECK(converted.forces[0][0] == Approx(1e4));
}

TEST_CASE("random rotations are proper and orthogonal, and orders are permutations") {
  Random random(5);
  for (int trial = 0; trial < 20; ++trial) {
    const Matrix3 r = random.rotation();
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) {
        const double product = r[a][0] * r[b][0] + r[a][1] * r[b][1] + r[a][2] * r[b][2];
        CHECK(product == Approx(a == b ? 1.0 : 0.0).epsilon(1e-12));
      }
    }
    const double determinant = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
                               r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                               r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
    CHECK(determinant == Approx(1.0));
  }
  std::vector<bool> seen(50, false);
  for (const std::size_t k : random.order(50)) seen[k] = true;
  for (const bool found : seen) CHECK(found);
}

}  // namespace
