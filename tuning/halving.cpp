#include "tuning/halving.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace mlffgen::tuning {
namespace {

constexpr std::size_t kDefault = 0;
constexpr int kLeastDuelSamples = 16;
constexpr std::size_t kFew = 3;  // arms of which only those that are surely slower go

using Random = std::mt19937_64;

// The same order on every machine, which std::shuffle does not promise.
void shuffle(std::vector<std::size_t>& arms, Random& random) {
  for (std::size_t k = arms.size(); k > 1; --k) std::swap(arms[k - 1], arms[random() % k]);
}

void append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

bool asked_to_stop(const HalvingOptions& options) { return options.stop && options.stop(); }

class Search {
 public:
  Search(Bench& bench, std::size_t n_arms, const HalvingOptions& options)
      : bench_(bench), options_(options), random_(options.seed), samples_(n_arms), rank_(n_arms, kNotTried) {
    result_.arms.resize(n_arms);
    begin();
  }

  HalvingResult run() {
    for (bool more = true; more && !stopped_; more = !stopped_ && !settled()) {
      play_round(next_samples());
      for (const std::size_t arm : left_) {
        if (!samples_[arm].empty()) result_.arms[arm].time = estimate(samples_[arm]);
      }
      if (!stopped_) drop_slow_arms();
    }
    result_.time = time(kDefault);
    if (!stopped_) crown();
    return std::move(result_);
  }

 private:
  static constexpr int kNotTried = -1;
  static constexpr int kLeft = std::numeric_limits<int>::max();

  int next_samples() const {  // of each arm that is left
    return taken_ == 0 ? options_.first_samples : std::min(taken_, options_.most_arm_samples - taken_);
  }
  int most_search_samples() const { return options_.most_samples - 2 * options_.most_duel_samples; }

  // Tries as many arms as there are samples for.
  void begin() {
    internal_check(!samples_.empty() && options_.first_samples > 0 && options_.portion > 0 &&
                       most_search_samples() >= options_.first_samples,
                   "a search without arms or samples");
    const auto affordable = static_cast<std::size_t>(most_search_samples() / options_.first_samples);
    left_.resize(std::min(samples_.size(), affordable));
    std::iota(left_.begin(), left_.end(), std::size_t{0});
    for (const std::size_t arm : left_) rank_[arm] = kLeft;
    for (std::size_t arm = left_.size(); arm < samples_.size(); ++arm) {
      result_.arms[arm].rejected = "not tried: too few samples are allowed";
    }
  }

  const Estimate& time(std::size_t arm) const { return result_.arms[arm].time; }

  void reject(std::size_t arm, const std::string& reason) {
    result_.arms[arm].rejected = reason;
    std::erase(left_, arm);
  }

  void take(std::size_t arm, int count) {
    try {
      append(samples_[arm], bench_.sample(arm, count));
      result_.samples += count;
    } catch (const ArmFailed& error) {
      if (arm == kDefault) throw;
      reject(arm, error.what());
    }
  }

  void play_round(int count) {
    for (int done = 0; done < count; done += options_.portion) {
      std::vector<std::size_t> order = left_;
      shuffle(order, random_);
      for (const std::size_t arm : order) {
        stopped_ = stopped_ || asked_to_stop(options_);
        if (stopped_) return;
        take(arm, std::min(options_.portion, count - done));
      }
    }
    taken_ += count;
  }

  // The best third stays, and up to a half of what may be as good as the best.
  void drop_slow_arms() {
    if (left_.empty()) return;
    ++round_;
    std::sort(left_.begin(), left_.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(time(a).median, a) < std::pair(time(b).median, b);
    });
    const bool few = left_.size() <= kFew;
    const std::size_t least = few ? 1 : (left_.size() + 2) / 3, most = few ? kFew : (left_.size() + 1) / 2;
    const Estimate best = time(left_.front());
    const auto stays = [&](std::size_t place) {
      return place < least || (place < most && !surely_less(best, time(left_[place])));
    };
    std::vector<std::size_t> kept;
    for (std::size_t place = 0; place < left_.size(); ++place) {
      stays(place) ? kept.push_back(left_[place]) : void(rank_[left_[place]] = round_);
    }
    left_ = std::move(kept);
  }

