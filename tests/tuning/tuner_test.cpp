#include "tuning/tuner.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/wisdom/line_file.h"
#include "tests/base/temporary_folder.h"
#include "tests/tuning/simulated_device.h"
#include "tuning/journal.h"

using namespace mlffgen;
using namespace mlffgen::tuning;
using namespace tuning_test;
using Outcome = TunedSize::Outcome;
namespace fs = std::filesystem;

namespace {

wisdom::WisdomKey key_of(int atoms) {
  wisdom::WisdomKey key = simulated_request({}).key;
  key.atoms = atoms;
  return key;
}

wisdom::Advice advice_for(const wisdom::Store& store, int atoms) {
  wisdom::Wisdom wisdom;
  wisdom.add(store.read().entries);
  return wisdom.advise(key_of(atoms));
}

std::size_t journals(const wisdom::Store& store) {
  const fs::path folder = store.folder() / "progress";
  if (!fs::exists(folder)) return 0;
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

bool is_dropped(const TunedSize& size, const std::string& form) {
  return std::any_of(size.rejected.begin(), size.rejected.end(),
                     [&](const std::string& line) { return line.starts_with("form " + form + ": "); });
}

}  // namespace

TEST_CASE("what is written down is within 2 % of the best call, for 95 % of the seeds") {
  constexpr int kSeeds = 20;
  const std::vector<int> sizes = {9, 200, 8000};
  double split_ratio = 0;
  SUBCASE("where forms are far from each other") {}
  SUBCASE("where they are close") { split_ratio = 1.1; }
  int near = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const TemporaryFolder holder;
    const wisdom::Store store(holder.path());
    SimulatedDevice device({.seed = seed});
    device.split_ratio = split_ratio;
    TuningOptions options;
    options.kernel.seed = options.call.seed = seed;
    const TuningReport report = tune(device, simulated_request(sizes), store, options);
    REQUIRE(report.sizes.size() == sizes.size());
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      const TunedSize& size = report.sizes[k];
      CHECK(size.outcome == Outcome::tuned);
      REQUIRE(size.entry.has_value());
      const double time = device.true_call_time(sizes[k], size.entry->best);
      near += time <= 1.02 * device.best_call_time(sizes[k]) ? 1 : 0;
      CHECK(time < device.true_call_time(sizes[k], {"fused", {}}));
      for (const auto& [kernel, configuration] : size.entry->best.kernels) {
        CHECK_FALSE(SimulatedDevice::is_wrong({size.entry->best.form, kernel, configuration}));
      }
      CHECK_FALSE(wisdom::problem_of(size.entry->best, simulated_choices()).has_value());
    }
    CHECK(journals(store) == 0);
  }
  CHECK(near >= static_cast<int>(sizes.size()) * kSeeds * 95 / 100);
}

TEST_CASE("an entry is found by the next question, with its times and who it is for") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  const TuningReport report = tune(device, simulated_request({9}), store);
  const wisdom::Advice advice = advice_for(store, 9);
  CHECK(advice.rung == wisdom::Rung::exact);
  REQUIRE(advice.entry.has_value());
  CHECK(advice.entry == report.sizes[0].entry);
  CHECK(advice.entry->model_name == "simulated");
  CHECK(advice.entry->heuristic_us == doctest::Approx(device.true_call_time(9, {"fused", {}})).epsilon(0.15));
  CHECK(advice.entry->tuned_us == doctest::Approx(device.true_call_time(9, advice.entry->best)).epsilon(0.15));
  CHECK(advice.entry->tuned_error_us > 0);
  CHECK(advice.entry->when > 1'700'000'000);
  const auto& rejected = report.sizes[0].rejected;
  const auto holds = [&](const char* part) {
    return std::any_of(rejected.begin(), rejected.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  };
  CHECK(holds(": ptxas error"));
  CHECK(holds(": wrong results: forces are off by 0.3"));
}

TEST_CASE("forms differ in what they are good for") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  tune(device, simulated_request({9, 8000}), store);
  CHECK(advice_for(store, 9).configuration.form == "fused");
  CHECK(advice_for(store, 8000).configuration.form == "split");
}

