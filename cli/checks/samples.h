// Structures to check a model with, where the user gives none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cli/checks/checks.h"
#include "cli/checks/random.h"
#include "runtime/plan.h"

namespace mlffgen::cli {

// Two random clusters of the model's elements at chemical distances, one of them also in a skew periodic box that is
// smaller than the cutoff's diameter and in a slab. The same on every machine.
std::vector<Sample> generate_samples(const runtime::Plan& plan, std::uint64_t seed);

// Atoms bound one to another in random directions, at chemical distances; angstrom: one, in the unit of the positions.
runtime::Structure random_cluster(std::span<const int> atomic_numbers, double angstrom, Random& random);

// The atoms in a box that leaves `gap` between them and their images; edges are along the axes but for `skew`, the
// share of the first edge by which the second leans.
runtime::Structure in_a_box(const runtime::Structure& atoms, double gap, double skew, std::array<bool, 3> periodic);

}  // namespace mlffgen::cli
