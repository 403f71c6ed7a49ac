#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/wisdom/wisdom.h"
#include "tests/wisdom/entries.h"

using namespace mlffgen::wisdom;
using namespace wisdom_test;

namespace {

Advice advise(const std::vector<WisdomEntry>& entries, const WisdomKey& key) {
  Wisdom wisdom;
  wisdom.add(entries);
  return wisdom.advise(key);
}

// The lanes of the entry that was taken, 0 for none.
int lanes(const Advice& advice) {
  return advice.entry ? advice.configuration.kernels.at("phase_0").at("MLFF_LANES") : 0;
}

WisdomKey with(const std::function<void(WisdomKey&)>& change, int atoms = 9) {
  WisdomKey key = key_of(atoms);
  change(key);
  return key;
}

struct Difference {
  const char* what;
  std::function<void(WisdomKey&)> change;
  Rung rung;
};

const std::vector<Difference> kDifferences = {
    {"nothing", [](WisdomKey&) {}, Rung::exact},
    {"atoms", [](WisdomKey& key) { key.atoms = 20; }, Rung::nearest_size},
    {"driver", [](WisdomKey& key) { key.driver = "12080"; }, Rung::same_gpu_other_software},
    {"nvrtc", [](WisdomKey& key) { key.nvrtc = "12.8"; }, Rung::same_gpu_other_software},
    {"generator", [](WisdomKey& key) { key.generator = "0.2.0"; }, Rung::same_gpu_other_software},
    {"gpu", [](WisdomKey& key) { key.gpu = "NVIDIA H200"; }, Rung::same_family},
    {"multiprocessors", [](WisdomKey& key) { key.multiprocessors = 114; }, Rung::same_family},
    {"capability", [](WisdomKey& key) { key.compute_capability = "8.0"; }, Rung::heuristic},
    {"model", [](WisdomKey& key) { key.model = "0123456789abcdef"; }, Rung::heuristic},
};

}  // namespace

TEST_CASE("the rung follows from the fields in which entry and question differ") {
  for (const Difference& difference : kDifferences) {
    CAPTURE(difference.what);
    const Advice advice = advise({entry_of(with(difference.change))}, key_of(9));
    CHECK(name(advice.rung) == std::string(name(difference.rung)));
    CHECK(advice.entry.has_value() == (difference.rung != Rung::heuristic));
    CHECK(lanes(advice) == (difference.rung == Rung::heuristic ? 0 : 64));
    CHECK(advice.reason.starts_with(std::string(name(difference.rung)) + ": "));
  }
}

TEST_CASE("the first rung with an entry answers, whatever the order of the entries") {
  std::vector<WisdomEntry> entries;
  for (std::size_t k = 0; k < kDifferences.size(); ++k) {
    entries.push_back(entry_of(with(kDifferences[k].change), static_cast<int>(k) + 1));
  }
  for (int turn = 0; turn < 2; ++turn) {
    std::vector<WisdomEntry> left = entries;
    Rung last = Rung::exact;
    while (!left.empty()) {
      const Advice advice = advise(left, key_of(9));
      CHECK(static_cast<int>(advice.rung) >= static_cast<int>(last));
      last = advice.rung;
      if (!advice.entry) break;
      std::erase(left, *advice.entry);
    }
    CHECK(last == Rung::heuristic);
    CHECK(left.size() == 2);  // of another capability, of another model
    std::reverse(entries.begin(), entries.end());
  }
}

TEST_CASE("another model's entry serves on no rung") {
  for (const Difference& difference : kDifferences) {
    CAPTURE(difference.what);
    WisdomKey key = with(difference.change);
    key.model = "another";
    CHECK(advise({entry_of(key)}, key_of(9)).rung == Rung::heuristic);
  }
}

TEST_CASE("a bucket holds the sizes that round to one power of two") {
  CHECK(size_bucket(1) == 0);
  CHECK(size_bucket(2) == 1);
  CHECK(size_bucket(3) == 2);  // log2(3) = 1.58
  CHECK(size_bucket(5) == 2);
  CHECK(size_bucket(6) == 3);
  CHECK(size_bucket(11) == 3);
  CHECK(size_bucket(12) == 4);  // log2(12) = 3.58
  CHECK(size_bucket(1 << 30) == 30);
  CHECK(size_bucket(0) == 0);
  for (int atoms = 6; atoms <= 11; ++atoms) CHECK(advise({entry_of(9)}, key_of(atoms)).rung == Rung::exact);
  CHECK(advise({entry_of(9)}, key_of(5)).rung == Rung::nearest_size);
  CHECK(advise({entry_of(9)}, key_of(12)).rung == Rung::nearest_size);
}

