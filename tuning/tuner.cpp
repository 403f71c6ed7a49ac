#include "tuning/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "tuning/decision.h"
#include "tuning/journal.h"
#include "tuning/kernel_search.h"
#include "tuning/recorder.h"

namespace mlffgen::tuning {
namespace {

// A form whose kernels take so many times as long as another's has no future: before any search, and after the first.
constexpr double kHopeless = 1.25, kBehind = 1.1;
// And one that takes so many times as long at a size has none at larger ones, where to see it takes longest. Forms that
// won anywhere were within a factor of 1.3 of one another at every size measured, so that this is far off.
constexpr double kHopelessBeyond = 4;
constexpr std::size_t kAhead = 4;  // searches that the device can prepare for while one is going on
constexpr double kLeastShare = 1;  // seconds: less is spent on beginning

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ModelConfiguration canonical(const ModelConfiguration& configuration, const wisdom::Choices& choices) {
  ModelConfiguration result{configuration.form, {}};
  for (const auto& [kernel, values] : configuration.kernels) {
    Configuration kept = wisdom::canonical(values, choices.tunables);
    if (!kept.empty()) result.kernels[kernel] = std::move(kept);
  }
  return result;
}

// A size that is being tuned.
struct Work {
  Work(TuningDevice& device, const wisdom::Store& store, wisdom::WisdomKey size_key)
      : key(std::move(size_key)), journal(store.folder(), key), recorder(device, journal, key.atoms) {}

  bool searched() const {
    return std::all_of(searches.begin(), searches.end(), [](const auto& search) { return search->searched(); });
  }

  void keep_results_of(const KernelSearch& search) {
    if (search.searched()) {
      kernels.push_back(
          {search.form(), search.kernel(), search.default_time().median, search.time().median, search.best()});
    }
    rejected.insert(rejected.end(), search.rejected().begin(), search.rejected().end());
  }

  wisdom::WisdomKey key;
  Journal journal;
  Recorder recorder;
  ModelConfiguration heuristic;
  std::vector<std::unique_ptr<KernelSearch>> searches;
  // Besides those of the searches: of forms that were dropped.
  std::vector<TunedKernel> kernels;
  std::vector<std::string> rejected;
};

class Tuner {
 public:
  Tuner(TuningDevice& device, const TuningRequest& request, const wisdom::Store& store, const TuningOptions& options)
      : device_(device), request_(request), store_(store), options_(options), end_(now() + options.seconds) {}

  TuningReport run() {
    begin();
    for (const auto& [work, search] : all([](const KernelSearch&) { return true; })) search->announce_start();
    drop_forms(kHopeless, [](KernelSearch& search) { return search.look(); });
    spend_time([](const KernelSearch& search) { return !search.searched(); });
    drop_forms(kBehind, [](KernelSearch& search) { return search.searched() ? search.time().median : 0; });
    spend_time([](const KernelSearch& search) { return !search.finished(); });
    for (std::size_t k = 0; k < works_.size(); ++k) {
      if (works_[k] && works_[k]->searched() && !stopped()) finish(*works_[k], report_.sizes[k]);
    }
    for (std::size_t k = 0; k < works_.size(); ++k) conclude(k);
    return std::move(report_);
  }

 private:
  double now() const { return options_.clock ? options_.clock() : steady_seconds(); }
  bool stopped() const { return options_.stop && options_.stop(); }
  wisdom::WisdomKey key_of(const TuningSize& size) const {
    wisdom::WisdomKey key = request_.key;
    key.atoms = size.atoms;
    key.small_systems = size.small_systems;
    return key;
  }

  // Which sizes there is work for, and what that is.
  void begin() {
    wisdom::Reading reading = store_.read();
    report_.warnings = std::move(reading.warnings);
    wisdom::Wisdom wisdom;
    wisdom.add(reading.entries);
    std::set<std::pair<int, bool>> buckets;
    for (const TuningSize& size : request_.sizes) {
      TunedSize& result = report_.sizes.emplace_back();
      result.atoms = size.atoms;
      const wisdom::Advice advice = wisdom.advise(key_of(size));
      const bool known = advice.rung == wisdom::Rung::exact && !options_.again;
      if (known) result = {size.atoms, TunedSize::Outcome::known, advice.entry, {}, {}};
      const bool is_first = buckets.emplace(wisdom::size_bucket(size.atoms), size.small_systems).second;
      works_.push_back(known || !is_first ? nullptr : work_for(size));
      // Who was killed between the entry and this left it behind.
      if (known) Journal(store_.folder(), key_of(size)).remove();
    }
  }

