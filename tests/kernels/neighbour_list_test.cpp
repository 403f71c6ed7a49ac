#include "runtime/neighbour_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "tests/kernels/device_list.h"
#include "tests/kernels/random_structures.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::build_neighbour_list;
using runtime::Precision;
using runtime::Structure;

namespace {

constexpr std::array kPaths = {ListPath::all_pairs, ListPath::cells};

ListOptions options(double cutoff, double skin = 0, Precision precision = Precision::double_precision) {
  return {precision, cutoff, skin, {1, 2, 3}};
}

// By both paths, from cells with and without a skin, against the host's list.
void check_against_host(std::span<const Structure> systems, double cutoff) {
  const auto expected = keys_of(runtime::build_neighbour_list(systems, cutoff));
  for (const double skin : {0.0, 0.3}) {
    for (const ListPath path : kPaths) {
      if (skin > 0 && path == ListPath::all_pairs) continue;
      CAPTURE(skin);
      CAPTURE(static_cast<int>(path));
      ListRunner runner(options(cutoff, skin));
      const auto pairs = runner.run(systems, path);
      REQUIRE(pairs.status.list_fault == 0);
      CHECK(pairs.status.n_pairs == static_cast<std::int64_t>(expected.size()));
      CHECK(keys_of(pairs) == expected);
      CHECK(broken_invariant(pairs, cutoff) == "");
    }
  }
}

void check_against_host(const Structure& system, double cutoff) { check_against_host(std::span(&system, 1), cutoff); }

}  // namespace

TEST_CASE("the device's list is that of trying every image, for all periodicities, cells and sizes") {
  Random random(7);
  constexpr std::array sizes = {0.3, 0.5, 0.9, 1.0, 1.7, 2.4, 3.3, 8.0, 20.0};  // in cutoffs
  for (int periodicity = 0; periodicity < 8; ++periodicity) {
    for (const double size : sizes) {
      for (const bool triclinic : {false, true}) {
        const int n = size < 1 ? 1 + static_cast<int>(random() % 6) : 10 + static_cast<int>(random() % 90);
        const double cutoff = uniform(random, 2, 6);
        const auto structure = random_structure(random, n, size * cutoff, periodicity, triclinic);
        CAPTURE(periodicity);
        CAPTURE(size);
        CAPTURE(triclinic);
        CAPTURE(n);
        check_against_host(structure, cutoff);
        ListRunner runner(options(cutoff));
        CHECK(keys_of(runner.run(structure, ListPath::cells)) == keys_by_trial(structure, cutoff));
      }
    }
  }
}

TEST_CASE("the device's list is that of the host, from one atom to many, and at twenty times the density") {
  Random random(8);
  const std::vector<int> sizes =
      gpu().is_real() ? std::vector{1, 2, 33, 255, 1000, 10000, 100000} : std::vector{1, 2, 33, 400};
  for (const int n : sizes) {
    for (const int periodicity : {0, 3, 7}) {
      CAPTURE(n);
      CAPTURE(periodicity);
      const double cutoff = 4;
      // 0.1 atoms in a cube of one length unit; twenty times that for the smaller systems.
      check_against_host(random_structure(random, n, std::cbrt(n / 0.1), periodicity, true), cutoff);
      if (n <= 1000) check_against_host(random_structure(random, n, std::cbrt(n / 2.0), periodicity, false), cutoff);
    }
  }
}

TEST_CASE("systems of different sizes, cells and periodicities in one call do not see each other") {
  Random random(9);
  std::vector<Structure> systems;
  for (int k = 0; k < 40; ++k) {
    const int n = k == 17 ? 260 : 1 + static_cast<int>(random() % 30);
    systems.push_back(random_structure(random, n, k % 5 == 0 ? 1.2 : 7, k % 8, k % 3 == 0));
  }
  check_against_host(systems, 3.5);
}

