#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "runtime/cache/folder.h"
#include "tests/base/temporary_folder.h"
#include "tests/cache/child.h"
#include "tests/cache/kernels.h"

using namespace mlffgen;
using namespace mlffgen::cache;
using namespace cache_test;
namespace fs = std::filesystem;

namespace {

constexpr int kProcesses = 8;

// Starts the bodies at about the same moment; all must pass.
void race(const fs::path& folder, const std::function<void(int)>& body) {
  const fs::path gate = folder.string() + ".gate";
  std::vector<pid_t> children;
  for (int k = 0; k < kProcesses; ++k) {
    children.push_back(start_child([&, k] {
      while (!fs::exists(gate)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      body(k);
    }));
  }
  std::ofstream(gate).flush();
  for (const pid_t child : children) CHECK(finish_child(child));
  fs::remove(gate);
}

}  // namespace

TEST_CASE("processes that compile one kernel at once all get it") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "not" / "there";
  for (int round = 0; round < 5; ++round) {
    const std::string source = "kernel " + std::to_string(round);
    const Bytes cubin = code(300'000, static_cast<unsigned>(round));
    race(holder.path() / "race", [&](int) {
      CountingCache counting(folder);
      counting.get(source, cubin);
      require(counting.last == cubin, "the right code");
      require(counting.warnings.empty(), "no warning");
    });
    CHECK(CountingCache(folder).get(source, {}) == Origin::disk);
  }
}

TEST_CASE("processes that evict each other's entries stay within the budget and never get a wrong kernel") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "cache";
  constexpr std::uint64_t kBudget = 300'000;
  race(holder.path() / "race", [&](int k) {
    for (int step = 0; step < 40; ++step) {
      const int which = (k * 7 + step * 3) % 25;
      const Bytes cubin = code(30'000, static_cast<unsigned>(which));
      CountingCache counting(folder, kBudget);
      counting.get("kernel " + std::to_string(which), cubin);
      require(counting.last == cubin, "the right code");
      require(counting.warnings.empty(), "no warning");
    }
  });
  const Folder place = Folder::make(folder);
  std::uint64_t total = 0;
  for (const FileFacts& file : place.entries()) {
    total += file.bytes;
    CHECK_NOTHROW(place.verify(file.name));
  }
  CHECK(total <= kBudget);
  CHECK(total > kBudget / 2);
}

TEST_CASE("a writer that is killed leaves no half entry, and its temporary file is swept later") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "cache";
  int left_behind = 0;
  const Bytes cubin = code(4'000'000);
  for (int round = 0; round < 30; ++round) {
    const pid_t child = start_child([&] {
      for (int k = 0;; ++k) {
        // The same names again and again: an entry that is there is replaced under its readers.
        Folder place = Folder::make(folder);
        const std::string key = key_text(key_of(std::to_string(k % 3)));
        place.publish(entry_name(key), write_entry({}, key, cubin), 1 << 30);
      }
    });
    const auto entry_exists = [&] { return fs::exists(folder) && !Folder::make(folder).entries().empty(); };
    for (int k = 0; k < 2000 && !entry_exists(); ++k) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + 7 * (round % 10)));
    ::kill(child, SIGKILL);
    finish_child(child);
  }
  Folder place = Folder::make(folder);
  CHECK(!place.entries().empty());
  for (const FileFacts& file : place.entries()) CHECK_NOTHROW(place.verify(file.name));
  for (const auto& item : fs::directory_iterator(folder)) {
    if (item.path().extension() != ".tmp") continue;
    ++left_behind;
    const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    REQUIRE(::utimensat(AT_FDCWD, item.path().c_str(), old, 0) == 0);
  }
  CHECK(left_behind > 0);
  place.remove_stale_temporaries();
  for (const auto& item : fs::directory_iterator(folder)) CHECK(item.path().extension() == ".cubin");
}
