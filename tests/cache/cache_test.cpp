#include "runtime/cache/cache.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/base/temporary_folder.h"
#include "tests/cache/kernels.h"

using namespace mlffgen::cache;
using cache_test::Bytes;
using cache_test::code;
using cache_test::CountingCache;
using cache_test::key_of;

TEST_CASE("a kernel is compiled once a machine, and read once a process") {
  const TemporaryFolder folder;
  const Bytes cubin = code(1000);
  CountingCache first(folder.path());
  CHECK(first.get("f", cubin) == Origin::compiled);
  CHECK(first.get("f", {}) == Origin::memory);
  CHECK(first.last == cubin);
  CHECK(first.compilations == 1);

  CountingCache second(folder.path());
  CHECK(second.get("f", {}) == Origin::disk);
  CHECK(second.last == cubin);
  CHECK(second.get("f", {}) == Origin::memory);
  CHECK(second.get("g", code(10)) == Origin::compiled);
  CHECK(second.compilations == 1);
  CHECK(first.warnings.empty());
  CHECK(second.warnings.empty());
}

TEST_CASE("threads that ask for one kernel wait for one compilation") {
  CountingCache counting("");
  std::atomic<int> compilations = 0, from_memory = 0;
  std::vector<std::thread> threads;
  for (int k = 0; k < 8; ++k) {
    threads.emplace_back([&] {
      const Cubin cubin = counting.cache().get(key_of(), "m", [&] {
        ++compilations;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return code(100);
      });
      if (*cubin.bytes == code(100) && cubin.origin == Origin::memory) ++from_memory;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(compilations == 1);
  CHECK(from_memory == 7);
}

TEST_CASE("threads that ask for different kernels compile at once") {
  CountingCache counting("");
  std::atomic<int> running = 0;
  std::atomic<bool> together = false;
  const auto compile = [&] {
    ++running;
    // Were the other waiting for this one, it would never be seen.
    for (int k = 0; k < 500 && !together; ++k) {
      if (running == 2) together = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return Bytes(1);
  };
  std::thread one([&] { counting.cache().get(key_of("one"), "m", compile); });
  std::thread two([&] { counting.cache().get(key_of("two"), "m", compile); });
  one.join();
  two.join();
  CHECK(together);
}

TEST_CASE("a compilation that fails is passed on and tried again by the next call") {
  const TemporaryFolder folder;
  CountingCache counting(folder.path());
  CHECK_THROWS_WITH(counting.cache().get(key_of(), "m", []() -> Bytes { throw std::runtime_error("no such op"); }),
                    "no such op");
  CHECK(counting.cache().get(key_of(), "m", [] { return code(5); }).origin == Origin::compiled);
}

TEST_CASE(
    "of kernels compiled at once those that succeed are kept under keys of their own, and failures leave nothing") {
  const TemporaryFolder folder;
  {
    CountingCache counting(folder.path());
    std::atomic<int> failures = 0;
    std::vector<std::thread> threads;
    for (unsigned k = 0; k < 6; ++k) {
      threads.emplace_back([&, k] {
        const auto compile = [k]() -> Bytes {
          if (k % 3 == 2) throw std::runtime_error("no such op");
          return code(1000, k);
        };
        try {
          counting.cache().get(key_of("phase_" + std::to_string(k)), "m", compile);
        } catch (const std::runtime_error&) {
          ++failures;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(failures == 2);
  }
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder.path())) ++files;
  CHECK(files == 4);
  CountingCache later(folder.path());
  for (unsigned k = 0; k < 6; ++k) {
    const Origin origin = later.get("phase_" + std::to_string(k), code(1000, k));
    CHECK(origin == (k % 3 == 2 ? Origin::compiled : Origin::disk));
    CHECK(later.last == code(1000, k));
  }
}

TEST_CASE("memory holds the kernels used last, up to its budget") {
  constexpr std::uint64_t kBudget = 35'000;
  CountingCache counting("", kDefaultDiskBytes, kBudget);
  for (const char* source : {"a", "b", "c", "a", "d"}) counting.get(source, code(10'000));
  CHECK(counting.get("a", code(10'000)) == Origin::memory);
  CHECK(counting.get("d", code(10'000)) == Origin::memory);
  CHECK(counting.get("b", code(10'000)) == Origin::compiled);
}

TEST_CASE("without a disk budget nothing is written and nothing is said") {
  const TemporaryFolder folder;
  CountingCache counting(folder.path() / "none", 0);
  CHECK(counting.get("f", code(10)) == Origin::compiled);
  CHECK(counting.get("f", {}) == Origin::memory);
  CHECK(counting.warnings.empty());
  CHECK(!std::filesystem::exists(folder.path() / "none"));
}

TEST_CASE("a model's kernels of 5 MB are read in less than 50 ms") {
  const TemporaryFolder folder;
  constexpr std::size_t kKernels = 10, kBytes = 500'000;
  const std::string source(300'000, 'x');
  CountingCache writer(folder.path());
  for (std::size_t k = 0; k < kKernels; ++k) writer.get(source + std::to_string(k), code(kBytes));
  double best = 1e9;
  // What other programs do meanwhile is not the cache's.
  for (int trial = 0; trial < 5; ++trial) {
    CountingCache reader(folder.path());
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t k = 0; k < kKernels; ++k) CHECK(reader.get(source + std::to_string(k), {}) == Origin::disk);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count());
  }
  MESSAGE("10 kernels, 5 MB: " << best << " ms");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(best < 50);
#endif
}
