// The end of tuning one size: which form, with what its kernels have found, and whether that beats the heuristic in
// whole calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/wisdom/configuration.h"
#include "tuning/halving.h"
#include "tuning/recorder.h"

namespace mlffgen::tuning {

// A form with the best configurations of its kernels.
struct Contender {
  wisdom::Form form;
  ModelConfiguration configuration;
  double kernels_us = 0;  // sum of the kernels' times
};

struct Decision {
  ModelConfiguration best;        // a contender's, or the heuristic
  Estimate heuristic_time, time;  // of whole calls; equal if the heuristic stays
  std::vector<std::string> rejected;
};

// Contenders meet the best so far in the order of their sums, as long as these are less than the heuristic's: sums of
// different forms were measured at different times. Nothing if options.stop ended it. Throws ArmFailed if the heuristic
// itself cannot be run.
std::optional<Decision> decide(Recorder& recorder, const Contender& heuristic, std::vector<Contender> contenders,
                               const HalvingOptions& options);

}  // namespace mlffgen::tuning