TEST_CASE("single precision rounds a list found in double precision") {
  Random random(10);
  const auto structure = random_structure(random, 150, 9, 7, true);
  for (const ListPath path : kPaths) {
    ListRunner in_float(options(3.7, 0, Precision::single_precision)), in_double(options(3.7));
    const auto a = in_float.run(structure, path), b = in_double.run(structure, path);
    CHECK(a.neighbour == b.neighbour);
    REQUIRE(a.geometry.size() == b.geometry.size());
    bool rounded = true;
    for (std::size_t k = 0; k < a.geometry.size(); ++k) {
      rounded &= a.geometry[k] == static_cast<double>(static_cast<float>(b.geometry[k]));
    }
    CHECK(rounded);
    CHECK(broken_invariant(a, 3.7) == "");
  }
}

TEST_CASE("a pair at the cutoff is none, one just below is") {
  Structure structure;
  structure.atomic_numbers = {1, 1};
  for (const ListPath path : kPaths) {
    ListRunner runner(options(3));
    structure.positions = {{0, 0, 0}, {0, 3, 0}};
    CHECK(runner.run(structure, path).n_pairs() == 0);
    structure.positions = {{0, 0, 0}, {0, std::nextafter(3.0, 0.0), 0}};
    CHECK(runner.run(structure, path).n_pairs() == 2);
  }
}

TEST_CASE("atoms far from each other or from their cell are found as on the host") {
  Random random(11);
  // Two clusters far apart: their common box would have too many cells.
  Structure clusters = random_structure(random, 60, 6, 0, false);
  for (std::size_t i = 30; i < 60; ++i) clusters.positions[i][1] += 3e6;
  check_against_host(clusters, 2.5);
  Structure crystal = random_structure(random, 60, 8, 7, true);
  for (std::size_t i = 0; i < 60; i += 2) {
    for (std::size_t k = 0; k < 3; ++k) crystal.positions[i][k] += 4e5 * crystal.cell[0][k] - 3e5 * crystal.cell[2][k];
  }
  check_against_host(crystal, 2.5);
}

TEST_CASE("the sort puts atoms near in space near in memory, whatever their order was") {
  Random random(12);
  // A grid of atoms 2 apart, so that each cell of the cutoff holds 8, shuffled.
  Structure structure;
  structure.periodic = {true, true, true};
  for (std::size_t d = 0; d < 3; ++d) structure.cell[d][d] = 32;
  for (int k = 0; k < 16 * 16 * 16; ++k) {
    structure.positions.push_back({2.0 * (k % 16) + 0.5, 2.0 * (k / 16 % 16) + 0.5, 2.0 * (k / 256) + 0.5});
    structure.atomic_numbers.push_back(1);
  }
  std::shuffle(structure.positions.begin(), structure.positions.end(), random);
  ListRunner runner(options(3.99));
  const auto pairs = runner.run(structure, ListPath::cells);
  REQUIRE(pairs.status.list_fault == 0);
  // 512 atoms in a row are a block of 4 x 4 x 4 cells, 16 long: atoms in no order would fill the box.
  double widest = 0;
  for (std::size_t first = 0; first < 4096; first += 512) {
    for (std::size_t d = 0; d < 3; ++d) {
      double low = 32, high = 0;
      for (std::size_t s = first; s < first + 512; ++s) {
        const double x = structure.positions[static_cast<std::size_t>(pairs.order[s])][d];
        low = std::min(low, x);
        high = std::max(high, x);
      }
      widest = std::max(widest, high - low);
    }
  }
  CHECK(widest <= 16);
}

