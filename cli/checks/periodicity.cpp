// Periodic images: atoms in other cells, and larger cells.
#include <algorithm>

#include "cli/checks/checks.h"
#include "cli/checks/measure.h"
#include "cli/checks/random.h"
#include "cli/checks/samples.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr double kGap = 2.6;  // angstrom between images
constexpr std::size_t kMostAtoms = 4000;
constexpr double kCellsAway = 2;

bool is_periodic(const Structure& structure) {
  return std::any_of(structure.periodic.begin(), structure.periodic.end(), [](bool p) { return p; });
}

void shift(Vector3& position, const Vector3& edge, double times) {
  for (std::size_t d = 0; d < 3; ++d) position[d] += times * edge[d];
}

// Each atom in another image of the cell.
Structure scattered(const Structure& structure, Random& random) {
  Structure out = structure;
  for (Vector3& position : out.positions) {
    for (std::size_t k = 0; k < 3; ++k) {
      if (!out.periodic[k]) continue;
      const auto cells = static_cast<double>(random.index(static_cast<std::size_t>(2 * kCellsAway + 1))) - kCellsAway;
      shift(position, out.cell[k], cells);
    }
  }
  return out;
}

// Two cells along each periodic direction.
Structure supercell(const Structure& structure) {
  Structure out = structure;
  for (std::size_t k = 0; k < 3; ++k) {
    if (!out.periodic[k]) continue;
    const std::size_t n = out.positions.size();
    for (std::size_t i = 0; i < n; ++i) {
      out.positions.push_back(out.positions[i]);
      shift(out.positions.back(), out.cell[k], 1);
      out.atomic_numbers.push_back(out.atomic_numbers[i]);
    }
    for (double& x : out.cell[k]) x *= 2;
  }
  return out;
}

// What one cell of the supercell has.
Result per_cell(const Result& result, std::size_t n_atoms) {
  const double cells = static_cast<double>(result.forces.size()) / static_cast<double>(n_atoms);
  Result out = result;
  out.energy /= cells;
  for (double& x : out.virial) x /= cells;
  out.forces.resize(n_atoms);
  return out;
}

std::vector<Sample> periodic_samples(const CheckContext& context) {
  std::vector<Sample> periodic;
  for (const Sample& sample : context.samples) {
    if (is_periodic(sample.structure)) periodic.push_back(sample);
  }
  if (periodic.empty()) {
    const Sample& first = context.samples.front();
    periodic.push_back(
        {first.label + " in a box", in_a_box(first.structure, kGap * context.angstrom, 0, {true, true, true})});
  }
  return periodic;
}

}  // namespace

void check_periodicity(CheckContext& context, std::vector<CheckRow>& rows) {
  context.progress("periodic images");
  Random random(context.seed + 2);
  WorstResult images(context, "atoms in other cells"), larger(context, "supercell");
  for (const Sample& sample : periodic_samples(context)) {
    const Result expected = evaluate_one(context, sample.structure);
    const Structure other = scattered(sample.structure, random);
    images.add(sample, expected, evaluate_one(context, other));
    const Structure large = supercell(sample.structure);
    if (large.positions.size() > kMostAtoms) continue;
    larger.add(sample, expected, per_cell(evaluate_one(context, large), sample.structure.positions.size()));
  }
  images.add_to(rows);
  larger.add_to(rows, "every periodic structure is too large to double");
}

}  // namespace mlffgen::cli
