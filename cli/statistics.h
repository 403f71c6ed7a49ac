// What repeated timings say.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace mlffgen::cli {

// Milliseconds a call.
struct Timing {
  int repeats = 0;
  double median = 0, mean = 0, deviation = 0, p95 = 0, p99 = 0, least = 0;
};

// Percentiles are interpolated between neighbouring samples; the deviation is that of the sample (n - 1).
Timing summarise(std::vector<double> milliseconds);

nlohmann::json timing_json(const Timing& timing);

}  // namespace mlffgen::cli