TEST_CASE("atoms beyond the batch are padding: no pairs, element 0") {
  Random random(13);
  const auto structure = random_structure(random, 50, 8, 7, false);
  for (const ListPath path : kPaths) {
    ListRunner exact(options(3)), roomy(options(3));
    const auto expected = exact.run(structure, path);
    roomy.list().reserve(gpu().stream, {1000, 7, 5000, 0});
    const auto padded = roomy.run(structure, path);
    CHECK(padded.neighbour == expected.neighbour);
    CHECK(padded.geometry == expected.geometry);
    bool harmless = padded.begin.size() == 1001;
    for (std::size_t i = 50; i < 1000; ++i) {
      harmless &= padded.begin[i] == expected.n_pairs() && padded.begin[i + 1] == expected.n_pairs();
      harmless &= padded.element[i] == 0 && padded.system_of_atom[i] == 0 && padded.order[i] == static_cast<int>(i);
    }
    CHECK(harmless);
  }
}

TEST_CASE("launches sized for a call in a list with room for more give the same list, and pad up to that size") {
  Random random(17);
  const std::vector<Structure> systems = {random_structure(random, 30, 7, 5, true),
                                          random_structure(random, 9, 4, 0, false)};
  for (const ListPath path : kPaths) {
    for (const double skin : {0.0, 0.4}) {
      ListRunner exact(options(3, skin)), sized(options(3, skin));
      const auto expected = exact.run(systems, path);
      sized.list().reserve(gpu().stream, {40000, 100, 5000, 9000});
      sized.uploaded().set(systems);
      auto batch = sized.uploaded().batch();
      batch.most_atoms = 48;
      batch.most_systems = 3;
      sized.list().enqueue(gpu().stream, batch, path);
      const auto& list = sized.list().pairs();
      CHECK(download<Status>(list.status, 1).front().list_fault == 0);
      const auto begin = download<int>(list.pair_begin, 49);
      CHECK(std::equal(expected.begin.begin(), expected.begin.end(), begin.begin()));
      CHECK(std::all_of(begin.begin() + 39, begin.end(), [&](int b) { return b == expected.n_pairs(); }));
      CHECK(download<int>(list.pair_neighbour, expected.neighbour.size()) == expected.neighbour);
      CHECK(download<double>(list.pair_geometry, expected.geometry.size()) == expected.geometry);
      batch.most_atoms = 40001;
      CHECK_THROWS_AS(sized.list().enqueue(gpu().stream, batch, path), InternalError);
    }
  }
}

TEST_CASE("without room the list is empty and says exactly how much it needs") {
  Random random(14);
  const auto structure = random_structure(random, 120, 8, 7, false);
  const auto needed = build_neighbour_list(structure, 3).n_pairs();
  const auto check_empty = [](const HostPairs& pairs) {
    CHECK(pairs.status.list_fault == static_cast<int>(Fault::capacity));
    CHECK(std::all_of(pairs.begin.begin(), pairs.begin.end(), [](int b) { return b == 0; }));
    CHECK(std::all_of(pairs.element.begin(), pairs.element.end(), [](int e) { return e == 0; }));
  };
  for (const ListPath path : kPaths) {
    ListRunner runner(options(3));
    runner.list().reserve(gpu().stream, {120, 1, needed - 1, 0});
    const auto starved = runner.run_once(std::span(&structure, 1), path);
    check_empty(starved);
    CHECK(starved.status.n_pairs == needed);
    runner.list().reserve(gpu().stream, {120, 1, needed, 0});
    CHECK(runner.run_once(std::span(&structure, 1), path).n_pairs() == needed);
  }
  // With a skin, candidates come first.
  ListRunner runner(options(3, 0.5));
  const auto candidates = runner.run(structure, ListPath::cells).status.n_candidates;
  ListRunner starved(options(3, 0.5));
  starved.list().reserve(gpu().stream, {120, 1, needed, candidates - 1});
  const auto first = starved.run_once(std::span(&structure, 1), ListPath::cells);
  check_empty(first);
  CHECK(first.status.n_candidates == candidates);
  starved.list().reserve(gpu().stream, {120, 1, needed, candidates});
  CHECK(starved.run_once(std::span(&structure, 1), ListPath::cells).n_pairs() == needed);
}

