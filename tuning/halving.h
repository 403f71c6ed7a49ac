// Which of several variants of a kernel is the fastest, from noisy times: successive halving, a check of the winner's
// results, and a duel with the default.
//
// A round takes the same number of samples of every arm that is left, in small portions and in random order, so that a
// clock that drifts hits all alike; then it keeps the better ones and takes twice as many. What is left at the end, in
// the order of the medians, is checked, and the first with right results meets the default in a duel of fresh samples:
// it wins if it is faster by a margin that the noise does not explain. Otherwise the default stays.
//
// Jamieson, Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tuning/statistics.h"

namespace mlffgen::tuning {

// An arm that cannot be run. The message says why.
class ArmFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The world of a search. Arms count from 0; arm 0 is the default, which is right by definition.
class Bench {
 public:
  virtual ~Bench() = default;

  // So many times of the arm, microseconds. Throws ArmFailed.
  virtual std::vector<double> sample(std::size_t arm, int count) = 0;

  // How the arm's results differ from the default's, or nothing if they do not. Throws ArmFailed.
  virtual std::optional<std::string> check(std::size_t arm) = 0;
};

struct HalvingOptions {
  std::uint64_t seed = 1;           // of the order within rounds
  int first_samples = 8;            // of an arm, in the first round
  int portion = 4;                  // samples of an arm at a time
  int most_arm_samples = 128;       // of an arm before the duel
  int most_samples = 4096;          // in all, duel included; arms for which they do not suffice are not tried
  int most_duel_samples = 256;      // of each side
  double margin = 0.01;             // by which the median has to be less than the default's
  std::function<bool()> stop = {};  // asked between portions
};

struct ArmResult {
  Estimate time;         // of all samples but a duel's
  std::string rejected;  // why the arm cannot win: "", or that it failed, was wrong or not tried
};

struct DuelResult {
  Estimate standing, challenger;  // from equally many samples, taken by turns
  bool challenger_wins = false;
  bool complete = false;  // false: stopped before it was known
};

struct HalvingResult {
  std::size_t winner = 0;
  Estimate time;                   // of the winner: from the duel if it took part in one
  bool complete = false;           // false: stopped, and the winner is the best that is known
  std::vector<ArmResult> arms;     // [n_arms]
  std::optional<DuelResult> duel;  // of the default and the best arm, if that is another
  int samples = 0;                 // taken in all, less those of a duel that failed
};

// Searches among n_arms >= 1 arms. Stopped early, the default wins unless the duel was won. Throws ArmFailed if the
// default cannot be run; a UserError or DeviceError of the bench goes through.
HalvingResult search(Bench& bench, std::size_t n_arms, const HalvingOptions& options = {});

// The last part alone.
DuelResult duel(Bench& bench, std::size_t standing, std::size_t challenger, const HalvingOptions& options = {});

}  // namespace mlffgen::tuning