  std::unique_ptr<Work> work_for(const TuningSize& size) {
    store_.make();  // rather than find out when all is measured
    const auto problem = wisdom::problem_of(size.heuristic, request_.choices);
    internal_check(size.atoms > 0 && !size.heuristic.form.empty() && !problem,
                   "a heuristic that the model does not have");
    auto work = std::make_unique<Work>(device_, store_, key_of(size));
    work->heuristic = canonical(size.heuristic, request_.choices);
    for (const wisdom::Form& form : request_.choices.forms) {
      for (const std::string& kernel : form.kernels) {
        Configuration start;
        const auto named = work->heuristic.kernels.find(kernel);
        if (form.name == work->heuristic.form && named != work->heuristic.kernels.end()) start = named->second;
        work->searches.push_back(std::make_unique<KernelSearch>(device_, work->recorder, request_.choices.tunables,
                                                                options_, size.atoms, form.name, kernel, start));
      }
    }
    report_.warnings.insert(report_.warnings.end(), work->journal.warnings().begin(), work->journal.warnings().end());
    return work;
  }

  std::vector<Work*> works_by_size() const {
    std::vector<Work*> list;
    for (const auto& work : works_) {
      if (work) list.push_back(work.get());
    }
    std::stable_sort(list.begin(), list.end(),
                     [](const Work* a, const Work* b) { return a->key.atoms < b->key.atoms; });
    return list;
  }

  static bool is_searched(const Work& work, const std::string& form) {
    return std::any_of(work.searches.begin(), work.searches.end(),
                       [&](const auto& search) { return search->form() == form; });
  }

