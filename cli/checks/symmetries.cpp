// Rotation, inversion, translation, permutation.
#include <algorithm>

#include "cli/checks/checks.h"
#include "cli/checks/measure.h"
#include "cli/checks/random.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr double kLargestShift = 20;  // angstrom

Structure transformed(const Structure& structure, const Matrix3& matrix) {
  Structure out = structure;
  for (Vector3& position : out.positions) position = product(matrix, position);
  for (Vector3& edge : out.cell) edge = product(matrix, edge);
  return out;
}

Matrix3 transposed(const Matrix3& m) {
  Matrix3 out{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) out[r][c] = m[c][r];
  }
  return out;
}

// The result as the structure before the transformation has it.
Result transformed(const Result& result, const Matrix3& matrix) {
  Result out = result;
  for (Vector3& force : out.forces) force = product(matrix, force);
  out.virial.fill(0);
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t d = 0; d < 3; ++d)
          out.virial[3 * a + b] += matrix[a][c] * matrix[b][d] * result.virial[3 * c + d];
      }
    }
  }
  return out;
}

void check_orthogonal(CheckContext& context, const std::string& name, const std::vector<Matrix3>& matrices,
                      std::vector<CheckRow>& rows) {
  WorstResult worst(context, name);
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    for (const Matrix3& matrix : matrices) {
      const Result result = evaluate_one(context, transformed(context.samples[s].structure, matrix));
      worst.add(context.samples[s], context.results[s], transformed(result, transposed(matrix)));
    }
  }
  worst.add_to(rows);
}

void check_translation(CheckContext& context, Random& random, std::vector<CheckRow>& rows) {
  WorstResult worst(context, "translation");
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    Structure moved = context.samples[s].structure;
    const Vector3 direction = random.direction();
    const double length = random.uniform(1, kLargestShift) * context.angstrom;
    for (Vector3& position : moved.positions) {
      for (std::size_t d = 0; d < 3; ++d) position[d] += length * direction[d];
    }
    worst.add(context.samples[s], context.results[s], evaluate_one(context, moved));
  }
  worst.add_to(rows);
}

void check_permutation(CheckContext& context, Random& random, std::vector<CheckRow>& rows) {
  WorstResult worst(context, "permutation");
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    const Structure& structure = context.samples[s].structure;
    const std::vector<std::size_t> order = random.order(structure.positions.size());
    Structure permuted = structure;
    for (std::size_t i = 0; i < order.size(); ++i) {
      permuted.positions[i] = structure.positions[order[i]];
      permuted.atomic_numbers[i] = structure.atomic_numbers[order[i]];
    }
    const Result result = evaluate_one(context, permuted);
    Result back = result;
    for (std::size_t i = 0; i < order.size(); ++i) back.forces[order[i]] = result.forces[i];
    worst.add(context.samples[s], context.results[s], back);
  }
  worst.add_to(rows);
}

}  // namespace

void check_symmetries(CheckContext& context, std::vector<CheckRow>& rows) {
  constexpr Matrix3 kInversion = {{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}};
  Random random(context.seed + 1);
  context.progress("symmetries");
  check_orthogonal(context, "rotation", {random.rotation(), random.rotation()}, rows);
  check_orthogonal(context, "inversion", {kInversion}, rows);
  check_translation(context, random, rows);
  check_permutation(context, random, rows);
}

}  // namespace mlffgen::cli
