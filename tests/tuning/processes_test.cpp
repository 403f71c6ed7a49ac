#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/wisdom/line_file.h"
#include "tests/base/temporary_folder.h"
#include "tests/cache/child.h"
#include "tests/tuning/simulated_device.h"

using namespace mlffgen;
using namespace mlffgen::tuning;
using namespace tuning_test;
using namespace cache_test;
namespace fs = std::filesystem;

namespace {

const std::vector<int> kSizes = {9, 8000};

// Device calls without noise, each of which takes a moment.
SimulatedOptions slow(const fs::path& log) {
  SimulatedOptions options;
  options.noise = false;
  options.log = log;
  options.before_sample = [] { std::this_thread::sleep_for(std::chrono::microseconds(500)); };
  return options;
}

void tune_in(const fs::path& folder, const fs::path& log, const std::vector<int>& sizes = kSizes) {
  SimulatedDevice device(slow(log));
  tune(device, simulated_request(sizes), wisdom::Store(folder));
}

// What the device was asked for, and how often.
std::map<std::string, int> questions(const fs::path& log) {
  std::map<std::string, int> counts;
  for (const wisdom::Line& line : wisdom::read_lines(log)) ++counts[line.text];
  return counts;
}

std::map<int, wisdom::WisdomEntry> results(const fs::path& folder) {
  std::map<int, wisdom::WisdomEntry> entries;
  const wisdom::Reading reading = wisdom::Store(folder).read();
  CHECK(reading.warnings.empty());
  for (wisdom::WisdomEntry entry : reading.entries) {
    entry.when = 0;
    entries[entry.key.atoms] = entry;
  }
  return entries;
}

}  // namespace

TEST_CASE("a run that is killed 20 times ends like one that was not, and measures again only what it died in") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "killed", log = holder.path() / "killed.log";
  tune_in(holder.path() / "whole", holder.path() / "whole.log");
  std::mt19937 random(1);
  int killed = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t child = start_child([&] { tune_in(folder, log); });
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + static_cast<int>(random() % 120)));
    ::kill(child, SIGKILL);
    killed += finish_child(child) ? 0 : 1;
  }
  CHECK(killed == 20);
  CHECK(results(folder).size() < kSizes.size());
  tune_in(folder, log);
  CHECK(results(folder) == results(holder.path() / "whole"));

  const std::map<std::string, int> whole = questions(holder.path() / "whole.log"), parts = questions(log);
  int twice = 0;
  for (const auto& [question, count] : parts) {
    if (question.starts_with("compile")) continue;
    CAPTURE(question);
    CHECK(whole.count(question) == 1);
    twice += count - (whole.count(question) > 0 ? whole.at(question) : 0);
  }
  // Portions are asked for one at a time.
  CHECK(twice <= killed);
  for (const auto& [question, count] : whole) CHECK(parts.count(question) == 1);
}

TEST_CASE("two runs in one folder at once keep both results") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "wisdom";
  SUBCASE("of different sizes") {
    const pid_t one = start_child([&] { tune_in(folder, holder.path() / "1.log", {9}); });
    const pid_t other = start_child([&] { tune_in(folder, holder.path() / "2.log", {8000}); });
    CHECK(finish_child(one));
    CHECK(finish_child(other));
    tune_in(holder.path() / "alone9", holder.path() / "3.log", {9});
    tune_in(holder.path() / "alone8000", holder.path() / "4.log", {8000});
    auto expected = results(holder.path() / "alone9");
    expected.merge(results(holder.path() / "alone8000"));
    CHECK(results(folder) == expected);
  }
  SUBCASE("of the same size") {
    const pid_t one = start_child([&] { tune_in(folder, holder.path() / "1.log", {9}); });
    const pid_t other = start_child([&] { tune_in(folder, holder.path() / "2.log", {9}); });
    CHECK(finish_child(one));
    CHECK(finish_child(other));
    const auto entries = wisdom::Store(folder).read().entries;
    CHECK(entries.size() == 2);
    tune_in(holder.path() / "alone", holder.path() / "3.log", {9});
    CHECK(results(folder) == results(holder.path() / "alone"));
  }
  CHECK(fs::is_empty(folder / "progress"));
}
