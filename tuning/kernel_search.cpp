#include "tuning/kernel_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlffgen::tuning {
namespace {

constexpr double kStepMargin = 0.005;  // small steps add up

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
                           const TuningOptions& options, int atoms, std::string form, std::string kernel,
                           Configuration start)
    : device_(device),
      recorder_(recorder),
      options_(options),
      atoms_(atoms),
      form_(std::move(form)),
      kernel_(std::move(kernel)),
      space_(tunables,
             [this](const Configuration& configuration) { return device_.unfit({form_, kernel_, configuration}); }),
      start_(std::move(start)),
      best_(start_) {}

const std::vector<Configuration>& KernelSearch::candidates() {
  const auto predict = [this](const Configuration& configuration) {
    return device_.predict(atoms_, {form_, kernel_, configuration});
  };
  if (candidates_.empty()) candidates_ = space_.candidates(predict, options_.candidates);
  return candidates_;
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
  if (searched()) {
    add(space_.neighbours(best_));
  } else {
    add(more);
    add(candidates());
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
  if (problems.front()) throw ArmFailed(*problems.front());
  for (std::size_t k = 0; k < variants.size(); ++k) {
    problems[k] ? reject(variants[k], *problems[k]) : ready.push_back(variants[k]);
  }
  return ready;
}

void KernelSearch::step(const std::vector<Configuration>& more, const std::function<bool()>& stop) {
  const std::vector<Configuration> all = arms(more);
  finished_ = searched() && (all.size() == 1 || steps_ > options_.most_steps);
  if (finished_) return;
  const std::vector<KernelVariant> variants = sound(all);
  KernelBench bench(recorder_, searched() ? fmt::format("step {}", steps_) : "first", variants);
  HalvingOptions halving = options_.kernel;
  if (searched()) halving.margin = std::min(halving.margin, kStepMargin);
  halving.stop = stop;
  const HalvingResult result = search(bench, variants.size(), halving);
  if (!searched() && result.arms.front().time.samples > 0) default_time_ = result.arms.front().time;
  if (!searched() && result.duel && result.duel->complete) default_time_ = result.duel->standing;
  if (result.time.samples > 0) time_ = result.time;
  if (result.complete) {
    take(result, variants);
    tried_.insert(all.begin(), all.end());
  }
}

void KernelSearch::take(const HalvingResult& result, const std::vector<KernelVariant>& variants) {
  for (std::size_t arm = 0; arm < variants.size(); ++arm) {
    if (!result.arms[arm].rejected.empty()) reject(variants[arm], result.arms[arm].rejected);
  }
  best_ = variants[result.winner].configuration;
  finished_ = searched() && result.winner == 0;
  ++steps_;
}

}  // namespace mlffgen::tuning
