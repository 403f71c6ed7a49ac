#include "cli/checks/calm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/units.h"
#include "cli/checks/samples.h"

namespace mlffgen::cli {
namespace {

using runtime::Evaluator;
using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr double kMove = 0.05;  // angstrom, an atom's in a step
constexpr int kMoves = 200;
constexpr double kCollapsed = 0.4;      // angstrom
constexpr std::size_t kMostBound = 10;  // atoms; of more, networks know nothing
constexpr double kGap = 2.6;            // angstrom between clusters, and between images
constexpr double kSkew = 0.2;
constexpr std::size_t kSmallCluster = 9, kLargeCluster = 24;
constexpr int kDraws = 10;

double angstrom_of(const Evaluator& model) { return 1 / length_in_angstrom(model.plan().length_unit); }

double norm(const Vector3& x) { return std::hypot(x[0], x[1], x[2]); }

double distance(const Vector3& a, const Vector3& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

double rms(const std::vector<Vector3>& forces) {
  double squares = 0;
  for (const Vector3& force : forces) squares += force[0] * force[0] + force[1] * force[1] + force[2] * force[2];
  return std::sqrt(squares / (3 * static_cast<double>(forces.size())));
}

// Between atoms of the first and of the second; of one structure, between its atoms.
double least_distance(const std::vector<Vector3>& first, const std::vector<Vector3>& second) {
  double least = std::numeric_limits<double>::infinity();
  for (const Vector3& a : first) {
    for (const Vector3& b : second) {
      if (&a != &b) least = std::min(least, distance(a, b));
    }
  }
  return least;
}

// The first drawn that is calm, or the calmest of kDraws.
template <typename Draw>
auto calmest(const Draw& draw) {
  auto best = draw();
  for (int k = 1; k < kDraws && best.force > kAbsurd; ++k) {
    auto next = draw();
    if (!(next.force >= best.force)) best = std::move(next);
  }
  return best;
}

// Puts the atoms `gap` beside the structure's, in a random direction.
void add_beside(Structure& structure, const Structure& atoms, double gap, Random& random) {
  std::vector<Vector3> moved = atoms.positions;
  const Vector3 direction = random.direction();
  while (least_distance(structure.positions, moved) < gap) {
    for (Vector3& position : moved) {
      for (std::size_t d = 0; d < 3; ++d) position[d] += 0.1 * gap * direction[d];
    }
  }
  structure.positions.insert(structure.positions.end(), moved.begin(), moved.end());
  structure.atomic_numbers.insert(structure.atomic_numbers.end(), atoms.atomic_numbers.begin(),
                                  atoms.atomic_numbers.end());
}

// So many atoms, the elements in turn, in a random order.
std::vector<int> in_turn(const std::vector<int>& elements, std::size_t n_atoms, Random& random) {
  const std::vector<std::size_t> order = random.order(elements.size());
  std::vector<int> numbers;
  for (std::size_t i = 0; i < n_atoms; ++i) numbers.push_back(elements[order[i % order.size()]]);
  return numbers;
}

}  // namespace

double relax(Evaluator& model, Structure& structure) {
  const double angstrom = angstrom_of(model);
  const double ev = energy_in_ev(model.plan().energy_unit) * angstrom;  // of a force, in eV/angstrom
  for (int k = 0;; ++k) {
    Result result;
    try {
      result = model.evaluate({&structure, 1}).front();
    } catch (const StructureError&) {
      return std::numeric_limits<double>::infinity();
    }
    const double force = rms(result.forces) * ev;
    if (k == kMoves || !(force > kLively)) return force;
    // Atoms with more than the RMS force go as far as those with just that.
    for (std::size_t i = 0; i < result.forces.size(); ++i) {
      const double scale = kMove * angstrom / std::max(norm(result.forces[i]), force / ev);
      for (std::size_t d = 0; d < 3; ++d) structure.positions[i][d] += scale * result.forces[i][d];
    }
    if (least_distance(structure.positions, structure.positions) < kCollapsed * angstrom) {
      return std::numeric_limits<double>::infinity();
    }
  }
}

CalmStructure calm_cluster(Evaluator& model, std::span<const int> atomic_numbers, Random& random) {
  const double angstrom = angstrom_of(model);
  const std::size_t n = atomic_numbers.size(), n_parts = (n + kMostBound - 1) / kMostBound;
  return calmest([&] {
    CalmStructure whole;
    for (std::size_t k = 0; k < n_parts; ++k) {
      const auto numbers = atomic_numbers.subspan(k * n / n_parts, (k + 1) * n / n_parts - k * n / n_parts);
      const CalmStructure part = calmest([&] {
        CalmStructure drawn{random_cluster(numbers, angstrom, random)};
        drawn.force = relax(model, drawn.structure);
        return drawn;
      });
      add_beside(whole.structure, part.structure, kGap * angstrom, random);
    }
    whole.force = relax(model, whole.structure);
    return whole;
  });
}

CalmStructure calm_box(Evaluator& model, std::span<const int> atomic_numbers, Random& random) {
  return calmest([&] {
    const CalmStructure cluster = calm_cluster(model, atomic_numbers, random);
    CalmStructure box{in_a_box(cluster.structure, kGap * angstrom_of(model), 0, {true, true, true})};
    box.force = relax(model, box.structure);
    return box;
  });
}

std::vector<Sample> calm_samples(Evaluator& model, std::uint64_t seed) {
  const std::vector<int>& elements = model.plan().elements;
  const double gap = kGap * angstrom_of(model);
  struct Draw {
    Structure cluster, box, slab;
    double force;
  };
  Random random(seed);
  const Draw small = calmest([&] {
    const CalmStructure cluster = calm_cluster(model, in_turn(elements, kSmallCluster, random), random);
    Draw drawn{cluster.structure, in_a_box(cluster.structure, gap, kSkew, {true, true, true}),
               in_a_box(cluster.structure, gap, 0, {true, true, false}), 0};
    drawn.force = std::max({cluster.force, relax(model, drawn.box), relax(model, drawn.slab)});
    return drawn;
  });
  const CalmStructure large = calm_cluster(model, in_turn(elements, kLargeCluster, random), random);
  return {{"small cluster", small.cluster},
          {"large cluster", large.structure},
          {"periodic box", small.box},
          {"slab", small.slab}};
}

}  // namespace mlffgen::cli