TEST_CASE("a size that is known is not tuned again, unless asked for") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  const auto entry = tune(device, simulated_request({9}), store).sizes[0].entry;
  const int samples = device.samples;
  // 10 atoms are in the bucket of 9.
  for (const int atoms : {9, 10}) {
    const TunedSize known = tune(device, simulated_request({atoms}), store).sizes[0];
    CHECK(known.outcome == Outcome::known);
    CHECK(known.entry == entry);
  }
  CHECK(device.samples == samples);
  TuningOptions options;
  options.again = true;
  CHECK(tune(device, simulated_request({9}), store, options).sizes[0].outcome == Outcome::tuned);
  CHECK(device.samples > samples);
  CHECK(store.read().entries.size() == 2);
}

TEST_CASE("a run that was killed between its entry and the end of its journal leaves none for the next") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  tune(device, simulated_request({9}), store);
  Journal(store.folder(), key_of(9)).add_answer("a question", "");
  REQUIRE(journals(store) == 1);
  tune(device, simulated_request({9}), store);
  CHECK(journals(store) == 0);
}

TEST_CASE("two sizes of one bucket are tuned once") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  const TuningReport report = tune(device, simulated_request({9, 10}), store);
  CHECK(report.sizes[0].outcome == Outcome::tuned);
  CHECK(report.sizes[1].outcome == Outcome::known);
  CHECK(report.sizes[1].atoms == 10);
  CHECK(report.sizes[1].entry == report.sizes[0].entry);
  CHECK(store.read().entries.size() == 1);
}

TEST_CASE("where whole calls are not faster, the heuristic is written down") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  device.call_overhead = 2;
  const TuningReport report = tune(device, simulated_request({9}), store);
  const TunedSize& size = report.sizes[0];
  CHECK(size.outcome == Outcome::heuristic);
  CHECK(size.entry->best == ModelConfiguration{"fused", {}});
  CHECK(size.entry->tuned_us == size.entry->heuristic_us);
  CHECK(std::any_of(size.rejected.begin(), size.rejected.end(),
                    [](const std::string& line) { return line.find("us a call, without it") != std::string::npos; }));
  CHECK(tune(device, simulated_request({9}), store).sizes[0].outcome == Outcome::known);
}

TEST_CASE("tuning starts from the heuristic, which need not be the defaults") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  TuningRequest request = simulated_request({9});
  const ModelConfiguration best = tune(device, request, store).sizes[0].entry->best;
  request.sizes[0].heuristic = best;
  request.sizes[0].heuristic.kernels["phase_0"]["LANES"];  // named, though it may be the default
  auto& lanes = request.sizes[0].heuristic.kernels["phase_0"]["LANES"];
  if (lanes == 0) lanes = 32;
  TuningOptions options;
  options.again = true;
  const TunedSize size = tune(device, request, store, options).sizes[0];
  CHECK(size.outcome == Outcome::heuristic);
  CHECK(size.entry->best == best);
}

TEST_CASE("a form that cannot be run is left out; if it is the heuristic's, that is an error") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  device.broken = {"dense_0"};
  const TunedSize size = tune(device, simulated_request({8000}), store).sizes[0];
  CHECK(size.outcome == Outcome::tuned);
  CHECK(size.entry->best.form == "fused");
  CHECK(std::count(size.rejected.begin(), size.rejected.end(),
                   "kernel dense_0 of form split cannot be run without tuning for 8000 atoms: too many resources "
                   "requested for launch") == 1);
  device.broken = {"phase_1"};
  CHECK_THROWS_AS(tune(device, simulated_request({9}), store), UserError);
}

