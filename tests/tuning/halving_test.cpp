#include "tuning/halving.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/tuning/noise.h"

using namespace mlffgen::tuning;
using namespace tuning_test;

namespace {

class SimulatedBench : public Bench {
 public:
  SimulatedBench(std::vector<double> true_times, std::uint64_t seed, NoiseOptions noise = {})
      : times(std::move(true_times)), noise_(seed, noise) {}

  std::vector<double> sample(std::size_t arm, int count) override {
    order.push_back(arm);
    samples += count;
    if (fails.count(arm) > 0 && fails[arm]-- == 0) throw ArmFailed("it fails");
    std::vector<double> result;
    for (int k = 0; k < count; ++k) result.push_back(noise_(times.at(arm)));
    return result;
  }
  std::optional<std::string> check(std::size_t arm) override {
    checked.push_back(arm);
    return wrong.count(arm) > 0 ? std::optional<std::string>("off by 1") : std::nullopt;
  }

  std::vector<double> times;  // of the arms, without noise
  std::set<std::size_t> wrong;
  std::map<std::size_t, int> fails;  // after so many portions
  std::vector<std::size_t> order, checked;
  int samples = 0;

 private:
  Noise noise_;
};

// From 50 to 100 microseconds.
std::vector<double> random_times(std::size_t arms, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(50, 100);
  std::vector<double> times(arms);
  for (double& time : times) time = uniform(random);
  return times;
}

double least(const std::vector<double>& times) { return *std::min_element(times.begin(), times.end()); }

HalvingOptions seeded(std::uint64_t seed) {
  HalvingOptions options;
  options.seed = seed;
  return options;
}

}  // namespace

TEST_CASE("the winner is within 2 % of the fastest arm, for 95 % of the seeds") {
  constexpr int kSeeds = 300;
  for (const std::size_t arms : {3U, 12U, 40U}) {
    int near = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      SimulatedBench bench(random_times(arms, seed), seed + 1000);
      const HalvingResult result = search(bench, arms, seeded(seed));
      CHECK(result.complete);
      CHECK(result.samples == bench.samples);
      near += bench.times[result.winner] <= 1.02 * least(bench.times) ? 1 : 0;
    }
    CAPTURE(arms);
    CHECK(near >= kSeeds * 95 / 100);
  }
}

TEST_CASE("an arm that is slower than the default never wins, nor one that is as fast") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    // Many arms, all within the noise of a single sample above the default.
    std::vector<double> times = random_times(20, seed);
    for (double& time : times) time = 50 + (time - 50) / 20;
    times[0] = 50;
    SimulatedBench bench(times, seed);
    CHECK(search(bench, times.size(), seeded(seed)).winner == 0);
  }
}

TEST_CASE("a winner that is faster by less than the margin does not win") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedBench bench({50, 49.9}, seed, {.scatter = 0.0005, .outliers = 0, .drift = 0});
    const HalvingResult result = search(bench, 2, seeded(seed));
    CHECK(result.winner == 0);
    REQUIRE(result.duel.has_value());
    CHECK(result.duel->complete);
  }
}

TEST_CASE("clear differences are found with few samples") {
  SimulatedBench bench({100, 200, 50, 180}, 1);
  const HalvingResult result = search(bench, 4);
  CHECK(result.winner == 2);
  CHECK(result.samples <= 4 * 8 + 2 * 16 + 2 * 16);
  CHECK(result.time.median == doctest::Approx(50).epsilon(0.1));
  CHECK(result.arms[1].time.samples == 8);
  CHECK(result.arms[1].time.low < result.arms[1].time.median);
}

TEST_CASE("no search takes more samples than it is allowed") {
  for (const int most : {600, 700, 1000, 2000}) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      HalvingOptions options = seeded(seed);
      options.most_samples = most;
      const std::vector<double> times = random_times(60, seed);
      SimulatedBench bench(times, seed);
      const HalvingResult result = search(bench, times.size(), options);
      CHECK(bench.samples <= most);
      CHECK(result.samples == bench.samples);
      const auto untried = std::count_if(result.arms.begin(), result.arms.end(),
                                         [](const ArmResult& arm) { return arm.time.samples == 0; });
      CHECK(untried == std::max(0, 60 - (most - 512) / 8));
      CHECK(times[result.winner] <= times[0]);
    }
  }
}

