#include "tuning/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "runtime/profile.h"

namespace mlffgen::tuning {
namespace {

// So many samples lie below the interval, and as many above: the most for which the true median is outside of it with
// less than 1 %.
std::size_t samples_outside(std::size_t count) {
  constexpr double kOneSide = 0.005;
  const auto n = static_cast<double>(count);
  double below = 0;  // the probability that so many samples or fewer are less than the true median
  for (std::size_t k = 0; k < count / 2; ++k) {
    const auto i = static_cast<double>(k);
    below += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) - n * std::numbers::ln2);
    if (below > kOneSide) return k;
  }
  return count / 2;
}

}  // namespace

Estimate estimate(std::vector<double> samples) {
  internal_check(!samples.empty(), "there are no times to judge by");
  std::sort(samples.begin(), samples.end());
  Estimate result{runtime::quantile(samples, 0.5), 0, std::numeric_limits<double>::infinity(),
                  static_cast<int>(samples.size())};
  const std::size_t outside = samples_outside(samples.size());
  if (outside > 0) {
    result.low = samples[outside - 1];
    result.high = samples[samples.size() - outside];
  }
  return result;
}

bool surely_less(const Estimate& a, const Estimate& b) { return a.high < b.low; }

}  // namespace mlffgen::tuning
