// Made-up structures as calm as simulations meet them.
//
// Forces of what is put together at random may be thousands of eV/angstrom: small differences of large numbers within a
// network, of which float keeps fewer digits than the bounds of the checks ask for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cli/checks/checks.h"
#include "cli/checks/random.h"
#include "runtime/evaluator.h"

namespace mlffgen::cli {

inline constexpr double kLively = 3;   // eV/angstrom: an RMS force of lively dynamics
inline constexpr double kAbsurd = 20;  // eV/angstrom: an RMS force that no simulation meets

// Moves atoms downhill until their RMS force is kLively, or for a while, and returns that force in eV/angstrom:
// infinite where the model fails or atoms fall into one another, not a number where forces are not.
double relax(runtime::Evaluator& model, runtime::Structure& structure);

struct CalmStructure {
  runtime::Structure structure;
  double force = 0;  // RMS, eV/angstrom; above kAbsurd if no draw came out calmer
};

// The atoms, ten at most bound in random directions and as many of such clusters side by side as it takes, relaxed.
CalmStructure calm_cluster(runtime::Evaluator& model, std::span<const int> atomic_numbers, Random& random);

// The same in a periodic box with edges along the axes.
CalmStructure calm_box(runtime::Evaluator& model, std::span<const int> atomic_numbers, Random& random);

// Two clusters of the model's elements, one of them also in a skew periodic box that is smaller than the cutoff's
// diameter and in a slab.
std::vector<Sample> calm_samples(runtime::Evaluator& model, std::uint64_t seed);

}  // namespace mlffgen::cli
