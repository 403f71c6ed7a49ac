#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/wisdom/line_file.h"
#include "tests/base/temporary_folder.h"
#include "tests/tuning/simulated_device.h"
#include "tuning/tuner.h"

using namespace mlffgen;
using namespace mlffgen::tuning;
using namespace tuning_test;
using Outcome = TunedSize::Outcome;
namespace fs = std::filesystem;

namespace {

// Enough that first searches come near the best of each kernel: forms then differ as they did before.
constexpr std::size_t kManyCandidates = 32;

// Lines of the device's log with such a beginning: "compile split pairs_0", "sample 8".
int lines_with(const fs::path& log, const std::string& beginning) {
  const std::vector<wisdom::Line> lines = wisdom::read_lines(log);
  return static_cast<int>(std::count_if(
      lines.begin(), lines.end(), [&](const wisdom::Line& line) { return line.text.starts_with(beginning + " "); }));
}

int times_behind(const TunedSize& size, const std::string& form) {
  return static_cast<int>(std::count_if(size.rejected.begin(), size.rejected.end(), [&](const std::string& line) {
    return line.starts_with("form " + form + ": its kernels take ");
  }));
}

std::string text_of(const KernelVariant& variant) {
  return fmt::format("{} {} {}", variant.form, variant.kernel, wisdom::describe(variant.configuration));
}

}  // namespace

TEST_CASE("a hopeless form is dropped before any of its kernels is searched") {
  const TemporaryFolder holder;
  SimulatedDevice device({.noise = false, .log = holder.path() / "log"});
  device.split_ratio = 1.3;
  const TunedSize size = tune(device, simulated_request({9}), wisdom::Store(holder.path() / "wisdom"), {}).sizes[0];
  CHECK(size.outcome == Outcome::tuned);
  REQUIRE(size.entry.has_value());
  CHECK(size.entry->best.form == "fused");
  const double fused = device.true_call_time(9, {"fused", {}}) - 3, split = device.true_call_time(9, {"split", {}}) - 3;
  CHECK(std::count(size.rejected.begin(), size.rejected.end(),
                   fmt::format("form split: its kernels take {:.1f} us, those of fused {:.1f} us", 1.001 * split,
                               1.001 * fused)) == 1);
  for (const TunedKernel& kernel : size.kernels) CHECK(kernel.form == "fused");
  for (const char* kernel : {"pairs_0", "dense_0", "dense_1"}) {
    CAPTURE(kernel);
    CHECK(lines_with(holder.path() / "log", fmt::format("compile split {}", kernel)) == 1);
    CHECK(lines_with(holder.path() / "log", fmt::format("sample 8 9 split {}", kernel)) == 1);
    CHECK(lines_with(holder.path() / "log", fmt::format("sample 4 9 split {}", kernel)) == 0);
  }
}

TEST_CASE("a form that is many times as slow is not measured at larger sizes") {
  const TemporaryFolder holder;
  SimulatedDevice device({.noise = false, .log = holder.path() / "log"});
  bool measured = false;
  SUBCASE("many times") { device.split_ratio = 6; }
  SUBCASE("a few times") {
    device.split_ratio = 2;
    measured = true;
  }
  // In any order of the request. What batches of small systems want is another matter.
  TuningRequest request = simulated_request({8000, 9, 200, 576});
  request.sizes[3].small_systems = true;
  const TuningReport report = tune(device, request, wisdom::Store(holder.path() / "wisdom"), {});
  CHECK(lines_with(holder.path() / "log", "sample 8 576 split pairs_0") == 1);
  CHECK(lines_with(holder.path() / "log", "sample 8 9 split pairs_0") == 1);
  for (const std::size_t k : {0u, 2u}) {
    const TunedSize& size = report.sizes[k];
    CAPTURE(size.atoms);
    CHECK(size.outcome == Outcome::tuned);
    CHECK(times_behind(size, "split") == (measured ? 1 : 0));
    CHECK(lines_with(holder.path() / "log", fmt::format("sample 8 {} split pairs_0", size.atoms)) == measured);
    const auto told = std::count_if(size.rejected.begin(), size.rejected.end(), [](const std::string& line) {
      return line.starts_with("form split: for 9 atoms its kernels take ");
    });
    CHECK(told == !measured);
  }
}

TEST_CASE("a form that is a little behind is searched once, and not refined") {
  const TemporaryFolder holder;
  SimulatedDevice device({.noise = false, .log = holder.path() / "log"});
  TuningOptions options;
  options.candidates = kManyCandidates;
  bool behind = false;
  SUBCASE("behind") {
    device.split_ratio = 1.2;
    behind = true;
  }
  SUBCASE("close") { device.split_ratio = 1.05; }
  const TunedSize size =
      tune(device, simulated_request({9}), wisdom::Store(holder.path() / "wisdom"), options).sizes[0];
  CHECK(times_behind(size, "split") == (behind ? 1 : 0));
  CHECK(size.kernels.size() == 5);
  const int once = 1 + static_cast<int>(options.candidates);
  for (const wisdom::Form& form : simulated_choices().forms) {
    for (const std::string& kernel : form.kernels) {
      CAPTURE(kernel);
      const int compiled = lines_with(holder.path() / "log", fmt::format("compile {} {}", form.name, kernel));
      CHECK((compiled > once) == !(behind && form.name == "split"));
    }
  }
  // What was wrong with its variants is told all the same.
  CHECK(std::any_of(size.rejected.begin(), size.rejected.end(),
                    [](const std::string& line) { return line.starts_with("split dense_"); }));
}

