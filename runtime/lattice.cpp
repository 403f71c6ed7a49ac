#include "runtime/lattice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace mlffgen::runtime {
namespace {

constexpr double kShortestVector = 1e-3;  // a shorter one is a mistake of units, not a crystal
constexpr double kSmallestSine = 1e-8;    // of the angles between lattice vectors

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Vector3 scaled(const Vector3& a, double factor) { return {a[0] * factor, a[1] * factor, a[2] * factor}; }

Vector3 unit(const Vector3& a) { return scaled(a, 1 / std::sqrt(dot(a, a))); }

[[noreturn]] void singular(const char* why) {
  throw UserError(
      fmt::format("the lattice vectors along the periodic directions {}; give a valid cell, or mark the "
                  "direction as not periodic",
                  why));
}

void check_periodic_vectors(const Lattice& lattice) {
  std::array<Vector3, 3> units{};
  std::size_t n_units = 0;
  for (std::size_t d = 0; d < 3; ++d) {
    if (!lattice.periodic[d]) continue;
    const auto& row = lattice.rows[d];
    const double length = std::sqrt(dot(row, row));
    if (!std::isfinite(length) || length > 1e12) singular("are not finite");
    if (length < kShortestVector) singular("are zero or nearly so (singular cell)");
    units[n_units++] = unit(row);
  }
  double volume = 1;
  if (n_units == 2) volume = std::sqrt(dot(cross(units[0], units[1]), cross(units[0], units[1])));
  if (n_units == 3) volume = std::abs(dot(cross(units[0], units[1]), units[2]));
  if (volume < kSmallestSine) singular("are parallel or in one plane (singular cell)");
}

// A unit vector orthogonal to a.
Vector3 any_orthogonal(const Vector3& a) {
  std::size_t smallest = 0;
  for (std::size_t k = 1; k < 3; ++k) {
    if (std::abs(a[k]) < std::abs(a[smallest])) smallest = k;
  }
  Vector3 axis{};
  axis[smallest] = 1;
  return unit(cross(a, axis));
}

void complete(Lattice& lattice) {
  const auto& periodic = lattice.periodic;
  auto& rows = lattice.rows;
  const auto count = std::count(periodic.begin(), periodic.end(), true);
  if (count == 0) rows = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (count == 1) {
    const auto d = static_cast<std::size_t>(std::find(periodic.begin(), periodic.end(), true) - periodic.begin());
    rows[(d + 1) % 3] = any_orthogonal(rows[d]);
    rows[(d + 2) % 3] = unit(cross(rows[d], rows[(d + 1) % 3]));
  }
  if (count == 2) {
    const auto d = static_cast<std::size_t>(std::find(periodic.begin(), periodic.end(), false) - periodic.begin());
    rows[d] = unit(cross(rows[(d + 1) % 3], rows[(d + 2) % 3]));
  }
}

}  // namespace

Lattice Lattice::of(const Structure& structure) {
  Lattice lattice;
  lattice.periodic = structure.periodic;
  lattice.rows = structure.cell;
  if (lattice.any_periodic()) check_periodic_vectors(lattice);
  complete(lattice);
  for (std::size_t d = 0; d < 3; ++d) {
    const auto normal = cross(lattice.rows[(d + 1) % 3], lattice.rows[(d + 2) % 3]);
    const double volume = dot(normal, lattice.rows[d]);
    for (std::size_t k = 0; k < 3; ++k) lattice.inverse[k][d] = normal[k] / volume;
    lattice.height[d] = std::abs(volume) / std::sqrt(dot(normal, normal));
    lattice.volume = std::abs(volume);
  }
  return lattice;
}

}  // namespace mlffgen::runtime
