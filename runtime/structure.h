// One atomic structure: what a model turns into an energy, forces and a virial.
//
// Lengths are in the model's length unit (Plan::length_unit). Atoms may lie outside the cell. A lattice vector along a
// direction that is not periodic is ignored and may be zero.
#pragma once

#include <array>
#include <vector>

namespace mlffgen::runtime {

using Vector3 = std::array<double, 3>;

struct Structure {
  std::vector<int> atomic_numbers;  // [n_atoms]
  std::vector<Vector3> positions;   // [n_atoms][3]
  std::array<Vector3, 3> cell{};    // rows are the lattice vectors
  std::array<bool, 3> periodic{};   // one flag a lattice vector
};

}  // namespace mlffgen::runtime
