#include "cli/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "runtime/profile.h"

namespace mlffgen::cli {

using runtime::quantile;

Timing summarise(std::vector<double> milliseconds) {
  Timing timing;
  if (milliseconds.empty()) return timing;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto count = static_cast<double>(milliseconds.size());
  timing.repeats = static_cast<int>(milliseconds.size());
  timing.mean = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) / count;
  double squares = 0;
  for (const double x : milliseconds) squares += (x - timing.mean) * (x - timing.mean);
  timing.deviation = milliseconds.size() > 1 ? std::sqrt(squares / (count - 1)) : 0;
  timing.median = quantile(milliseconds, 0.5);
  timing.p95 = quantile(milliseconds, 0.95);
  timing.p99 = quantile(milliseconds, 0.99);
  timing.least = milliseconds.front();
  return timing;
}

nlohmann::json timing_json(const Timing& timing) {
  return {{"repeats", timing.repeats},  {"median_ms", timing.median}, {"mean_ms", timing.mean},
          {"std_ms", timing.deviation}, {"p95_ms", timing.p95},       {"p99_ms", timing.p99},
          {"min_ms", timing.least}};
}

}  // namespace mlffgen::cli
