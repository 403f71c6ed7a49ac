#include "cli/checks/samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/checks/random.h"

namespace mlffgen::cli {
namespace {

using runtime::Structure;
using runtime::Vector3;

// Half a bond's length, from the period of the element alone: rough, but never absurd; angstrom.
double radius(int atomic_number) {
  constexpr std::pair<int, double> kPeriods[] = {{2, 0.36},  {10, 0.74}, {18, 1.08},
                                                 {36, 1.25}, {54, 1.42}, {118, 1.55}};
  for (const auto& [last, value] : kPeriods) {
    if (atomic_number <= last) return value;
  }
  return std::end(kPeriods)[-1].second;
}

double distance(const Vector3& a, const Vector3& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

}  // namespace

Structure random_cluster(std::span<const int> atomic_numbers, double angstrom, Random& random) {
  constexpr double kShortest = 0.85, kLongest = 1.15, kClosest = 1.0;
  constexpr int kTrials = 200;
  Structure structure;
  for (std::size_t i = 0; i < atomic_numbers.size(); ++i) {
    const int number = atomic_numbers[i];
    Vector3 best{};
    double best_room = -std::numeric_limits<double>::infinity();
    for (int trial = 0; i > 0 && trial < kTrials && best_room < 0; ++trial) {
      const std::size_t partner = random.index(i);
      const double bond = radius(number) + radius(structure.atomic_numbers[partner]);
      const double length = std::max(bond, kClosest) * random.uniform(1, kLongest);
      Vector3 place = random.direction();
      for (std::size_t d = 0; d < 3; ++d) place[d] = structure.positions[partner][d] + length * place[d];
      // How much farther the nearest atom is than it must be.
      double room = std::numeric_limits<double>::infinity();
      for (std::size_t j = 0; j < i; ++j) {
        const double least = kShortest * std::max(radius(number) + radius(structure.atomic_numbers[j]), kClosest);
        room = std::min(room, distance(place, structure.positions[j]) - least);
      }
      if (room > best_room) {
        best_room = room;
        best = place;
      }
    }
    structure.positions.push_back(best);
    structure.atomic_numbers.push_back(number);
  }
  for (Vector3& position : structure.positions) {
    for (double& x : position) x *= angstrom;
  }
  return structure;
}

Structure in_a_box(const Structure& atoms, double gap, double skew, std::array<bool, 3> periodic) {
  Structure boxed = atoms;
  boxed.periodic = periodic;
  boxed.cell = {};
  for (std::size_t d = 0; d < 3; ++d) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Vector3& position : atoms.positions) {
      low = std::min(low, position[d]);
      high = std::max(high, position[d]);
    }
    boxed.cell[d][d] = high - low + gap;
  }
  boxed.cell[1][0] = skew * boxed.cell[0][0];
  return boxed;
}

}  // namespace mlffgen::cli