TEST_CASE("without time nothing is decided, and every run gets further") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  int runs = 0;
  for (Outcome outcome = Outcome::unfinished; outcome == Outcome::unfinished; ++runs) {
    REQUIRE(runs < 200);
    SimulatedDevice device({.seconds_a_sample = 0.02});
    device.split_ratio = 1;
    TuningOptions options;
    options.seconds = 10;
    options.clock = [&] { return device.seconds; };
    const TunedSize size = tune(device, simulated_request({9}), store, options).sizes[0];
    outcome = size.outcome;
    CHECK(size.entry.has_value() == (outcome != Outcome::unfinished));
    CHECK(store.read().entries.empty() == (outcome == Outcome::unfinished));
    CHECK(journals(store) == (outcome == Outcome::unfinished ? 1 : 0));
    // What is begun is ended: a portion, a duel of calls.
    CHECK(device.seconds < options.seconds + 0.02 * (2 * 256 + 100));
  }
  CHECK(runs > 2);
}

TEST_CASE("every kernel gets its share of the time") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device({.log = holder.path() / "log", .seconds_a_sample = 0.01});
  device.split_ratio = 1;
  TuningOptions options;
  options.seconds = 30;
  options.clock = [&] { return device.seconds; };
  tune(device, simulated_request({9, 200, 8000}), store, options);
  for (const int atoms : {9, 200, 8000}) {
    for (const wisdom::Form& form : simulated_choices().forms) {
      for (const std::string& kernel : form.kernels) {
        const std::string wanted = fmt::format(" {} {} {} ", atoms, form.name, kernel);
        int found = 0;
        for (const wisdom::Line& line : wisdom::read_lines(holder.path() / "log")) {
          found += line.text.starts_with("sample") && line.text.find(wanted) != std::string::npos ? 1 : 0;
        }
        CAPTURE(wanted);
        CHECK(found >= 5);
      }
    }
  }
}

TEST_CASE("a run that is told to stop ends soon and decides nothing") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device;
  TuningOptions options;
  options.stop = [&] { return device.samples >= 100; };
  const TunedSize size = tune(device, simulated_request({9}), store, options).sizes[0];
  CHECK(size.outcome == Outcome::unfinished);
  CHECK(device.samples < 120);
  CHECK(journals(store) == 1);
}

TEST_CASE("progress goes up to the end") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  SimulatedDevice device({.noise = false});
  std::size_t searched = 2;  // kernels of a size
  SUBCASE("of one form, where the other is hopeless") { device.split_ratio = 2; }
  SUBCASE("of all forms, where one is dropped later") {
    device.split_ratio = 1.2;
    searched = 5;
  }
  SUBCASE("of all forms, where they are close") {
    device.split_ratio = 1;
    searched = 5;
  }
  TuningOptions options;
  options.candidates = 32;
  std::vector<TuningProgress> list;
  options.progress = [&](const TuningProgress& progress) { list.push_back(progress); };
  const TuningReport report = tune(device, simulated_request({9, 200}), store, options);
  for (const TunedSize& size : report.sizes) {
    CHECK(size.kernels.size() == searched);
    CHECK(is_dropped(size, "split") == (device.split_ratio > 1.1));
  }
  REQUIRE(list.size() >= 2 * (searched + 1));
  for (std::size_t k = 0; k < list.size(); ++k) {
    CHECK(list[k].total == 2 * static_cast<int>(searched + 1));
    CHECK(list[k].done <= list[k].total);
    CHECK(list[k].done >= (k == 0 ? 0 : list[k - 1].done));
    CHECK(list[k].best_us > 0);
    CHECK_FALSE(list[k].best.empty());
  }
  CHECK(list.back().done == list.back().total);
  CHECK(list.back().kernel.empty());
}

