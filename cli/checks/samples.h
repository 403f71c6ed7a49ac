// Geometry of structures to check a model with, where the user gives none. The same on every machine.
#pragma once

#include <array>
#include <span>

#include "cli/checks/random.h"
#include "runtime/structure.h"

namespace mlffgen::cli {

// Atoms bound one to another in random directions, at chemical distances; angstrom: one, in the unit of the positions.
runtime::Structure random_cluster(std::span<const int> atomic_numbers, double angstrom, Random& random);

// The atoms in a box that leaves `gap` between them and their images; edges are along the axes but for `skew`, the
// share of the first edge by which the second leans.
runtime::Structure in_a_box(const runtime::Structure& atoms, double gap, double skew, std::array<bool, 3> periodic);

}  // namespace mlffgen::cli