  // One is left; or more samples would not tell the leaders apart, or are not allowed.
  bool settled() const {
    if (left_.size() <= 1 || taken_ >= options_.most_arm_samples) return true;
    if (result_.samples + next_samples() * static_cast<int>(left_.size()) > most_search_samples()) return true;
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const std::size_t arm : left_) {
      low = std::min(low, time(arm).low);
      high = std::max(high, time(arm).high);
    }
    return high - low < options_.margin * low;
  }

  // Those that may win, the best first: who stayed longer, then whose median is less.
  std::vector<std::size_t> ranking() const {
    std::vector<std::size_t> arms;
    for (std::size_t arm = 0; arm < samples_.size(); ++arm) {
      if (result_.arms[arm].rejected.empty()) arms.push_back(arm);
    }
    std::sort(arms.begin(), arms.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(-rank_[a], time(a).median, a) < std::tuple(-rank_[b], time(b).median, b);
    });
    return arms;
  }

  void crown() {
    for (const std::size_t arm : ranking()) {
      if (arm == kDefault) break;
      if (asked_to_stop(options_)) return;
      const auto problem = problem_with_results(arm);
      if (!problem) return fight(arm);
      result_.arms[arm].rejected = *problem;
    }
    result_.complete = true;
  }

  std::optional<std::string> problem_with_results(std::size_t arm) {
    try {
      const auto problem = bench_.check(arm);
      return problem ? std::optional("wrong results: " + *problem) : std::nullopt;
    } catch (const ArmFailed& error) {
      return error.what();
    }
  }

  void fight(std::size_t arm) {
    try {
      result_.duel = duel(bench_, kDefault, arm, options_);
    } catch (const ArmFailed& error) {
      result_.arms[arm].rejected = error.what();
      result_.complete = true;
      return;
    }
    const DuelResult& fight = *result_.duel;
    result_.samples += fight.standing.samples + fight.challenger.samples;
    result_.complete = fight.complete;
    if (fight.challenger_wins) result_.winner = arm;
    if (fight.complete) result_.time = fight.challenger_wins ? fight.challenger : fight.standing;
  }

  Bench& bench_;
  const HalvingOptions& options_;
  Random random_;
  std::vector<std::vector<double>> samples_;  // [n_arms]
  std::vector<std::size_t> left_;
  std::vector<int> rank_;  // [n_arms], the round in which it was dropped
  int taken_ = 0;          // of each arm that is left
  int round_ = 0;
  bool stopped_ = false;
  HalvingResult result_;
};

}  // namespace

HalvingResult search(Bench& bench, std::size_t n_arms, const HalvingOptions& options) {
  return Search(bench, n_arms, options).run();
}

DuelResult duel(Bench& bench, std::size_t standing, std::size_t challenger, const HalvingOptions& options) {
  internal_check(options.most_duel_samples > 0 && options.portion > 0, "a duel without samples");
  Random random(options.seed + 1);
  std::vector<double> standing_times, challenger_times;
  DuelResult result;
  while (!result.complete && !asked_to_stop(options)) {
    const int count = std::min(options.portion, options.most_duel_samples - static_cast<int>(standing_times.size()));
    std::vector<std::size_t> order = {standing, challenger};
    shuffle(order, random);
    for (const std::size_t arm : order) {
      append(arm == standing ? standing_times : challenger_times, bench.sample(arm, count));
    }
    const Estimate a = result.standing = estimate(standing_times), b = result.challenger = estimate(challenger_times);
    if (a.samples < std::min(kLeastDuelSamples, options.most_duel_samples)) continue;
    result.challenger_wins = surely_less(b, a) && b.median <= (1 - options.margin) * a.median;
    const bool cannot_win = b.low > (1 - options.margin) * a.high;
    result.complete = result.challenger_wins || cannot_win || a.samples >= options.most_duel_samples;
  }
  return result;
}

}  // namespace mlffgen::tuning
