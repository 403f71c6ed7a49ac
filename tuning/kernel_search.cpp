#include "tuning/kernel_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlffgen::tuning {
namespace {

constexpr int kLooks = 8;                      // samples
constexpr double kStepMargin = 0.005;          // small steps add up
constexpr std::size_t kMostCandidates = 1000;  // that are remembered

class KernelBench : public Bench {
 public:
  KernelBench(Recorder& recorder, std::string search, const std::vector<KernelVariant>& variants)
      : recorder_(recorder), search_(std::move(search)), variants_(variants), had_(variants.size()) {}

  std::vector<double> sample(std::size_t arm, int count) override {
    std::vector<double> times = recorder_.sample(search_, variants_[arm], had_[arm], count);
    had_[arm] += times.size();
    return times;
  }
  std::optional<std::string> check(std::size_t arm) override { return recorder_.check(variants_[arm]); }

 private:
  Recorder& recorder_;
  std::string search_;
  const std::vector<KernelVariant>& variants_;
  std::vector<std::size_t> had_;  // samples, by arm
};

}  // namespace

KernelSearch::KernelSearch(TuningDevice& device, Recorder& recorder, const std::vector<wisdom::Tunable>& tunables,
                           const TuningOptions& options, int atoms, const std::string& form, std::string kernel,
                           Configuration start)
    : device_(device),
      recorder_(recorder),
      options_(options),
      atoms_(atoms),
      form_(form),
      kernel_(std::move(kernel)),
      space_(tunables,
             [this](const Configuration& configuration) { return device_.unfit({form_, kernel_, configuration}); }),
      start_(std::move(start)),
      best_(start_) {}

void KernelSearch::announce_start() { device_.announce({{form_, kernel_, start_}}); }

void KernelSearch::announce() {
  std::vector<KernelVariant> variants;
  for (const Configuration& configuration : arms({})) variants.push_back({form_, kernel_, configuration});
  device_.announce(variants);
}

double KernelSearch::look() {
  const std::vector<KernelVariant> variants = sound({start_});
  KernelBench bench(recorder_, "look", variants);
  look_ = estimate(bench.sample(0, kLooks)).median;
  return look_;
}

double KernelSearch::predict(const Configuration& configuration) const {
  return device_.predict(atoms_, {form_, kernel_, configuration});
}

// The next of the cost model's.
std::vector<Configuration> KernelSearch::candidates() {
  const auto time = [this](const Configuration& configuration) { return predict(configuration); };
  if (candidates_.empty()) candidates_ = space_.candidates(time, kMostCandidates);
  std::vector<Configuration> next;
  for (const Configuration& candidate : candidates_) {
    if (next.size() < options_.candidates && tried_.count(candidate) == 0) next.push_back(candidate);
  }
  return next;
}

std::vector<Configuration> KernelSearch::neighbours_of_neighbours() const {
  std::set<std::pair<double, Configuration>> order;
  for (const Configuration& neighbour : space_.neighbours(best_)) {
    for (Configuration& next : space_.neighbours(neighbour)) {
      if (tried_.count(next) > 0) continue;
      const double time = predict(next);
      order.emplace(time, std::move(next));
    }
  }
  std::vector<Configuration> fastest;
  for (auto it = order.begin(); it != order.end() && fastest.size() < options_.candidates; ++it) {
    fastest.push_back(it->second);
  }
  return fastest;
}

// The best so far, then what is worth a try.
std::vector<Configuration> KernelSearch::arms(const std::vector<Configuration>& more) {
  std::vector<Configuration> all = {best_};
  const auto add = [&](const std::vector<Configuration>& list) {
    for (const Configuration& configuration : list) {
      const bool is_new = std::find(all.begin(), all.end(), configuration) == all.end();
      if (is_new && tried_.count(configuration) == 0) all.push_back(configuration);
    }
  };
  switch (stage_) {
    case Stage::first:
      add(more);
      add(candidates());
      break;
    case Stage::neighbours:
      add(space_.neighbours(best_));
      break;
    case Stage::their_neighbours:
      add(neighbours_of_neighbours());
      break;
    case Stage::more_candidates:
      add(candidates());
      break;
    case Stage::finished:
      break;
  }
  return all;
}

void KernelSearch::reject(const KernelVariant& variant, const std::string& reason) {
  std::string text = fmt::format("{} {} {}: {}", form_, kernel_, wisdom::describe(variant.configuration), reason);
  if (std::find(rejected_.begin(), rejected_.end(), text) == rejected_.end()) rejected_.push_back(std::move(text));
}

// Those that compile.
std::vector<KernelVariant> KernelSearch::sound(const std::vector<Configuration>& arms) {
  std::vector<KernelVariant> variants, ready;
  for (const Configuration& configuration : arms) variants.push_back({form_, kernel_, configuration});
  const auto problems = recorder_.prepare(variants);
  for (std::size_t k = 0; k < variants.size(); ++k) {
    const auto& problem = problems[k];
    if (problem && k == 0) throw ArmFailed(*problem);
    problem ? reject(variants[k], *problem) : ready.push_back(variants[k]);
  }
  return ready;
}

void KernelSearch::step(const std::vector<Configuration>& more, const std::function<bool()>& stop) {
  try {
    search_around(more, stop);
  } catch (const ArmFailed& error) {
    if (!searched()) throw;
    // What was the best cannot be run any more.
    reject({form_, kernel_, best_}, error.what());
    best_ = start_;
    time_ = default_time_;
    stage_ = Stage::finished;
  }
}

void KernelSearch::search_around(const std::vector<Configuration>& more, const std::function<bool()>& stop) {
  const bool is_first = stage_ == Stage::first;
  const std::vector<Configuration> all = arms(more);
  if (!is_first && all.size() == 1) return leave_stage();
  const std::vector<KernelVariant> variants = sound(all);
  KernelBench bench(recorder_, is_first ? "first" : fmt::format("step {}", steps_), variants);
  HalvingOptions halving = options_.kernel;
  if (!is_first) halving.margin = std::min(halving.margin, kStepMargin);
  halving.stop = stop;
  const HalvingResult result = search(bench, variants.size(), halving);
  if (is_first) default_time_ = result.duel && result.duel->complete ? result.duel->standing : result.arms[0].time;
  if (result.complete || time_.samples == 0) time_ = result.time;
  if (!result.complete) return;
  for (std::size_t arm = 0; arm < variants.size(); ++arm) {
    if (!result.arms[arm].rejected.empty()) reject(variants[arm], result.arms[arm].rejected);
  }
  tried_.insert(all.begin(), all.end());
  best_ = variants[result.winner].configuration;
  ++steps_;
  if (is_first || result.winner != 0) {
    stage_ = Stage::neighbours;
  } else if (stage_ != Stage::more_candidates) {
    leave_stage();
  }
  if (steps_ > options_.most_steps) stage_ = Stage::finished;
}

void KernelSearch::leave_stage() { stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1); }

}  // namespace mlffgen::tuning
