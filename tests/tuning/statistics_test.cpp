#include "tuning/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "base/error.h"

using namespace mlffgen::tuning;

namespace {

// 1, 2, ..., count, from the back.
std::vector<double> numbers(int count) {
  std::vector<double> list(static_cast<std::size_t>(count));
  std::iota(list.rbegin(), list.rend(), 1.0);
  return list;
}

}  // namespace

TEST_CASE("the median is the middle, whatever the order") {
  CHECK(estimate({3, 1, 2}).median == 2);
  CHECK(estimate({4, 1, 3, 2}).median == 2.5);
  CHECK(estimate({7}).median == 7);
  CHECK_THROWS_AS(estimate({}), mlffgen::InternalError);
}

// Ranks of a table of the binomial distribution.
TEST_CASE("the interval has the ranks that hold 99 %") {
  CHECK(estimate(numbers(kLeastSamples - 1)).low == 0);
  CHECK(std::isinf(estimate(numbers(kLeastSamples - 1)).high));
  const auto ranks = [](int count) {
    const Estimate interval = estimate(numbers(count));
    CHECK(interval.samples == count);
    return std::pair(interval.low, interval.high);
  };
  CHECK(ranks(8) == std::pair(1.0, 8.0));
  CHECK(ranks(16) == std::pair(3.0, 14.0));
  CHECK(ranks(100) == std::pair(37.0, 64.0));
  CHECK(ranks(10'000) == std::pair(4871.0, 5130.0));
}

TEST_CASE("the interval misses the true median in less than 1 % of skewed samples") {
  for (const int count : {8, 20, 64}) {
    int misses = 0;
    constexpr int kTrials = 4000;
    std::mt19937_64 random(static_cast<std::uint64_t>(count));
    std::lognormal_distribution<double> times(0, 0.5);  // of median 1
    for (int trial = 0; trial < kTrials; ++trial) {
      std::vector<double> samples(static_cast<std::size_t>(count));
      for (double& sample : samples) sample = times(random);
      const Estimate interval = estimate(samples);
      misses += interval.low > 1 || interval.high < 1 ? 1 : 0;
    }
    CAPTURE(count);
    CHECK(misses < kTrials / 70);
    CHECK(misses > 0);
  }
}

TEST_CASE("a third of outliers does not move the median far") {
  std::vector<double> samples = numbers(90);
  for (std::size_t k = 0; k < 30; ++k) samples[k] = 1e6;  // the largest third
  CHECK(estimate(samples).median == estimate(numbers(90)).median);
}

TEST_CASE("surely less is what no overlap of the intervals allows to doubt") {
  const Estimate low{10, 9, 11, 8}, high{13, 11.5, 14, 8}, wide{12, 8, 20, 8};
  CHECK(surely_less(low, high));
  CHECK_FALSE(surely_less(high, low));
  CHECK_FALSE(surely_less(low, wide));
  CHECK_FALSE(surely_less(low, low));
}
