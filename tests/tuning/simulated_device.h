// A GPU whose times are formulas, so that the best configuration is known, with noise on top; some variants do not
// compile, some are fast and wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/tuning/noise.h"
#include "tuning/tuner.h"

namespace tuning_test {

using mlffgen::tuning::Configuration;
using mlffgen::tuning::KernelVariant;
using mlffgen::tuning::ModelConfiguration;

// Two forms, "fused" of two kernels and "split" of three, each with four tunables.
mlffgen::wisdom::Choices simulated_choices();
mlffgen::tuning::TuningRequest simulated_request(const std::vector<int>& sizes);

struct SimulatedOptions {
  std::uint64_t seed = 1;
  // Without noise equal questions have equal answers.
  bool noise = true;
  // A line is appended for every variant that is compiled, sampled or checked, before it is.
  std::filesystem::path log = {};
  double seconds_a_sample = 0;  // that the clock goes on
  std::function<void()> before_sample = {};
};

class SimulatedDevice : public mlffgen::tuning::TuningDevice {
 public:
  explicit SimulatedDevice(SimulatedOptions options = {});

  std::optional<std::string> unfit(const KernelVariant& variant) override;
  double predict(int atoms, const KernelVariant& variant) override;
  std::vector<std::optional<std::string>> prepare(const std::vector<KernelVariant>& variants) override;
  std::vector<double> sample(int atoms, const KernelVariant& variant, int count) override;
  std::optional<std::string> check(int atoms, const KernelVariant& variant) override;
  std::vector<double> sample_call(int atoms, const ModelConfiguration& configuration, int count) override;
  std::optional<std::string> check_call(int atoms, const ModelConfiguration& configuration) override;

  // Without noise, microseconds. Variants with wrong results are the fastest of all.
  double true_time(int atoms, const KernelVariant& variant) const;
  double true_call_time(int atoms, const ModelConfiguration& configuration) const;
  static bool compiles(const KernelVariant& variant);
  static bool is_wrong(const KernelVariant& variant);

  // The least time of a kernel, among what fits, compiles and is right.
  double best_time(int atoms, const std::string& form, const std::string& kernel);
  double best_call_time(int atoms);

  double seconds = 0;            // the clock
  int samples = 0;               // in all, one for each kernel or call
  std::set<std::string> broken;  // kernels whose default cannot be launched
  double call_overhead = 1;      // factor on calls that are not of defaults alone
  // What "split" takes with defaults, over what "fused" does, at all sizes; 0: more or less with the size.
  double split_ratio = 0;

 private:
  double factor_of(int atoms, const std::string& form) const;
  void note(const std::string& line);
  void require_ready(const KernelVariant& variant) const;
  std::vector<double> times(double true_time, int count);

  SimulatedOptions options_;
  Noise noise_;
  std::set<std::string> ready_;
};

}  // namespace tuning_test