TEST_CASE("the nearest size is off by a factor of 4 at most") {
  CHECK(advise({entry_of(100)}, key_of(400)).rung == Rung::nearest_size);
  CHECK(advise({entry_of(100)}, key_of(401)).rung == Rung::heuristic);
  CHECK(advise({entry_of(100)}, key_of(25)).rung == Rung::nearest_size);
  CHECK(advise({entry_of(100)}, key_of(24)).rung == Rung::heuristic);
  // By the factor, not by the difference.
  CHECK(lanes(advise({entry_of(40, 1), entry_of(300, 2)}, key_of(120))) == 2);
  CHECK(lanes(advise({entry_of(40, 1), entry_of(400, 2)}, key_of(120))) == 1);
  // One's own bucket is nearer than any number in another.
  CHECK(lanes(advise({entry_of(45, 1), entry_of(89, 2)}, key_of(46))) == 2);
  CHECK(lanes(advise({entry_of(46, 1), entry_of(92, 2)}, key_of(90))) == 1);
}

TEST_CASE("the entry for the most atoms serves every larger call if these are 4096 or more") {
  CHECK(advise({entry_of(4096)}, key_of(1'000'000)).rung == Rung::nearest_size);
  CHECK(advise({entry_of(4095)}, key_of(1'000'000)).rung == Rung::heuristic);
  CHECK(advise({entry_of(4096)}, key_of(1023)).rung == Rung::heuristic);
  CHECK(lanes(advise({entry_of(8000, 1), entry_of(64000, 2), entry_of(9, 3)}, key_of(1'000'000))) == 2);
  // The smaller of two does not reach beyond the factor.
  CHECK(lanes(advise({entry_of(5000, 1), entry_of(200'000, 2)}, key_of(30'000))) == 0);
}

TEST_CASE("sizes follow the same rules on the lower rungs") {
  for (const auto& [field, rung] :
       {std::pair{&WisdomKey::driver, Rung::same_gpu_other_software}, {&WisdomKey::gpu, Rung::same_family}}) {
    const auto other = [&, f = field](int atoms, int value) {
      return entry_of(with([&](WisdomKey& key) { key.*f = "other"; }, atoms), value);
    };
    CHECK(advise({other(100, 1)}, key_of(400)).rung == rung);
    CHECK(advise({other(100, 1)}, key_of(401)).rung == Rung::heuristic);
    CHECK(advise({other(4096, 1)}, key_of(1'000'000)).rung == rung);
    CHECK(lanes(advise({other(100, 1), other(300, 2)}, key_of(280))) == 2);
    // A higher rung that is out of reach leaves the question to this one.
    CHECK(lanes(advise({other(100, 1), entry_of(1000, 2)}, key_of(100))) == 1);
  }
}

TEST_CASE("of entries for one bucket the latest counts, in whatever order and source they come") {
  const WisdomEntry old = entry_of(9, 1, 100), late = entry_of(8, 2, 200);
  CHECK(lanes(advise({old, late}, key_of(9))) == 2);
  CHECK(lanes(advise({late, old}, key_of(9))) == 2);
  Wisdom wisdom;
  wisdom.add({old});
  wisdom.add({late});
  CHECK(lanes(wisdom.advise(key_of(9))) == 2);
  CHECK(wisdom.entries().size() == 1);
  // A late entry of a far size does not take the place of a near one.
  CHECK(lanes(advise({entry_of(9, 1, 100), entry_of(20, 2, 200)}, key_of(9))) == 1);
}

TEST_CASE("of equally late entries the first source's counts, and its later line") {
  Wisdom wisdom;
  wisdom.add({entry_of(9, 1), entry_of(9, 2)});
  wisdom.add({entry_of(9, 3)});
  CHECK(lanes(wisdom.advise(key_of(9))) == 2);
  // Also between keys: two drivers, neither that of the question.
  const auto of_driver = [](const char* driver, int value) {
    return entry_of(with([&](WisdomKey& key) { key.driver = driver; }), value);
  };
  Wisdom two;
  two.add({of_driver("z", 1)});
  two.add({of_driver("a", 2)});
  CHECK(lanes(two.advise(key_of(9))) == 1);
}

TEST_CASE("the reason says where the advice is from") {
  CHECK(advise({entry_of(9)}, key_of(9)).reason ==
        "exact: 9 atoms on NVIDIA H100 80GB HBM3: 41.1 us instead of 60.2 there, "
        "fused; phase_0: MLFF_LANES=64 MLFF_TILE=8");
  WisdomKey other = key_of(20);
  other.gpu = "NVIDIA H200";
  other.driver = "12080";
  CHECK(advise({entry_of(other)}, key_of(9)).reason ==
        "same_family: 9 atoms as tuned for 20 on NVIDIA H200, a relative of NVIDIA H100 80GB HBM3 with driver 12080, "
        "NVRTC 13.0, mlffgen 0.1.0: 41.1 us instead of 60.2 there, fused; phase_0: MLFF_LANES=64 MLFF_TILE=8");
  CHECK(advise({}, key_of(9)).reason ==
        "heuristic: nothing near 9 atoms is known of this model on NVIDIA H100 80GB HBM3 or its relatives");
}
