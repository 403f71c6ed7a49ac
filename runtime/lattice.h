// A structure's cell completed to three independent directions, periodic or not.
#pragma once

#include <array>

#include "runtime/structure.h"

namespace mlffgen::runtime {

// Rows are the lattice vectors of periodic directions, and elsewhere unit vectors orthogonal to those and to each
// other. Coordinates along a row are in lattice vectors where it is periodic and in length units elsewhere.
struct Lattice {
  std::array<Vector3, 3> rows{};
  std::array<Vector3, 3> inverse{};  // coordinate d of r is sum_k r[k] inverse[k][d]
  Vector3 height{};                  // distance between the planes that bound the cell along direction d
  double volume = 0;                 // of the parallelepiped of the rows
  std::array<bool, 3> periodic{};

  // Throws UserError if the periodic lattice vectors are not finite, too short, or span no volume.
  static Lattice of(const Structure& structure);

  bool any_periodic() const { return periodic[0] || periodic[1] || periodic[2]; }

  Vector3 coordinates(const Vector3& r) const {
    Vector3 result{};
    for (std::size_t d = 0; d < 3; ++d) result[d] = r[0] * inverse[0][d] + r[1] * inverse[1][d] + r[2] * inverse[2][d];
    return result;
  }

  // Sum of the periodic rows times whole numbers; those of other directions must be 0.
  Vector3 translation(double a, double b, double c) const {
    Vector3 result{};
    for (std::size_t k = 0; k < 3; ++k) result[k] = a * rows[0][k] + b * rows[1][k] + c * rows[2][k];
    return result;
  }
};

}  // namespace mlffgen::runtime
