// What a few noisy times say. Times of a kernel have a sharp lower end and outliers upward, so all of it is by ranks.
#pragma once

#include <vector>

namespace mlffgen::tuning {

// A median with an interval that holds the true one with 99 %: two order statistics of the sample (binomial ranks, no
// assumption on the distribution). Microseconds.
struct Estimate {
  double median = 0, low = 0, high = 0;
  int samples = 0;

  double error() const { return (high - low) / 2; }
};

// Fewer than kLeastSamples samples have no such interval: theirs reaches from 0 to infinity.
inline constexpr int kLeastSamples = 8;

Estimate estimate(std::vector<double> samples);

// True if a is less than b and the intervals do not meet.
bool surely_less(const Estimate& a, const Estimate& b);

}  // namespace mlffgen::tuning
