// The search for one kernel's fastest configuration at one size, step by step: first among the candidates of a cost
// model, then from neighbour to neighbour. Where no neighbour is better, neighbours of neighbours get a try (two
// tunables may be good together only, or what lies between may not compile), and then more of the cost model's
// candidates.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tuning/halving.h"
#include "tuning/recorder.h"
#include "tuning/space.h"
#include "tuning/tuner.h"

namespace mlffgen::tuning {

class KernelSearch {
 public:
  // start: what the kernel has without tuning. The options and the name of the form must outlive this.
  KernelSearch(TuningDevice& device, Recorder& recorder, const std::vector<wisdom::Tunable>& tunables,
               const TuningOptions& options, int atoms, const std::string& form, std::string kernel,
               Configuration start);

  KernelSearch(const KernelSearch&) = delete;
  KernelSearch& operator=(const KernelSearch&) = delete;

  // Let the device begin with what look() wants, and the next step.
  void announce_start();
  void announce();
  // The time of the kernel as it is without tuning, microseconds. Throws ArmFailed if it cannot be run so.
  double look();

  // One search, or a part of it if `stop` says so: then the next call repeats it, without measuring again. `more` are
  // configurations worth a try in the first. Throws ArmFailed if the kernel cannot be run as it is without tuning.
  void step(const std::vector<Configuration>& more, const std::function<bool()>& stop);

  // Of a time that the first look is compared with; 0 before.
  void set_share_of(double time) { share_ = time > 0 ? look_ / time : 0; }
  double share() const { return share_; }

  bool searched() const { return stage_ != Stage::first; }     // the first search is over
  bool finished() const { return stage_ == Stage::finished; }  // nothing is left to try, or there were enough steps

  int atoms() const { return atoms_; }
  const std::string& form() const { return form_; }
  const std::string& kernel() const { return kernel_; }
  const Configuration& best() const { return best_; }
  const Estimate& time() const { return time_; }                  // of the best; nothing before anything was measured
  const Estimate& default_time() const { return default_time_; }  // of the start
  const std::vector<std::string>& rejected() const { return rejected_; }

 private:
  // In this order, but back to the neighbours where something better was found.
  enum class Stage { first, neighbours, their_neighbours, more_candidates, finished };

  void search_around(const std::vector<Configuration>& more, const std::function<bool()>& stop);
  double predict(const Configuration& configuration) const;
  std::vector<Configuration> arms(const std::vector<Configuration>& more);
  std::vector<Configuration> candidates();
  std::vector<Configuration> neighbours_of_neighbours() const;
  std::vector<KernelVariant> sound(const std::vector<Configuration>& arms);
  void leave_stage();
  void reject(const KernelVariant& variant, const std::string& reason);

  TuningDevice& device_;
  Recorder& recorder_;
  const TuningOptions& options_;
  int atoms_;
  const std::string& form_;
  std::string kernel_;
  Space space_;
  std::vector<Configuration> candidates_;  // of the cost model, all; empty: not asked yet
  Configuration start_, best_;
  Estimate time_, default_time_;
  std::set<Configuration> tried_;
  std::vector<std::string> rejected_;
  double look_ = 0, share_ = 0;
  int steps_ = 0;  // searches that are over
  Stage stage_ = Stage::first;
};

}  // namespace mlffgen::tuning