TEST_CASE("a failure of the GPU ends the run, and the next one leaves its cause out") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  class Faulty : public SimulatedDevice {
   public:
    using SimulatedDevice::SimulatedDevice;
    std::vector<double> sample(int atoms, const KernelVariant& variant, int count) override {
      const std::string name =
          fmt::format("{} {} {}", variant.form, variant.kernel, wisdom::describe(variant.configuration));
      if (variant.form == form && variant.configuration.count("TEAMS") > 0 && culprit.empty()) {
        culprit = name;
        throw DeviceError("an illegal memory access");
      }
      CHECK(name != culprit);
      return SimulatedDevice::sample(atoms, variant, count);
    }
    std::string form, culprit;
  };
  Faulty device({.noise = false});
  device.split_ratio = 1.2;
  TuningOptions options;
  options.candidates = 32;
  SUBCASE("in the best form") { device.form = "fused"; }
  SUBCASE("in a form that is dropped later") { device.form = "split"; }
  CHECK_THROWS_AS(tune(device, simulated_request({9}), store, options), DeviceError);
  const TunedSize size = tune(device, simulated_request({9}), store, options).sizes[0];
  CHECK(size.outcome == Outcome::tuned);
  CHECK(std::count(size.rejected.begin(), size.rejected.end(), device.culprit + ": an illegal memory access") == 1);
  CHECK(is_dropped(size, "split"));
}

TEST_CASE("a run that was interrupted comes to the end of one that was not, without measuring anything twice") {
  SimulatedDevice undisturbed({.noise = false});
  TuningOptions options;
  SUBCASE("where a form is hopeless") {}
  SUBCASE("where a form falls behind") {
    undisturbed.split_ratio = 1.2;
    options.candidates = 32;
  }
  const TemporaryFolder holder;
  const wisdom::Store whole(holder.path() / "whole"), parts(holder.path() / "parts");
  const auto expected = tune(undisturbed, simulated_request({9, 8000}), whole, options);
  CHECK(is_dropped(expected.sizes[0], "split"));
  int samples = 0, runs = 0;
  for (bool finished = false; !finished; ++runs) {
    SimulatedDevice device({.noise = false});
    device.split_ratio = undisturbed.split_ratio;
    options.stop = [&] { return device.samples >= 600; };
    const TuningReport report = tune(device, simulated_request({9, 8000}), parts, options);
    samples += device.samples;
    finished = report.sizes[0].outcome != Outcome::unfinished && report.sizes[1].outcome != Outcome::unfinished;
  }
  CHECK(runs > 5);
  CHECK(samples == undisturbed.samples);
  for (std::size_t k = 0; k < 2; ++k) {
    const wisdom::WisdomEntry entry = *advice_for(parts, expected.sizes[k].atoms).entry;
    CHECK(entry.best == expected.sizes[k].entry->best);
    CHECK(entry.tuned_us == expected.sizes[k].entry->tuned_us);
    CHECK(entry.heuristic_us == expected.sizes[k].entry->heuristic_us);
  }
}

TEST_CASE("a best configuration that cannot be run any more gives way to the default") {
  const TemporaryFolder holder;
  const wisdom::Store store(holder.path());
  class Failing : public SimulatedDevice {
   public:
    using SimulatedDevice::SimulatedDevice;
    std::vector<double> sample(int atoms, const KernelVariant& variant, int count) override {
      if (variant.kernel == "phase_0" && wisdom::describe(variant.configuration) == best) throw ArmFailed("no more");
      return SimulatedDevice::sample(atoms, variant, count);
    }
    std::string best;
  };
  Failing device;
  TuningOptions options;
  options.progress = [&](const TuningProgress& progress) {
    if (progress.kernel == "phase_0" && progress.best != "defaults") device.best = progress.best;
  };
  const TunedSize size = tune(device, simulated_request({9}), store, options).sizes[0];
  REQUIRE_FALSE(device.best.empty());
  CHECK(size.outcome == Outcome::tuned);
  CHECK(size.entry->best.kernels.count("phase_0") == 0);
  CHECK(std::count(size.rejected.begin(), size.rejected.end(), "fused phase_0 " + device.best + ": no more") == 1);
}

TEST_CASE("a store that cannot be written is an error before anything is measured") {
  const TemporaryFolder holder;
  fs::permissions(holder.path(), fs::perms(0777));
  SimulatedDevice device;
  for (const fs::path& folder : {fs::path("/proc/nowhere"), fs::path(), holder.path()}) {
    CHECK_THROWS_AS(tune(device, simulated_request({9}), wisdom::Store(folder)), UserError);
  }
  CHECK(device.samples == 0);
}
