#include "tuning/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace mlffgen::tuning {
namespace {

constexpr int kSamplesAlone = 32;
constexpr std::size_t kStanding = 0, kContender = 1;

// The best so far and one contender, which is in no other duel.
class CallBench : public Bench {
 public:
  CallBench(Recorder& recorder, const Contender& standing, const Contender& contender)
      : recorder_(recorder),
        sides_{&standing, &contender},
        search_("against " + wisdom::describe(contender.configuration)) {}

  std::vector<double> sample(std::size_t arm, int count) override {
    std::vector<double> times =
        recorder_.sample_call(search_, sides_[arm]->configuration, sides_[arm]->form, had_[arm], count);
    had_[arm] += times.size();
    return times;
  }
  std::optional<std::string> check(std::size_t arm) override {
    return recorder_.check_call(sides_[arm]->configuration, sides_[arm]->form);
  }

 private:
  Recorder& recorder_;
  const Contender* sides_[2];
  std::string search_;
  std::size_t had_[2] = {0, 0};  // samples
};

// Why the contender is no better than what stands, or "". The duel is left in `fight`.
std::string lost(Bench& bench, const HalvingOptions& options, std::optional<DuelResult>& fight) {
  try {
    if (const auto problem = bench.check(kContender)) return "wrong results: " + *problem;
    fight = duel(bench, kStanding, kContender, options);
  } catch (const ArmFailed& error) {
    return error.what();
  }
  if (fight->challenger_wins || !fight->complete) return {};
  return fmt::format("{:.1f} us a call, without it {:.1f} us", fight->challenger.median, fight->standing.median);
}

}  // namespace

std::optional<Decision> decide(Recorder& recorder, const Contender& heuristic, std::vector<Contender> contenders,
                               const HalvingOptions& options) {
  std::sort(contenders.begin(), contenders.end(), [](const Contender& a, const Contender& b) {
    return std::tie(a.kernels_us, a.form.name) < std::tie(b.kernels_us, b.form.name);
  });
  Decision decision;
  const Contender* best = &heuristic;
  for (const Contender& contender : contenders) {
    if (contender.configuration == heuristic.configuration || contender.kernels_us >= heuristic.kernels_us) break;
    CallBench bench(recorder, *best, contender);
    std::optional<DuelResult> fight;
    const std::string problem = lost(bench, options, fight);
    if (fight && !fight->complete) return std::nullopt;
    if (fight && best == &heuristic) decision.heuristic_time = decision.time = fight->standing;
    if (fight && fight->challenger_wins) {
      best = &contender;
      decision.time = fight->challenger;
    } else {
      decision.rejected.push_back(wisdom::describe(contender.configuration) + ": " + problem);
    }
  }
  decision.best = best->configuration;
  if (decision.time.samples == 0) {
    decision.heuristic_time = decision.time =
        estimate(recorder.sample_call("alone", heuristic.configuration, heuristic.form, 0, kSamplesAlone));
  }
  return decision;
}

}  // namespace mlffgen::tuning