TEST_CASE("an arm with wrong results never wins, the next best does") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedBench bench({100, 20, 30, 60, 90}, seed);
    bench.wrong = {1, 2};
    const HalvingResult result = search(bench, 5, seeded(seed));
    CHECK(result.winner == 3);
    CHECK(bench.checked == std::vector<std::size_t>{1, 2, 3});
    CHECK(result.arms[1].rejected == "wrong results: off by 1");
    CHECK(result.arms[3].rejected.empty());
  }
  SimulatedBench bench({100, 20, 30}, 1);
  bench.wrong = {1, 2};
  CHECK(search(bench, 3).winner == 0);
}

TEST_CASE("whoever wins was checked and has beaten the default") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<double> times = random_times(15, seed);
    SimulatedBench bench(times, seed);
    const HalvingResult result = search(bench, times.size(), seeded(seed));
    if (result.winner == 0) continue;
    CHECK(std::count(bench.checked.begin(), bench.checked.end(), result.winner) == 1);
    REQUIRE(result.duel.has_value());
    CHECK(result.duel->challenger_wins);
    CHECK(surely_less(result.duel->challenger, result.duel->standing));
    CHECK(result.duel->challenger.samples == result.duel->standing.samples);
  }
}

TEST_CASE("an arm that fails is out, at whatever moment, and says why") {
  for (int portions = 0; portions < 40; ++portions) {
    SimulatedBench bench({100, 20, 60, 90, 95, 99}, 1);
    bench.fails = {{1, portions}};
    const HalvingResult result = search(bench, 6);
    CHECK(result.complete);
    const bool failed = !result.arms[1].rejected.empty();
    if (failed) CHECK(result.arms[1].rejected == "it fails");
    CHECK(result.winner != (failed ? 1U : 2U));
    if (portions == 0) CHECK(result.winner == 2);
  }
}

TEST_CASE("a default that fails is an error") {
  SimulatedBench bench({100, 20}, 1);
  bench.fails = {{0, 0}};
  CHECK_THROWS_WITH_AS(search(bench, 2), "it fails", ArmFailed);
}

TEST_CASE("a search that is stopped is not complete, and the default stays") {
  SimulatedBench whole({100, 20, 60}, 1);
  search(whole, 3);
  const auto portions = static_cast<int>(whole.order.size());
  REQUIRE(portions > 10);
  for (int allowed = 0; allowed < portions - 1; ++allowed) {
    SimulatedBench bench({100, 20, 60}, 1);
    HalvingOptions options;
    options.stop = [&] { return static_cast<int>(bench.order.size()) >= allowed; };
    const HalvingResult result = search(bench, 3, options);
    CHECK_FALSE(result.complete);
    CHECK(result.winner == 0);
    // A duel takes portions by twos.
    CHECK(static_cast<int>(bench.order.size()) <= allowed + 1);
  }
}

TEST_CASE("one arm is a search too") {
  SimulatedBench bench({70}, 1);
  const HalvingResult result = search(bench, 1);
  CHECK(result.winner == 0);
  CHECK(result.complete);
  CHECK(result.time.median == doctest::Approx(70).epsilon(0.1));
}

TEST_CASE("the order is random but the same for a seed, and every arm of a round has as many samples") {
  const auto order_of = [](std::uint64_t seed) {
    SimulatedBench bench({100, 90, 80, 70}, 7);
    search(bench, 4, seeded(seed));
    bench.order.resize(8);  // of the first round
    return bench.order;
  };
  CHECK(order_of(1) == order_of(1));
  CHECK(order_of(1) != order_of(2));
  const auto order = order_of(1);
  for (std::size_t portion = 0; portion < 2; ++portion) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(4 * portion);
    CHECK(std::set<std::size_t>(begin, begin + 4).size() == 4);
  }
}

// Ten samples of each in turn would measure the clock.
TEST_CASE("a clock that slows down all the time favours nobody") {
  int wrong = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedBench bench({100, 97, 103, 97.5}, seed, {.scatter = 0.005, .outliers = 0, .drift = 0.5, .period = 4000});
    wrong += bench.times[search(bench, 4, seeded(seed)).winner] > 98 ? 1 : 0;
  }
  CHECK(wrong <= 5);
}
