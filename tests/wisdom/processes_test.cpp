#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "runtime/wisdom/line_file.h"
#include "runtime/wisdom/store.h"
#include "tests/base/temporary_folder.h"
#include "tests/cache/child.h"
#include "tests/wisdom/entries.h"

using namespace mlffgen;
using namespace mlffgen::wisdom;
using namespace wisdom_test;
using namespace cache_test;
namespace fs = std::filesystem;

TEST_CASE("entries of processes that write at once are all kept, each process's in its order") {
  const TemporaryFolder holder;
  const Store store(holder.path() / "not" / "there");
  constexpr int kProcesses = 8, kEntries = 40;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    children.push_back(start_child([&, process] {
      for (int k = 0; k < kEntries; ++k) store.add(entry_of(9, process, k));
    }));
  }
  for (const pid_t child : children) CHECK(finish_child(child));
  const Reading reading = store.read();
  CHECK(reading.warnings.empty());
  CHECK(reading.entries.size() == kProcesses * kEntries);
  std::vector<std::int64_t> next(kProcesses, 0);
  for (const WisdomEntry& entry : reading.entries) {
    const auto process = static_cast<std::size_t>(entry.best.kernels.at("phase_0").at("MLFF_LANES"));
    CHECK(entry.when == next.at(process)++);
  }
}

TEST_CASE("a reader never sees half of what is being written") {
  const TemporaryFolder holder;
  const fs::path path = holder.path() / "a.jsonl";
  constexpr std::size_t kLines = 200, kSize = 100'000;
  const pid_t child = start_child([&] {
    for (std::size_t k = 0; k < kLines; ++k) append_line(path, std::string(kSize, 'x'), Durability::process);
  });
  std::size_t lines = 0, readings = 0;
  for (; lines < kLines && readings < 100'000; ++readings) {
    const std::vector<Line> seen = read_lines(path);
    for (const Line& line : seen) CHECK(line.text.size() == kSize);
    CHECK(seen.size() >= lines);
    lines = seen.size();
  }
  CHECK(finish_child(child));
  CHECK(lines == kLines);
}

TEST_CASE("a line waits for who writes at the moment, and a reader does not") {
  const TemporaryFolder holder;
  const fs::path path = holder.path() / "a.jsonl";
  append_line(path, "first", Durability::process);
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND);
  REQUIRE(::flock(file, LOCK_EX) == 0);
  REQUIRE(::write(file, "half of ", 8) == 8);
  const pid_t child = start_child([&] { append_line(path, "third", Durability::process); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(read_lines(path).size() == 1);
  REQUIRE(::write(file, "second\n", 7) == 7);
  REQUIRE(::flock(file, LOCK_UN) == 0);  // the child has the same open file
  ::close(file);
  CHECK(finish_child(child));
  const std::vector<Line> lines = read_lines(path);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].text == "half of second");
  CHECK(lines[2].text == "third");
  CHECK(lines[2].number == 3);
}

TEST_CASE("writers that are killed leave whole lines, and at most one torn line each") {
  const TemporaryFolder holder;
  const Store store(holder.path() / "wisdom");
  std::mt19937 random(1);
  constexpr int kRounds = 20;
  std::size_t before = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> children;
    for (int writer = 0; writer < 2; ++writer) {
      children.push_back(start_child([&] {
        for (int k = 0;; ++k) store.add(entry_of(9, 64, k));
      }));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + static_cast<int>(random() % 30)));
    for (const pid_t child : children) ::kill(child, SIGKILL);
    for (const pid_t child : children) finish_child(child);
    store.add(entry_of(100, 32, round));
    const Reading reading = store.read();
    CHECK(reading.entries.size() > before);
    before = reading.entries.size();
    CHECK(reading.entries.back() == entry_of(100, 32, round));
  }
}

TEST_CASE("a full disk leaves the file as it was, and says so") {
  const TemporaryFolder holder;
  const fs::path path = holder.path() / "a.jsonl";
  append_line(path, std::string(1000, 'x'), Durability::machine);
  CHECK(in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1500, 1500};
    require(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "a limit");
    bool refused = false;
    try {
      append_line(path, std::string(1000, 'y'), Durability::machine);
    } catch (const UserError&) {
      refused = true;
    }
    require(refused, "a refusal");
  }));
  CHECK(read_text_file(path, 10'000) == std::string(1000, 'x') + "\n");
}