  // Leaves out forms that others are far ahead of, by the sums of what `time` says of their kernels.
  void drop_forms(double factor, double (*time)(KernelSearch&)) {
    // Forms, each for batches of small systems and for others, and why they have no future at larger sizes.
    std::map<std::pair<std::string, bool>, std::string> beyond;
    for (Work* const work : works_by_size()) {
      if (stopped()) return;
      std::map<std::string, double> sums;
      for (const wisdom::Form& form : request_.choices.forms) {
        const auto reason = beyond.find({form.name, work->key.small_systems});
        if (reason != beyond.end() && form.name != work->heuristic.form && is_searched(*work, form.name)) {
          drop(*work, form.name, reason->second);
        } else if (const auto sum = sum_of(*work, form.name, time)) {
          sums[form.name] = *sum;
        }
      }
      if (sums.empty()) continue;
      const auto first =
          std::min_element(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      const auto [best, least] = *first;
      for (const auto& search : work->searches) search->set_share_of(least);
      for (const auto& [form, sum] : sums) {
        if (sum <= factor * least || form == work->heuristic.form) continue;
        const std::string reason = fmt::format("its kernels take {:.1f} us, those of {} {:.1f} us", sum, best, least);
        drop(*work, form, fmt::format("form {}: {}", form, reason));
        if (sum > kHopelessBeyond * least) {
          beyond[{form, work->key.small_systems}] =
              fmt::format("form {}: for {} atoms {}", form, work->key.atoms, reason);
        }
      }
    }
  }

  // Nothing if the form is not searched, not known or cannot be run.
  std::optional<double> sum_of(Work& work, const std::string& form, double (*time)(KernelSearch&)) {
    double sum = 0;
    bool any = false;
    for (const auto& search : work.searches) {
      if (search->form() != form) continue;
      any = true;
      try {
        const double own = time(*search);
        if (!(own > 0)) return std::nullopt;
        sum += own;
      } catch (const ArmFailed& error) {
        give_up(work, *search, error);
        return std::nullopt;
      }
    }
    return any ? std::optional(sum) : std::nullopt;
  }

  static void drop(Work& work, const std::string& form, std::string reason) {
    work.rejected.push_back(std::move(reason));
    const auto is_dropped = [&](const auto& search) { return search->form() == form; };
    for (const auto& search : work.searches) {
      if (is_dropped(search)) work.keep_results_of(*search);
    }
    std::erase_if(work.searches, is_dropped);
  }

  // A form that cannot be run without tuning is not searched; if it is the heuristic's, nothing is.
  void give_up(Work& work, const KernelSearch& search, const ArmFailed& error) const {
    const std::string& form = search.form();
    const std::string text = fmt::format("kernel {} of form {} cannot be run without tuning for {} atoms: {}",
                                         search.kernel(), form, search.atoms(), error.what());
    if (form == work.heuristic.form) throw UserError(text);
    drop(work, form, text);
  }

  using Wanted = bool (*)(const KernelSearch&);

  std::vector<std::pair<Work*, KernelSearch*>> all(Wanted wanted) const {
    std::vector<std::pair<Work*, KernelSearch*>> list;
    for (const auto& work : works_) {
      if (!work) continue;
      for (const auto& search : work->searches) {
        if (wanted(*search)) list.emplace_back(work.get(), search.get());
      }
    }
    // Kernels that take the most first, each for all sizes: what is compiled for one serves the others.
    std::map<std::pair<std::string, std::string>, double> weight;
    for (const auto& [work, search] : list) weight[{search->form(), search->kernel()}] += search->share();
    const auto key = [&](const auto& entry) {
      return std::tuple(-weight[{entry.second->form(), entry.second->kernel()}], entry.second->form(),
                        entry.second->kernel(), entry.second->atoms());
    };
    std::sort(list.begin(), list.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    return list;
  }

  // Gives those that want it equal shares of what is left of the time, until none wants more; what one does not use
  // goes to the others.
  void spend_time(Wanted wanted) {
    for (auto list = all(wanted); !list.empty() && !stopped() && now() < end_; list = all(wanted)) {
      for (std::size_t k = 0; k < list.size() && !stopped() && now() < end_; ++k) {
        const double share = (end_ - now()) / static_cast<double>(list.size() - k);
        const double until = std::min(end_, now() + std::max(share, kLeastShare));
        // A form that cannot be run takes its other searches with it.
        const auto& searches = list[k].first->searches;
        const auto is_left = [&](const auto& search) { return search.get() == list[k].second; };
        if (k % kAhead == 0) announce(list, k, k + 2 * kAhead);
        if (std::any_of(searches.begin(), searches.end(), is_left)) step(*list[k].first, *list[k].second, until);
      }
    }
  }

  // Searches may have been dropped since the list was made.
  void announce(const std::vector<std::pair<Work*, KernelSearch*>>& list, std::size_t from, std::size_t to) const {
    for (std::size_t k = from; k < std::min(to, list.size()); ++k) {
      for (const auto& search : list[k].first->searches) {
        if (search.get() == list[k].second) search->announce();
      }
    }
  }

  void step(Work& work, KernelSearch& search, double until) {
    try {
      search.step(winners_elsewhere(search), [&] { return stopped() || now() >= until; });
      tell(search.atoms(), &search);
    } catch (const ArmFailed& error) {
      give_up(work, search, error);
    }
  }

  // What other sizes have found for the same kernel.
  std::vector<Configuration> winners_elsewhere(const KernelSearch& search) const {
    std::vector<Configuration> winners;
    for (const auto& [work, other] : all([](const KernelSearch& any) { return any.searched(); })) {
      const bool same = other->form() == search.form() && other->kernel() == search.kernel();
      if (same && other != &search) winners.push_back(other->best());
    }
    return winners;
  }

  // The form with what its kernels have found, or with what they began with.
  Contender contender(const Work& work, const wisdom::Form& form, bool tuned) const {
    Contender result{form, {form.name, {}}, 0};
    for (const auto& search : work.searches) {
      if (search->form() != form.name) continue;
      if (tuned && !search->best().empty()) result.configuration.kernels[search->kernel()] = search->best();
      result.kernels_us += (tuned ? search->time() : search->default_time()).median;
    }
    if (!tuned) result.configuration = work.heuristic;
    return result;
  }

  void finish(Work& work, TunedSize& result) {
    std::vector<Contender> contenders;
    Contender heuristic;
    for (const wisdom::Form& form : request_.choices.forms) {
      if (is_searched(work, form.name)) contenders.push_back(contender(work, form, true));
      if (form.name == work.heuristic.form) heuristic = contender(work, form, false);
    }
    HalvingOptions call = options_.call;
    call.stop = options_.stop;
    try {
      const auto decision = decide(work.recorder, heuristic, std::move(contenders), call);
      if (!decision) return;
      write_down(work, *decision, result);
    } catch (const ArmFailed& error) {
      throw UserError(
          fmt::format("the model cannot be run without tuning for {} atoms: {}", result.atoms, error.what()));
    }
    if (result.entry) tell(result.atoms, nullptr, &*result.entry);
  }

  void write_down(Work& work, const Decision& decision, TunedSize& result) {
    const bool is_tuned = decision.best != work.heuristic;
    result.entry = wisdom::WisdomEntry{work.key,
                                       decision.best,
                                       decision.heuristic_time.median,
                                       decision.time.median,
                                       decision.heuristic_time.error(),
                                       decision.time.error(),
                                       request_.model_name,
                                       unix_time()};
    store_.add(*result.entry);
    work.journal.remove();
    result.outcome = is_tuned ? TunedSize::Outcome::tuned : TunedSize::Outcome::heuristic;
    work.rejected.insert(work.rejected.end(), decision.rejected.begin(), decision.rejected.end());
    ++decided_;
  }

  // What cannot win, and what is known of a size that another of the request stands for.
  void conclude(std::size_t k) {
    TunedSize& result = report_.sizes[k];
    if (works_[k]) {
      Work& work = *works_[k];
      for (const auto& search : work.searches) work.keep_results_of(*search);
      result.kernels = std::move(work.kernels);
      result.rejected = std::move(work.rejected);
      return;
    }
    for (std::size_t j = 0; j < report_.sizes.size(); ++j) {
      const TunedSize& other = report_.sizes[j];
      const bool same = wisdom::size_bucket(other.atoms) == wisdom::size_bucket(result.atoms) &&
                        request_.sizes[j].small_systems == request_.sizes[k].small_systems;
      if (!same || !other.entry || result.entry) continue;
      result.entry = other.entry;
      result.outcome = TunedSize::Outcome::known;
    }
  }

  void tell(int atoms, const KernelSearch* search, const wisdom::WisdomEntry* entry = nullptr) const {
    if (!options_.progress) return;
    TuningProgress progress;
    progress.atoms = atoms;
    progress.done = decided_;
    for (const auto& work : works_) {
      if (!work) continue;
      const int kept = static_cast<int>(work->kernels.size());
      progress.done += kept;
      progress.total += 1 + kept;
      for (const auto& other : work->searches) {
        ++progress.total;
        progress.done += other->searched() ? 1 : 0;
      }
    }
    if (search != nullptr) {
      progress.form = search->form();
      progress.kernel = search->kernel();
      progress.default_us = search->default_time().median;
      progress.best_us = search->time().median;
      progress.best = wisdom::describe(search->best());
    } else {
      progress.default_us = entry->heuristic_us;
      progress.best_us = entry->tuned_us;
      progress.best = wisdom::describe(entry->best);
    }
    options_.progress(progress);
  }

  TuningDevice& device_;
  const TuningRequest& request_;
  const wisdom::Store& store_;
  const TuningOptions& options_;
  const double end_;
  std::vector<std::unique_ptr<Work>> works_;  // of the sizes; none where there is nothing to do
  TuningReport report_;
  int decided_ = 0;
};

}  // namespace

TuningReport tune(TuningDevice& device, const TuningRequest& request, const wisdom::Store& store,
                  const TuningOptions& options) {
  return Tuner(device, request, store, options).run();
}

}  // namespace mlffgen::tuning
