#include "runtime/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "runtime/evaluator.h"

namespace mlffgen::runtime {

double quantile(const std::vector<double>& sorted, double fraction) {
  const double at = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Spread spread_of(std::vector<double> microseconds) {
  internal_check(!microseconds.empty(), "there are no times to sum up");
  std::sort(microseconds.begin(), microseconds.end());
  return {quantile(microseconds, 0.5), quantile(microseconds, 0.05), quantile(microseconds, 0.95)};
}

double Profile::sum_of_steps() const {
  double sum = 0;
  for (const Step& step : steps) sum += step.time.median;
  return sum;
}

Spread time_calls(const ProfileOptions& options, const std::function<void()>& call) {
  if (options.repeats < 1 || options.warm_up < 0) {
    throw UserError(fmt::format("a profile takes 1 repeat or more and a warm-up of 0 calls or more, not {} and {}",
                                options.repeats, options.warm_up));
  }
  for (int k = 0; k < options.warm_up; ++k) call();
  std::vector<double> times;
  for (int k = 0; k < options.repeats; ++k) {
    const auto start = std::chrono::steady_clock::now();
    call();
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  return spread_of(std::move(times));
}

Profile Evaluator::profile(std::span<const Structure> structures, const EvaluateOptions& options,
                           const ProfileOptions& profile_options) {
  if (structures.empty()) throw UserError("a profile needs at least one structure");
  Profile profile;
  std::vector<Result> results;
  profile.call = time_calls(profile_options, [&] { evaluate(structures, options, results); });
  profile.n_systems = static_cast<int>(structures.size());
  for (const Structure& structure : structures) profile.n_atoms += static_cast<int>(structure.positions.size());
  return profile;
}

}  // namespace mlffgen::runtime
