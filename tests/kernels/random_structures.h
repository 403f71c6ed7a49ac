// Random structures, and what their pairs are by trying every image.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "runtime/neighbour_list.h"
#include "runtime/structure.h"
#include "tests/kernels/device_list.h"

namespace mlffgen::kernels {

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high);

// A cell of about the given size (skewed if triclinic) with atoms of elements 1 to 3 in it, some several cells away.
// Bit d of the periodicity: along lattice vector d.
runtime::Structure random_structure(Random& random, int n_atoms, double size, int periodicity, bool triclinic);

// Moves each atom by up to `step` along each axis.
void shake(Random& random, runtime::Structure& structure, double step);

// Atoms by original index, and the displacement in units of 1e-4: coarse enough that rounding does not change it, fine
// enough that images differ. Sorted.
using PairKey = std::array<long, 5>;

std::vector<PairKey> keys_of(const HostPairs& pairs);
std::vector<PairKey> keys_of(const runtime::NeighbourList& list);
// By trying every image that could be within the cutoff, of one system.
std::vector<PairKey> keys_by_trial(const runtime::Structure& structure, double cutoff);

// What every list must be, whatever the input: sorted rows, distances below the cutoff, and a reverse of each pair that
// has the opposite displacement bit for bit. "" or what is wrong.
std::string broken_invariant(const HostPairs& pairs, double cutoff);

}  // namespace mlffgen::kernels