TEST_CASE("the same input gives the same bits, twenty times over") {
  Random random(15);
  std::vector<Structure> systems;
  for (int k = 0; k < 3; ++k) systems.push_back(random_structure(random, 30 + 20 * k, 7, 7 - k, true));
  for (const ListPath path : kPaths) {
    for (const double skin : {0.0, 0.4}) {
      ListRunner first(options(3, skin));
      const auto expected = first.run(systems, path);
      bool same = true;
      for (int run = 0; run < 20; ++run) {
        if (run % 2 == 0) {
          same &= first.run(systems, path) == expected;
        } else {
          ListRunner other(options(3, skin));
          same &= other.run(systems, path) == expected;
        }
      }
      CHECK(same);
    }
  }
}

TEST_CASE("one captured graph serves every batch within the capacities, in as many launches as promised") {
  Random random(16);
  struct Case {
    ListPath path;
    double skin;
    std::size_t launches;
  };
  for (const Case& c : {Case{ListPath::all_pairs, 0, 2}, Case{ListPath::cells, 0, 8}, Case{ListPath::cells, 0.4, 10}}) {
    ListRunner runner(options(3, c.skin));
    runner.list().reserve(gpu().stream, {300, 4, 30000, 30000});
    std::vector<Structure> largest(4, random_structure(random, 75, 9, 7, false));
    runner.run(largest, c.path);
    const auto batch = runner.uploaded().batch();
    const auto graph = cuda::Graph::capture(gpu().stream, [&] { runner.list().enqueue(gpu().stream, batch, c.path); });
    CHECK(graph.nodes() == c.launches);
    for (const int n : {75, 1, 40}) {
      std::vector<Structure> systems(n == 40 ? 2 : 4, random_structure(random, n, 7, n % 8, true));
      runner.uploaded().set(systems);
      REQUIRE(runner.uploaded().batch().positions == batch.positions);
      graph.launch(gpu().stream);
      const auto pairs = runner.collect();
      REQUIRE(pairs.status.list_fault == 0);
      CHECK(keys_of(pairs) == keys_of(build_neighbour_list(systems, 3)));
    }
  }
}

TEST_CASE("bytes of memory are what they are said to be") {
  DeviceNeighbourList plain(gpu().library, options(5, 0, Precision::single_precision));
  DeviceNeighbourList skinned(gpu().library, options(5, 1, Precision::single_precision));
  const ListCapacity base{1000, 1, 53000, 90000};
  const auto grown = [&](DeviceNeighbourList& list, ListCapacity more) {
    return static_cast<double>(list.bytes_for(more)) - static_cast<double>(list.bytes_for(base));
  };
  CHECK(grown(plain, {1000, 1, 54000, 90000}) / 1000 == doctest::Approx(20));
  CHECK(grown(plain, {101000, 1, 53000, 90000}) / 1e5 == doctest::Approx(72).epsilon(0.02));
  CHECK(grown(skinned, {101000, 1, 53000, 90000}) / 1e5 == doctest::Approx(104).epsilon(0.02));
  CHECK(grown(skinned, {1000, 1, 53000, 91000}) / 1000 == doctest::Approx(4));
  skinned.reserve(gpu().stream, base);
  CHECK(skinned.bytes() == skinned.bytes_for(base));
}

TEST_CASE("a cutoff, skin or capacity that cannot be is refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(DeviceNeighbourList(gpu().library, options(0)), UserError);
  CHECK_THROWS_AS(DeviceNeighbourList(gpu().library, options(nan)), UserError);
  CHECK_THROWS_AS(DeviceNeighbourList(gpu().library, options(3, -1)), UserError);
  CHECK_THROWS_AS(DeviceNeighbourList(gpu().library, options(3, nan)), UserError);
  DeviceNeighbourList list(gpu().library, options(3));
  CHECK_THROWS_AS(list.reserve(gpu().stream, {10, 1, std::int64_t{1} << 31, 0}), UserError);
  CHECK_THROWS_AS(list.reserve(gpu().stream, {std::int64_t{1} << 30, 1, 10, 0}), UserError);
}
