#include "cli/profile_roofline.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "cli/profile_chart.h"
#include "cli/profile_roofline_report.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cli;
using doctest::Approx;
using runtime::KernelCost;
using runtime::Precision;
using runtime::Profile;

kernels::Rate rate(double median) { return {median, 0.9 * median, 1.1 * median}; }

// 10 multiprocessors; a microsecond is 1,000 bytes of device memory, 2,000 gathered, 8,000 from L1, 4,000 of weights
// (500 by one block), 10,000 multiply-add operations, 100,000 on tensor cores.
kernels::DeviceLimits limits() {
  kernels::DeviceLimits limits;
  limits.multiprocessors = 10;
  limits.copy = rate(1e9);
  limits.gather = rate(2e9);
  limits.table = rate(8e9);
  limits.weights = rate(4e9);
  limits.block_weights = rate(5e8);
  limits.multiply_adds = rate(1e10);
  limits.products = rate(1e11);
  limits.node = {1, 0.9, 1.2};
  return limits;
}

Profile::Step step(const std::string& name, double median) { return {"model", name, {median, median, median}}; }

// 80 atoms in tiles of 4: 20 blocks, enough for every multiprocessor.
Profile profile_of(std::vector<Profile::Step> steps) {
  Profile profile;
  profile.n_atoms = 80;
  profile.n_pairs = 800;
  profile.tile_atoms = 4;
  profile.steps = std::move(steps);
  profile.all_steps.median = profile.sum_of_steps() / 0.97;
  profile.call.median = 2 * profile.sum_of_steps();
  return profile;
}

KernelCost cost(double pair_operations, double gathered = 0, double tables = 0, double weights = 0) {
  KernelCost cost;
  cost.pair.operations = pair_operations;
  cost.pair.gathered = gathered;
  cost.pair.weights = tables;
  cost.tile.weights = weights;
  return cost;
}

double least(const StepRoof& step, Limit limit) { return step.floor->least[static_cast<std::size_t>(limit)]; }

const StepRoof& only(const Roofline& roofline) {
  REQUIRE(roofline.steps.size() == 1);
  REQUIRE(roofline.steps[0].floor);
  return roofline.steps[0];
}

TEST_CASE("what binds is the limit that takes longest, and the rest of the time is left") {
  const Profile profile = profile_of({step("phase_0", 100)});
  const auto bound = [&](const KernelCost& cost) {
    return roofline_of(profile, {{"phase_0", cost}}, Precision::single_precision, limits());
  };
  const Roofline arithmetic = bound(cost(1000));
  CHECK(only(arithmetic).floor->bound == Limit::multiply_adds);
  CHECK(only(arithmetic).floor->floor == Approx(80));
  CHECK(only(arithmetic).floor->of_limit == Approx(0.8));
  CHECK(only(arithmetic).floor->potential == Approx(20));
  CHECK(only(arithmetic).work->flops_per_second == Approx(8e9));

  const Roofline gathers = bound(cost(10, 50));
  CHECK(only(gathers).floor->bound == Limit::gathers);
  CHECK(only(gathers).floor->floor == Approx(4 * 50 * 800 / 2000.0));
  const Roofline tables = bound(cost(10, 10, 90));
  CHECK(only(tables).floor->bound == Limit::l1);
  CHECK(only(tables).floor->floor == Approx(4 * 100 * 800 / 8000.0));

  KernelCost memory = cost(10);
  memory.atom.stored = 250;
  CHECK(only(bound(memory)).floor->bound == Limit::memory);
  CHECK(only(bound(memory)).floor->floor == Approx(80));

  KernelCost products = cost(0);
  products.atom.operations = products.scalar_products = 10000;
  const Roofline tensor = bound(products);
  CHECK(only(tensor).floor->bound == Limit::products);
  // Three products for one, and rows of 4 filled up to 8.
  CHECK(only(tensor).floor->floor == Approx(3 * 2 * 10000.0 * 80 / 100000));

  CHECK(only(bound(cost(0))).floor->bound == Limit::launch);
  CHECK(only(bound(cost(0))).floor->floor == Approx(1));
}

TEST_CASE("weights take at least what one block needs for all of them") {
  const Profile many = profile_of({step("phase_0", 1000)});
  const Roofline all = roofline_of(many, {{"phase_0", cost(0, 0, 0, 1000)}}, Precision::single_precision, limits());
  CHECK(only(all).floor->bound == Limit::weights);
  CHECK(only(all).floor->floor == Approx(4 * 1000 * 20 / 4000.0));
  Profile few = many;
  few.n_atoms = 4;
  const Roofline one = roofline_of(few, {{"phase_0", cost(0, 0, 0, 1000)}}, Precision::single_precision, limits());
  CHECK(only(one).floor->floor == Approx(4 * 1000 / 500.0));
}

TEST_CASE("few blocks have few multiprocessors, but all of device memory") {
  Profile profile = profile_of({step("phase_0", 1000)});
  profile.n_atoms = 8;  // 2 blocks of 10 multiprocessors
  KernelCost both = cost(1000, 50);
  both.atom.stored = 250;
  const Roofline roofline = roofline_of(profile, {{"phase_0", both}}, Precision::single_precision, limits());
  CHECK(least(only(roofline), Limit::multiply_adds) == Approx(5 * 80));
  CHECK(least(only(roofline), Limit::gathers) == Approx(5 * 80));
  // The rows gathered are read from device memory once an atom.
  CHECK(least(only(roofline), Limit::memory) == Approx(4 * (250 + 50) * 8 / 1000.0));
}

