#include "runtime/neighbour_list.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <tuple>

#include "base/error.h"
#include "runtime/pair_search.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

// A cell of about the given size (skewed if triclinic) with atoms in it, some of them several cells away.
Structure random_structure(Random& random, int n_atoms, double size, int periodicity, bool triclinic) {
  Structure structure;
  for (std::size_t d = 0; d < 3; ++d) {
    structure.periodic[d] = ((periodicity >> d) & 1) != 0;
    structure.cell[d][d] = size * uniform(random, 0.8, 1.25);
    for (std::size_t k = 0; k < 3 && triclinic; ++k) {
      if (k != d) structure.cell[d][k] = size * uniform(random, -0.6, 0.6);
    }
  }
  for (int i = 0; i < n_atoms; ++i) {
    Vector3 r{};
    for (std::size_t d = 0; d < 3; ++d) {
      double f = uniform(random, 0, 1);
      if (structure.periodic[d] && i % 3 == 0) f += std::floor(uniform(random, -3, 4));
      for (std::size_t k = 0; k < 3; ++k) r[k] += f * structure.cell[d][k];
    }
    structure.positions.push_back(r);
    structure.atomic_numbers.push_back(1 + i % 3);
  }
  return structure;
}

struct Image {
  int atom, neighbour;
  Vector3 displacement;
};

// Every image within a number of cells that surely covers the cutoff, atom by atom.
std::vector<Image> reference_pairs(const Structure& structure, double cutoff) {
  const auto n = structure.positions.size();
  const auto lattice = Lattice::of(structure);
  std::vector<Vector3> inside = structure.positions;
  std::vector<Vector3> folded(n);
  for (std::size_t i = 0; i < n; ++i) {
    auto c = lattice.coordinates(inside[i]);
    for (std::size_t d = 0; d < 3; ++d) {
      folded[i][d] = structure.periodic[d] ? std::floor(c[d]) : 0;
      for (std::size_t k = 0; k < 3; ++k) inside[i][k] -= folded[i][d] * lattice.rows[d][k];
    }
  }
  std::array<int, 3> reach{};
  for (std::size_t d = 0; d < 3; ++d) {
    if (structure.periodic[d]) reach[d] = static_cast<int>(std::ceil(cutoff / lattice.height[d])) + 1;
  }
  std::vector<Image> result;
  for (int a = -reach[0]; a <= reach[0]; ++a) {
    for (int b = -reach[1]; b <= reach[1]; ++b) {
      for (int c = -reach[2]; c <= reach[2]; ++c) {
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < n; ++j) {
            if (i == j && a == 0 && b == 0 && c == 0) continue;
            Vector3 d{};
            for (std::size_t k = 0; k < 3; ++k) {
              d[k] = inside[j][k] - inside[i][k] + a * lattice.rows[0][k] + b * lattice.rows[1][k] +
                     c * lattice.rows[2][k];
            }
            if (std::hypot(d[0], d[1], d[2]) < cutoff) {
              result.push_back({static_cast<int>(i), static_cast<int>(j), d});
            }
          }
        }
      }
    }
  }
  return result;
}

