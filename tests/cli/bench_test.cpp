// The figures and the documents of mlffgen bench, of known samples.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "cli/bench_report.h"
#include "cli/bench_results.h"
#include "cli/child_process.h"
#include "cli/random_structures.h"
#include "runtime/neighbour_list.h"
#include "tests/base/temporary_folder.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;
using doctest::Approx;

BenchCell known_cell() {
  BenchCell cell;
  cell.size = {100, true};
  cell.batch = 4;
  cell.pairs = 20000;
  cell.bytes_held = 1500000;
  cell.sides.push_back({"device pointers", {1, 3, 2, 2, 2}, Comparison::Forces{1e-6, 0, 0, 1}, {}, ""});
  cell.sides.push_back({kPeerEager, {20, 20, 30}, {}, {}, ""});
  cell.sides.push_back({kPeerGraph, {}, {}, {}, "a CUDA graph needs a GPU"});
  return cell;
}

BenchReport known_report() {
  BenchReport report;
  report.model = "painn";
  report.machine = {{"gpu", "some | GPU"}};
  report.limits = {{"repeats", 5}};
  report.cells.push_back(known_cell());
  report.left_out = {"64 x 8000p"};
  report.advice = {"exact: 400 atoms"};
  return report;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("throughput follows from the time of a call") {
  const Throughput rate = throughput(known_cell(), 2);
  CHECK(rate.structures == Approx(2000));
  CHECK(rate.atom_steps == Approx(200000));
  CHECK(rate.ns_per_day == Approx(500 * 86400 * 0.5e-6));
}

TEST_CASE("the JSON holds every sample, the figures and the problems") {
  const nlohmann::json cell = bench_json(known_report())["cells"][0];
  CHECK(cell["atoms"] == 400);
  CHECK(cell["sides"][0]["samples_ms"] == std::vector<double>{1, 3, 2, 2, 2});
  CHECK(cell["sides"][0]["timing"]["median_ms"] == 2);
  CHECK(cell["sides"][0]["double_error"]["rmse_relative"] == 1e-6);
  CHECK_FALSE(cell["sides"][0].contains("pytorch_error"));
  CHECK(cell["sides"][2]["problem"] == "a CUDA graph needs a GPU");
  CHECK_FALSE(cell["sides"][2].contains("timing"));
}

TEST_CASE("the document has the tables, what was left out and the signal") {
  BenchReport report = known_report();
  report.stopped_by = "SIGINT";
  const std::string text = bench_markdown(report, {});
  CHECK(contains(text, "Stopped by SIGINT"));
  CHECK(contains(text, "64 x 8000p"));
  CHECK(contains(text, "| gpu | some \\| GPU |"));
  CHECK(contains(text, "| tuned | exact: 400 atoms |"));
  CHECK(contains(text, "| 100p | 4 | 400 | device pointers | 5 | 2.000 | 2.000 | 0.7071 | 2.800 | 2.960 | 1.000 |"));
  CHECK(contains(text, "| 100p | 4 | 400 | 50.0 | 2.000 | 2000 | 2e+05 | 21.60 | 1.5 MB | 1.0e-06 |"));
  CHECK(contains(text, "errors against the double build"));
  CHECK(contains(text, "| 100p | 4 | 400 | 2.000 | 20.00 |  | 10.0x |  | 1.0e-06 |  |"));
  CHECK(contains(text, "PyTorch as a CUDA graph: a CUDA graph needs a GPU"));
}

TEST_CASE("plots are drawn of what there is, and embedded in the document") {
  BenchReport report = known_report();
  CHECK(bench_plots(report).empty());  // no single structure, no two batches of a size
  BenchCell single = known_cell();
  single.batch = 1;
  report.cells.push_back(single);
  const std::vector<BenchPlot> plots = bench_plots(report);
  REQUIRE(plots.size() == 2);
  CHECK(contains(plots[0].svg, "device pointers, periodic"));
  CHECK(contains(plots[0].svg, "PyTorch, periodic"));
  CHECK_FALSE(contains(plots[0].svg, kPeerGraph));
  CHECK(contains(plots[1].svg, "100p atoms"));
  CHECK(contains(bench_markdown(report, plots), "![Throughput over batch](throughput.svg)"));
}

AblationCell known_ablation() {
  AblationCell cell{{50, false}, 4, {}};
  cell.rungs.push_back({"PyTorch", "eager", {}, {}, {}, "no GPU"});
  cell.rungs.push_back(
      {"generated code", "a kernel a layer", {8, 8, 9}, {1, 2, 3}, Comparison::Forces{2e-6, 0, 0, 1}, ""});
  cell.rungs.push_back({"device list", "on the GPU", {}, {}, {}, "no such thing"});
  cell.rungs.push_back({"CUDA graph", "one launch", {2, 2, 2}, {}, {}, ""});
  cell.rungs.push_back({"tuned", "", {1, 1, 1}, {}, {}, ""});
  return cell;
}

TEST_CASE("steps are measured against the first and the last that are available") {
  const auto gains = ablation_gains(known_ablation());
  REQUIRE(gains.size() == 5);
  CHECK_FALSE(gains[0]);
  CHECK(gains[1]->over_first == 1);
  CHECK_FALSE(gains[2]);
  CHECK(gains[3]->over_first == 4);
  CHECK(gains[3]->over_last == 4);
  CHECK(gains[4]->over_first == 8);
  CHECK(gains[4]->over_last == 2);
}

TEST_CASE("steps are in the JSON, the tables and a plot, those that are not available with the reason") {
  BenchReport report;
  report.ablation = {known_ablation()};
  const nlohmann::json cell = bench_json(report)["ablation"][0];
  CHECK(cell["atoms"] == 200);
  CHECK(cell["rungs"][0] == nlohmann::json({{"name", "PyTorch"}, {"what", "eager"}, {"problem", "no GPU"}}));
  CHECK(cell["rungs"][1]["list"]["median_ms"] == 2);
  CHECK(cell["rungs"][3]["speed_up"] == 4);
  CHECK(cell["rungs"][4]["samples_ms"] == std::vector<double>{1, 1, 1});
  const std::vector<BenchPlot> plots = bench_plots(report);
  REQUIRE(plots.size() == 1);
  CHECK(contains(plots[0].svg, "4x50 atoms"));
  CHECK(contains(plots[0].svg, "times as fast as generated code"));
  const std::string text = bench_markdown(report, plots);
  CHECK(contains(text, "| 4x50 | PyTorch: not available: no GPU |"));
  CHECK(contains(text, "| 4x50 | generated code | 3 | 8.000 | 8.900 | 0.5774 | 2.000 | 1.0x | 1.00x | 2.0e-06 |"));
  CHECK(contains(text, "| 4x50 | tuned | 3 | 1.000 | 1.000 | 0.000 |  | 8.0x | 2.00x |  |"));
  CHECK(contains(text, "- generated code: a kernel a layer"));
}

TEST_CASE("sizes are read and told, and nothing else is a size") {
  CHECK(parse_structure_size("100") == StructureSize{100, false});
  CHECK(parse_structure_size("1000p") == StructureSize{1000, true});
  CHECK(StructureSize{1000, true}.text() == "1000p");
  for (const char* wrong : {"", "p", "0", "-5", "10x", "10pp", "1e3", " 10", "99999999999", "50000001"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_structure_size(wrong), UserError);
  }
}

TEST_CASE("random structures have the density of a liquid and no atoms on top of each other") {
  runtime::Plan plan;
  plan.length_unit = "nm";
  plan.elements = {1, 6, 8};
  constexpr double kCutoff = 0.5;
  for (const bool periodic : {false, true}) {
    const runtime::Structure structure = random_structure({1000, periodic}, plan, 3);
    const runtime::NeighbourList list = runtime::build_neighbour_list(structure, kCutoff);
    double nearest = kCutoff;
    for (const runtime::Vector3& d : list.displacement) nearest = std::min(nearest, std::hypot(d[0], d[1], d[2]));
    CHECK(nearest > 0.175);
    const double neighbours = list.n_pairs() / 1000.0;
    CHECK(neighbours == (periodic ? Approx(53).epsilon(0.02) : Approx(40).epsilon(0.1)));
    CHECK(structure.periodic[2] == periodic);
    CHECK(random_structure({1000, periodic}, plan, 3).positions == structure.positions);
    CHECK(random_structure({1000, periodic}, plan, 4).positions != structure.positions);
  }
}

TEST_CASE("a program is spoken with line by line, and its end is told") {
  const TemporaryFolder folder;
  const auto never = [] { return false; };
  ChildProcess echo({"sh", "-c", "while read x; do echo \"<$x>\"; done; echo last >&2; exit 3"}, folder.path() / "e");
  echo.write_line("one");
  echo.write_line("two");
  CHECK(echo.read_line(60, never) == "<one>");
  CHECK(echo.read_line(60, never) == "<two>");
  CHECK_THROWS_AS(echo.read_line(0.05, never), UserError);
  CHECK(echo.read_line(60, [] { return true; }) == std::nullopt);
  ChildProcess brief({"sh", "-c", "printf rest; exit 3"}, folder.path() / "f");
  CHECK(brief.read_line(60, never) == std::nullopt);
  CHECK(brief.outcome() == "exit status 3");
  brief.write_line("to nobody");
  CHECK_THROWS_AS(ChildProcess({"/absent/program"}, folder.path() / "g"), UserError);
}

}  // namespace
