// What a model says of one structure, in the model's units.
#pragma once

#include <array>
#include <vector>

#include "runtime/structure.h"

namespace mlffgen::runtime {

struct EvaluateOptions {
  bool forces = true;  // with the virial; without, both are left out and the energies have the same bits
  int threads = 0;     // 0: as many as are worth it, at most OpenMP's; the results do not depend on it
};

struct Result {
  double energy = 0;                  // energy unit, offsets of the elements included
  std::vector<double> atom_energies;  // [n_atoms], sum to the energy
  std::vector<Vector3> forces;        // [n_atoms][3] energy unit / length unit; empty if not asked for
  // -dE/d(strain) of a symmetric strain, by rows, energy unit; NaN if not asked for.
  std::array<double, 9> virial{};
};

}  // namespace mlffgen::runtime