// One key a pair, coarse enough that rounding does not change it, fine enough that images differ.
std::vector<std::array<long, 5>> keys(const std::vector<Image>& pairs) {
  std::vector<std::array<long, 5>> result;
  for (const auto& pair : pairs) {
    const auto& d = pair.displacement;
    result.push_back(
        {pair.atom, pair.neighbour, std::lround(d[0] * 1e4), std::lround(d[1] * 1e4), std::lround(d[2] * 1e4)});
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<Image> images(const NeighbourList& list) {
  std::vector<Image> result;
  for (int i = 0; i < list.n_atoms(); ++i) {
    for (int q = list.begin[static_cast<std::size_t>(i)]; q < list.begin[static_cast<std::size_t>(i) + 1]; ++q) {
      result.push_back(
          {i, list.neighbour[static_cast<std::size_t>(q)], list.displacement[static_cast<std::size_t>(q)]});
    }
  }
  return result;
}

// Sorted, symmetric, and strictly within the cutoff: what every list must be, whatever the input.
void check_invariants(const NeighbourList& list, double cutoff) {
  const auto pairs = images(list);
  REQUIRE(pairs.size() == static_cast<std::size_t>(list.n_pairs()));
  REQUIRE(list.reverse.size() == pairs.size());
  bool sorted = true, within = true, involution = true, opposite = true;
  for (std::size_t q = 0; q < pairs.size(); ++q) {
    const auto& pair = pairs[q];
    if (q > 0 && pairs[q - 1].atom == pair.atom) {
      sorted &=
          std::tie(pairs[q - 1].neighbour, pairs[q - 1].displacement) < std::tie(pair.neighbour, pair.displacement);
    }
    const auto& d = pair.displacement;
    within &= d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < cutoff * cutoff;
    const auto r = static_cast<std::size_t>(list.reverse[q]);
    REQUIRE(r < pairs.size());
    involution &= list.reverse[r] == static_cast<int>(q) && r != q;
    const auto& other = pairs[r];
    opposite &= other.atom == pair.neighbour && other.neighbour == pair.atom;
    for (std::size_t k = 0; k < 3; ++k) opposite &= other.displacement[k] == -d[k];
  }
  CHECK(sorted);
  CHECK(within);
  CHECK(involution);
  CHECK(opposite);
}

bool same(const NeighbourList& a, const NeighbourList& b) {
  return a.begin == b.begin && a.neighbour == b.neighbour && a.displacement == b.displacement && a.reverse == b.reverse;
}

std::string error_of(const Structure& structure, double cutoff) {
  try {
    build_neighbour_list(structure, cutoff);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Structure atoms(std::vector<Vector3> positions) {
  Structure structure;
  structure.atomic_numbers.assign(positions.size(), 1);
  structure.positions = std::move(positions);
  return structure;
}

}  // namespace

TEST_CASE("the list is that of trying every image, for all periodicities, cells and sizes") {
  Random random(7);
  const std::array<double, 9> sizes = {0.3, 0.5, 0.9, 1.0, 1.7, 2.4, 4.0, 8.0, 20.0};  // in cutoffs
  for (int periodicity = 0; periodicity < 8; ++periodicity) {
    for (const double size : sizes) {
      for (const bool triclinic : {false, true}) {
        const int n = size < 1 ? 1 + static_cast<int>(random() % 6) : 10 + static_cast<int>(random() % 110);
        const double cutoff = uniform(random, 2, 6);
        const auto structure = random_structure(random, n, size * cutoff, periodicity, triclinic);
        CAPTURE(periodicity);
        CAPTURE(size);
        CAPTURE(triclinic);
        CAPTURE(n);
        const auto list = build_neighbour_list(structure, cutoff);
        CHECK(keys(images(list)) == keys(reference_pairs(structure, cutoff)));
        check_invariants(list, cutoff);
      }
    }
  }
}

TEST_CASE("both searches find the same half pairs, bit for bit") {
  Random random(11);
  for (int trial = 0; trial < 60; ++trial) {
    const double cutoff = 3;
    const auto structure =
        random_structure(random, 1 + static_cast<int>(random() % (trial < 10 ? 5 : 80)),
                         cutoff * (trial < 10 ? 0.15 : uniform(random, 0.4, 5)), trial % 8, trial % 3 == 0);
    PairSearch direct, cells;
    direct.prepare(structure, cutoff, PairSearch::Method::direct);
    cells.prepare(structure, cutoff, PairSearch::Method::cells);
    CAPTURE(trial);
    const auto rows = [](const PairSearch& search) {
      HalfList list;
      std::int64_t counted = 0;
      for (int part = 0; part < search.n_parts(); ++part) search.append_part(part, list);
      for (int part = 0; part < search.n_parts(); ++part) counted += search.count_part(part, list);
      CHECK(counted == static_cast<std::int64_t>(list.pairs.size()));
      CHECK(static_cast<int>(list.rows.size()) == search.n_atoms());
      std::vector<std::tuple<int, int, Vector3>> result;
      for (const auto& row : list.rows) {
        for (std::size_t k = row.offset; k < row.offset + static_cast<std::size_t>(row.count); ++k) {
          result.emplace_back(row.atom, list.pairs[k].neighbour, list.pairs[k].displacement);
        }
      }
      CHECK(search.fewest_pairs() <= 2.0 * static_cast<double>(result.size()));
      CHECK(search.pair_bound() >= 2.0 * static_cast<double>(result.size()));
      std::sort(result.begin(), result.end());
      return result;
    };
    const bool equal = rows(direct) == rows(cells);
    CHECK(equal);
  }
}

TEST_CASE("threads do not change the list") {
  Random random(3);
  const auto structure = random_structure(random, 1500, 25, 7, true);
  NeighbourListBuilder one, four;
  const auto& serial = one.build({&structure, 1}, 5, 1);
  CHECK(serial.n_pairs() > 10000);
  CHECK(same(serial, four.build({&structure, 1}, 5, 4)));
  check_invariants(serial, 5);
}

TEST_CASE("a batch is its systems one behind the other, and memory used again changes nothing") {
  Random random(5);
  std::vector<Structure> systems;
  for (int k = 0; k < 40; ++k) {
    systems.push_back(random_structure(random, k == 17 ? 900 : 1 + static_cast<int>(random() % 60),
                                       uniform(random, 3, 20), k % 8, k % 2 == 0));
  }
  NeighbourListBuilder builder;
  for (const int threads : {1, 3}) {
    const auto& batch = builder.build(systems, 4, threads);
    REQUIRE(batch.n_systems() == 40);
    check_invariants(batch, 4);
    NeighbourListBuilder single;
    bool equal = true;
    for (std::size_t s = 0; s < systems.size(); ++s) {
      const auto& list = single.build({&systems[s], 1}, 4, 1);
      const int atom = batch.system_begin[s];
      const auto pair = static_cast<std::size_t>(batch.begin[static_cast<std::size_t>(atom)]);
      REQUIRE(batch.system_begin[s + 1] - atom == list.n_atoms());
      for (std::size_t i = 0; i <= static_cast<std::size_t>(list.n_atoms()); ++i) {
        equal &= batch.begin[static_cast<std::size_t>(atom) + i] == list.begin[i] + static_cast<int>(pair);
      }
      for (std::size_t q = 0; q < static_cast<std::size_t>(list.n_pairs()); ++q) {
        equal &= batch.neighbour[pair + q] == list.neighbour[q] + atom;
        equal &= batch.displacement[pair + q] == list.displacement[q];
        equal &= batch.reverse[pair + q] == list.reverse[q] + static_cast<int>(pair);
      }
    }
    CHECK(equal);
  }
  CHECK(builder.build({}, 4).n_atoms() == 0);
}

TEST_CASE("a pair at the cutoff is not in the list, one just below is") {
  const auto pair = atoms({{0, 0, 0}, {3, 0, 0}});
  CHECK(build_neighbour_list(pair, 3).n_pairs() == 0);
  CHECK(build_neighbour_list(pair, std::nextafter(3.0, 4.0)).n_pairs() == 2);
}

TEST_CASE("one atom in a small cell meets its own images in a row that mirrors itself") {
  auto structure = atoms({{0.1, 0.2, 0.3}});
  structure.cell = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  structure.periodic = {true, true, true};
  const auto list = build_neighbour_list(structure, 1.2);
  CHECK(list.n_pairs() == 6);
  check_invariants(list, 1.2);
  structure.periodic = {false, true, false};
  CHECK(build_neighbour_list(structure, 1.2).n_pairs() == 2);
}

TEST_CASE("directions that are not periodic have no bounds and need no lattice vector") {
  Structure structure = atoms({{-5000, 0, 0}, {-5000, 1, 0}, {7e8, 0.5, 0}, {7e8, 1.75, 0}});
  structure.cell[1] = {0, 3, 0};
  structure.periodic = {false, true, false};
  const auto list = build_neighbour_list(structure, 1.5);
  CHECK(list.n_pairs() == 4);
  check_invariants(list, 1.5);
}

TEST_CASE("translation by whole cells keeps the pairs") {
  Random random(23);
  auto structure = random_structure(random, 50, 9, 7, true);
  const auto before = keys(images(build_neighbour_list(structure, 4)));
  for (auto& r : structure.positions) {
    for (std::size_t k = 0; k < 3; ++k) r[k] += 1000 * structure.cell[0][k] - 3000 * structure.cell[2][k];
  }
  const auto after = keys(images(build_neighbour_list(structure, 4)));
  CHECK(before.size() == after.size());
}

TEST_CASE("wrong structures are refused with the first atom at fault") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(contains(error_of(atoms({{0, 0, 0}, {0, nan, 0}, {0, nan, 0}}), 5), "atom 1 (counting from 0)"));
  CHECK(contains(error_of(atoms({{0, 0, 0}, {-infinity, 0, 0}}), 5), "must be finite"));
  CHECK(contains(error_of(atoms({{1e12, 0, 0}}), 5), "1e+09"));
  CHECK(contains(error_of(atoms({}), 5), "at least one atom"));
  CHECK(contains(error_of(atoms({{0, 0, 0}, {3, 0, 0}, {3, 0, 1e-8}}), 5), "atom 1 (counting from 0) and atom 2"));
  CHECK(contains(error_of(atoms({{0, 0, 0}}), 0), "cutoff must be positive"));
  CHECK(contains(error_of(atoms({{0, 0, 0}}), nan), "cutoff must be positive"));
  auto mismatch = atoms({{0, 0, 0}});
  mismatch.atomic_numbers.push_back(1);
  CHECK(contains(error_of(mismatch, 5), "1 positions but 2 atomic numbers"));
}

TEST_CASE("overlaps are found through the periodic boundary and among many atoms") {
  Random random(31);
  auto structure = random_structure(random, 1200, 40, 7, false);
  for (std::size_t k = 0; k < 3; ++k) structure.positions[900][k] = structure.positions[411][k] + structure.cell[1][k];
  for (std::size_t k = 0; k < 3; ++k) structure.positions[800][k] = structure.positions[500][k];
  CHECK(contains(error_of(structure, 5), "atom 411 (counting from 0) and atom 900"));
  std::vector<Structure> systems(3, atoms({{0, 0, 0}, {1, 0, 0}}));
  systems[1].positions[1] = {0, 0, 0};
  CHECK_THROWS_WITH_AS(build_neighbour_list(systems, 5), doctest::Contains("system 1 (counting from 0): atom 0"),
                       UserError);
}

TEST_CASE("a singular cell is refused only along periodic directions") {
  auto structure = atoms({{0, 0, 0}});
  structure.periodic = {true, true, true};
  CHECK(contains(error_of(structure, 5), "singular cell"));
  structure.cell = {{{5, 0, 0}, {0, 5, 0}, {5, 5, 0}}};
  CHECK(contains(error_of(structure, 5), "singular cell"));
  structure.periodic = {true, true, false};
  CHECK(error_of(structure, 4).empty());
  structure.cell[1] = {10, 0, 0};
  CHECK(contains(error_of(structure, 5), "singular cell"));
  structure.cell[1] = {std::numeric_limits<double>::quiet_NaN(), 0, 0};
  CHECK(contains(error_of(structure, 5), "not finite"));
}

TEST_CASE("more pairs than the index type holds are refused before they are stored") {
  auto structure = atoms({{0, 0, 0}, {0.5, 0, 0}});
  structure.cell = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  structure.periodic = {true, true, true};
  CHECK(contains(error_of(structure, 600), "more than 2147483647 pairs"));
  CHECK(contains(error_of(structure, 1e5), "too many"));
}
