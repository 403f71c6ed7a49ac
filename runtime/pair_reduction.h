// From the neighbour list to what kernels read, and from what they write to forces and virials.
//
// With d_q the displacement of pair q (atom i to neighbour j) and g_q = dE/dd_q, kernels return h_q = g_reverse(q).
// Moving atom i moves d_q by the opposite and d_reverse(q) by the same, hence
//   force_i = sum over the pairs q of i of (g_q - g_reverse(q)) = sum over the pairs q of i of (h_reverse(q) - h_q).
// A strain e turns d_q into (1 + e) d_q, hence
//   virial = -dE/de = -sum_q d_q (outer) g_q = sum_q d_q (outer) h_q,
// as the reverse of every pair is in the sum and has the opposite displacement.
#pragma once

#include <array>

#include "runtime/neighbour_list.h"

namespace mlffgen::runtime {

using SymmetricTensor = std::array<double, 6>;  // xx, yy, zz, yz, xz, xy

// Pairs first .. last - 1: unit vector and distance, formed in double. geometry is [n_pairs][4].
template <class Real>
void fill_pair_geometry(const NeighbourList& list, int first, int last, Real* geometry);

// Atoms first .. last - 1: forces and shares of the symmetrised virial, summed in double. gradient is [n_pairs][3].
template <class Real>
void sum_pairs(const NeighbourList& list, const Real* gradient, int first, int last, Vector3* forces,
               SymmetricTensor* virials);

}  // namespace mlffgen::runtime