TEST_CASE("a step that is quicker than its floor has nothing left") {
  const Profile profile = profile_of({step("phase_0", 50)});
  const Roofline roofline = roofline_of(profile, {{"phase_0", cost(1000)}}, Precision::single_precision, limits());
  CHECK(only(roofline).floor->of_limit == Approx(1.6));
  CHECK(only(roofline).floor->potential == 0);
}

TEST_CASE("priorities come by what is left; reductions move bytes; what is not known is not modelled") {
  const Profile profile =
      profile_of({step("all_pairs_fill", 30), step("phase_0", 100), step("phase_1", 500), step("reduce_forces", 40)});
  const Roofline roofline =
      roofline_of(profile, {{"phase_0", cost(1000)}, {"phase_1", cost(100)}}, Precision::single_precision, limits());
  REQUIRE(roofline.steps.size() == 4);
  CHECK_FALSE(roofline.steps[0].work);
  CHECK_FALSE(roofline.steps[0].floor);
  CHECK(roofline.steps[3].work->work.streamed == Approx(80 * (8 + 12 + 24 + 96) + 800 * (4 + 16 + 12)));
  CHECK(roofline.priorities.size() == 3);
  CHECK(roofline.priorities[0] == 2);
  CHECK(roofline.time == Approx(640));
  CHECK(roofline.flops == Approx(800 * 1100));
  CHECK(roofline.floor == Approx(80 + 8 + roofline.steps[3].floor->floor));
  CHECK(roofline.potential == Approx(640 - roofline.floor));
}

TEST_CASE("without limits there is work and no floor") {
  const Profile profile = profile_of({step("phase_0", 100)});
  const Roofline roofline = roofline_of(profile, {{"phase_0", cost(1000)}}, Precision::single_precision, {});
  CHECK(roofline.steps[0].work->flops_per_second == Approx(8e9));
  CHECK_FALSE(roofline.steps[0].floor);
  CHECK(roofline.priorities.empty());
  CHECK(roofline.counted);
  CHECK_FALSE(roofline_of(profile, {}, Precision::single_precision, {}).counted);
  CHECK_THROWS_AS(roofline_chart("t", "s", profile, roofline), InternalError);
}

TEST_CASE("the JSON has what was worked out, and null for what was not") {
  const Profile profile = profile_of({step("copy to the device", 5), step("phase_0", 100)});
  const std::map<std::string, KernelCost> costs = {{"phase_0", cost(1000)}};
  nlohmann::json report = {{"steps", {nlohmann::json::object(), nlohmann::json::object()}}};
  add_roofline_json(report, profile, roofline_of(profile, costs, Precision::single_precision, limits()));
  CHECK(report["steps"][0]["work"].is_null());
  CHECK(report["steps"][0]["roofline"].is_null());
  CHECK(report["steps"][1]["work"]["flops"] == 800000);
  CHECK(report["steps"][1]["roofline"]["bound"] == "multiply_adds");
  CHECK(report["steps"][1]["roofline"]["limits_us"].size() == kLimits);
  CHECK(report["limits"]["copy"]["median"] == 1e9);
  CHECK(report["limits"]["barrier"].is_null());
  CHECK(report["totals"]["potential_us"].get<double>() == Approx(20));
  CHECK(report["priorities"][0]["name"] == "phase_0");
  add_roofline_json(report, profile, roofline_of(profile, costs, Precision::single_precision, {}));
  CHECK(report["limits"].is_null());
  CHECK(report["steps"][1]["roofline"].is_null());
}

TEST_CASE("the chart has a point for each kernel with operations, below the lines of memory and arithmetic") {
  const Profile profile = profile_of({step("phase_0", 100), step("phase_1", 500), step("reduce_forces", 40)});
  KernelCost second = cost(100, 20);
  const Roofline roofline =
      roofline_of(profile, {{"phase_0", cost(1000, 1)}, {"phase_1", second}}, Precision::single_precision, limits());
  const PointChart chart = roofline_chart("title", "what", profile, roofline);
  REQUIRE(chart.series.size() == 4);
  REQUIRE(chart.series[0].points.size() == 2);
  CHECK(chart.series[0].points[0].label == "phase_0");
  CHECK(chart.series[0].points[0].y == Approx(8e9 / 1e12));
  const runtime::KernelWork& work = roofline.steps[0].work->work;
  CHECK(chart.series[0].points[0].x == Approx(work.flops / work.bytes()));
  for (std::size_t s = 1; s < 4; ++s) {
    CHECK(chart.series[s].line == LineStyle::dashed);
    CHECK(chart.series[s].points.back().y == Approx(1e10 / 1e12));  // no tensor cores in use
  }
  CHECK(chart.series[1].points.back().x == Approx(10));  // operations a byte where memory gives as much as arithmetic
  CHECK(chart.guides.size() == 1);
  CHECK(svg_of(chart).find("phase_1") != std::string::npos);
}

}  // namespace