TEST_CASE("the form of the heuristic is never dropped") {
  const TemporaryFolder holder;
  SimulatedDevice device({.noise = false, .log = holder.path() / "log"});
  device.split_ratio = 0.5;
  Outcome outcome = Outcome::tuned;
  std::string best = "split";
  SUBCASE("and loses") {}
  SUBCASE("and stays where whole calls of the other are slow") {
    device.call_overhead = 3;
    outcome = Outcome::heuristic;
    best = "fused";
  }
  const TunedSize size = tune(device, simulated_request({9}), wisdom::Store(holder.path() / "wisdom"), {}).sizes[0];
  CHECK(size.outcome == outcome);
  REQUIRE(size.entry.has_value());
  CHECK(size.entry->best.form == best);
  CHECK(times_behind(size, "fused") == 0);
  CHECK(size.kernels.size() == 5);
  for (const char* kernel : {"phase_0", "phase_1"}) {
    CHECK(lines_with(holder.path() / "log", fmt::format("sample 4 9 fused {}", kernel)) > 0);
  }
}

TEST_CASE("what is prepared in first searches was announced, and of hopeless forms nothing but their defaults") {
  class Listening : public SimulatedDevice {
   public:
    using SimulatedDevice::SimulatedDevice;
    void announce(const std::vector<KernelVariant>& variants) override {
      for (const KernelVariant& variant : variants) {
        announced.insert(text_of(variant));
        of_split += variant.form == "split" && !variant.configuration.empty() ? 1 : 0;
      }
    }
    std::vector<std::optional<std::string>> prepare(const std::vector<KernelVariant>& variants) override {
      for (const KernelVariant& variant : variants) {
        CAPTURE(text_of(variant));
        CHECK(announced.count(text_of(variant)) == 1);
        prepared.insert(text_of(variant));
      }
      return SimulatedDevice::prepare(variants);
    }
    std::set<std::string> announced, prepared;
    int of_split = 0;  // but defaults
  };
  const TemporaryFolder holder;
  Listening device;
  TuningOptions options;
  options.most_steps = 0;
  const wisdom::Store store(holder.path());
  SUBCASE("close forms") {
    device.split_ratio = 1;
    tune(device, simulated_request({9, 200, 8000}), store, options);
    CHECK(device.prepared.size() >= 5 * (1 + options.candidates));
    CHECK(device.of_split > 0);
  }
  SUBCASE("a hopeless form") {
    device.split_ratio = 1.5;
    tune(device, simulated_request({9, 200, 8000}), store, options);
    CHECK(device.prepared.size() >= 2 * (1 + options.candidates));
    CHECK(device.announced.count("split pairs_0 defaults") == 1);
    CHECK(device.of_split == 0);
  }
}

TEST_CASE("a run that died takes no look again when it is repeated, and drops the same forms") {
  struct Killed {};
  constexpr int kKernels = 5;
  // In the third look, in the last one, and in the searches.
  for (const int fatal : {3, 5, 6, 40}) {
    CAPTURE(fatal);
    const TemporaryFolder holder;
    const wisdom::Store store(holder.path() / "wisdom");
    const fs::path log = holder.path() / "log";
    int calls = 0;
    SimulatedDevice first({.log = log, .before_sample = [&] {
                             if (++calls == fatal) throw Killed();
                           }});
    CHECK_THROWS_AS(tune(first, simulated_request({9}), store), Killed);
    SimulatedDevice second({.seed = 2, .log = log});
    const TunedSize size = tune(second, simulated_request({9}), store).sizes[0];
    CHECK(size.outcome == Outcome::tuned);
    CHECK(times_behind(size, "split") == 1);
    // One in which it died is taken again.
    CHECK(lines_with(log, "sample 8") == kKernels + (fatal <= kKernels ? 1 : 0));
    CHECK(lines_with(log, "sample 4 9 split") == 0);
  }
}

TEST_CASE("without time no form is dropped for a part of its search") {
  constexpr double kSecondsASample = 0.02;
  constexpr int kLeast = 4, kMost = 80;  // seconds
  int decided = 0;
  for (int seconds = kLeast; seconds < kMost; ++seconds) {
    const TemporaryFolder holder;
    SimulatedDevice device({.noise = false, .seconds_a_sample = kSecondsASample});
    device.split_ratio = 1.2;
    TuningOptions options;
    options.candidates = kManyCandidates;
    options.seconds = seconds;
    options.clock = [&] { return device.seconds; };
    const TunedSize size = tune(device, simulated_request({9}), wisdom::Store(holder.path()), options).sizes[0];
    CAPTURE(seconds);
    if (size.outcome == Outcome::unfinished) {
      CHECK(size.kernels.size() < 5);
      CHECK(times_behind(size, "split") == 0);
    } else {
      ++decided;
      CHECK(size.kernels.size() == 5);
      CHECK(times_behind(size, "split") == 1);
    }
  }
  CHECK(decided > 0);
  CHECK(decided < kMost - kLeast);
}
