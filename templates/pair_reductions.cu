// From pair gradients and energies of atoms to forces, virials and energies (runtime/kernels/pair_reductions.h).
//
// Sums over a system are taken in parts of kPartAtoms of its atoms: whichever warp finishes a part sums it, whichever
// finishes a system's last part sums the parts, always in the same order. So the bits depend on neither the order in
// which warps run nor the capacities.

#include "neighbour_records.cuh"
#include "pair_reverse.cuh"

constexpr int kPartAtoms = 512;
constexpr int kSums = 7;  // energy, virial xx, yy, zz, yz, xz, xy

struct ReductionArguments {
  const BatchSize* size;
  const int* system_begin;
  const int* order;
  const int* element;
  const int* system_of_atom;
  const int* pair_begin;
  const int* pair_neighbour;
  const real* pair_geometry;
  Status* status;
  const real* atom_energy;       // [n_atoms]
  const double* element_energy;  // [n_elements]
  const real* pair_gradient;     // [n_pairs][3]
  double* energies;              // [n_systems] or none
  double* atom_energies;         // [n_atoms] or none
  double* forces;                // [n_atoms][3] or none
  double* virials;               // [n_systems][9] or none
  double* atom_virials;          // [n_atoms][kSums - 1], sorted order
  double* part_sums;             // [parts][kSums]
  unsigned* part_tickets;        // [parts], 0 between calls
  unsigned* system_tickets;      // [systems], 0 between calls
};

// The parts of a system have numbers from here on; some numbers belong to none.
MLFF_DEVICE int first_part(const int* system_begin, int system) { return system_begin[system] / kPartAtoms + system; }

MLFF_DEVICE bool is_finite(double x) { return fabs(x) <= 1.7976931348623157e308; }

MLFF_DEVICE void record(UInt64* first, int atom, double x) {
  const UInt64 kind = x > 0 ? 1 : (x < 0 ? 2 : 0);
  atomicMin(first, (UInt64)atom << 2 | kind);
}

MLFF_DEVICE double energy_of(const ReductionArguments& a, int i) {
  return (double)a.atom_energy[i] + a.element_energy[a.element[i]];
}

// By one lane, for every atom.
MLFF_DEVICE void report_energy(const ReductionArguments& a, int i) {
  const double energy = energy_of(a, i);
  const int original = a.order[i];
  if (a.atom_energies != nullptr) a.atom_energies[original] = energy;
  if (!is_finite(energy)) record(&a.status->bad_energy, original, energy);
}

// True in every lane of the last of `count` warps to come here.
MLFF_DEVICE bool is_last_warp(unsigned* ticket, unsigned count) {
  __threadfence();
  __syncwarp();
  unsigned last = 0;
  if (lane() == 0) {
    last = atomicAdd(ticket, 1u) == count - 1 ? 1 : 0;
    if (last) *ticket = 0;
  }
  last = __shfl_sync(kAllLanes, last, 0);
  __threadfence();
  return last != 0;
}

MLFF_DEVICE void store_system(const ReductionArguments& a, int system, const double (&sum)[kSums], bool with_virial) {
  if (lane() != 0) return;
  if (a.energies != nullptr) a.energies[system] = sum[0];
  if (!with_virial || a.virials == nullptr) return;
  const int of_entry[9] = {1, 6, 5, 6, 2, 4, 5, 4, 3};
  for (int k = 0; k < 9; ++k) a.virials[9 * (size_t)system + k] = sum[of_entry[k]];
}

// Sums a part of a system, and the system if this was its last part to be summed. By one warp, when the values of all
// atoms of the part are there.
template <bool WITH_VIRIAL>
static __device__ void sum_part(const ReductionArguments& a, int system, int part) {
  constexpr int kUsed = WITH_VIRIAL ? kSums : 1;
  const int begin = a.system_begin[system], n = a.system_begin[system + 1] - begin;
  const int first = begin + part * kPartAtoms;
  const int last = min(first + kPartAtoms, begin + n);
  const int n_parts = (n + kPartAtoms - 1) / kPartAtoms;
  const int slot = first_part(a.system_begin, system);
  double sum[kSums] = {};
#pragma unroll 4
  for (int i = first + lane(); i < last; i += 32) {
    sum[0] += energy_of(a, i);
    const double* const virial = a.atom_virials + (size_t)(kSums - 1) * (size_t)i;
    for (int k = 1; k < kUsed; ++k) sum[k] += virial[k - 1];
  }
  for (int k = 0; k < kUsed; ++k) sum[k] = warp_sum(sum[k]);
  if (n_parts > 1) {
    if (lane() == 0) {
      for (int k = 0; k < kUsed; ++k) a.part_sums[(size_t)(slot + part) * kSums + k] = sum[k];
    }
    if (!is_last_warp(a.system_tickets + system, (unsigned)n_parts)) return;
    for (int k = 0; k < kUsed; ++k) sum[k] = 0;
#pragma unroll 4
    for (int p = lane(); p < n_parts; p += 32) {
      const double* const of_part = a.part_sums + (size_t)(slot + p) * kSums;
      for (int k = 0; k < kUsed; ++k) sum[k] += of_part[k];
    }
    for (int k = 0; k < kUsed; ++k) sum[k] = warp_sum(sum[k]);
  }
  store_system(a, system, sum, WITH_VIRIAL);
}

MLFF_DEVICE int warp_of_grid() { return (int)blockIdx.x * kWarps + warp(); }

// One warp a part.
extern "C" __global__ void __launch_bounds__(kThreads) reduce_energies(const ReductionArguments a) {
  if (a.status->list_fault != kNoFault) return;
  const int n_systems = a.size->n_systems;
  const int number = warp_of_grid();
  if (number >= first_part(a.system_begin, n_systems)) return;
  const int system = find_interval_by_warp(n_systems, number, [&](int k) { return first_part(a.system_begin, k); });
  const int part = number - first_part(a.system_begin, system);
  const int first = a.system_begin[system] + part * kPartAtoms;
  const int last = min(first + kPartAtoms, a.system_begin[system + 1]);
  if (first >= last) return;
  for (int i = first + lane(); i < last; i += 32) report_energy(a, i);
  sum_part<false>(a, system, part);
}

// The force on an atom, and its share of the virial in the other sums; whole in every lane.
static __device__ void sum_pairs(const ReductionArguments& a, int i, double (&force)[3], double (&virial)[kSums - 1]) {
  const int begin = a.pair_begin[i], end = a.pair_begin[i + 1];
  for (int q = begin + lane(); q < end; q += 32) {
    const int reverse = find_reverse(a.pair_begin, a.pair_neighbour, i, begin, end, q);
    const real* const own = a.pair_gradient + three(q);
    const real* const back = a.pair_gradient + three(reverse);
    const real* const geometry = a.pair_geometry + 4 * (size_t)q;
    const double r = (double)geometry[3];
    double h[3], d[3];
    for (int k = 0; k < 3; ++k) {
      h[k] = (double)own[k];
      d[k] = (double)geometry[k] * r;
      force[k] += (double)back[k] - h[k];
      virial[k] += d[k] * h[k];
    }
    virial[3] += 0.5 * (d[1] * h[2] + d[2] * h[1]);
    virial[4] += 0.5 * (d[0] * h[2] + d[2] * h[0]);
    virial[5] += 0.5 * (d[0] * h[1] + d[1] * h[0]);
  }
  for (int k = 0; k < 3; ++k) force[k] = warp_sum(force[k]);
  for (int k = 0; k < kSums - 1; ++k) virial[k] = warp_sum(virial[k]);
}

// One warp an atom.
extern "C" __global__ void __launch_bounds__(kThreads) reduce_forces(const ReductionArguments a) {
  if (a.status->list_fault != kNoFault) return;
  const int i = warp_of_grid();
  if (i >= a.size->n_atoms) return;
  double force[3] = {}, virial[kSums - 1] = {};
  sum_pairs(a, i, force, virial);
  const int system = a.system_of_atom[i];
  if (lane() == 0) {
    report_energy(a, i);
    const int original = a.order[i];
    for (int k = 0; k < 3; ++k) {
      if (a.forces != nullptr) a.forces[three(original) + k] = force[k];
      if (!is_finite(force[k])) record(&a.status->bad_force, original, force[k]);
    }
    for (int k = 0; k < kSums - 1; ++k) a.atom_virials[(size_t)(kSums - 1) * (size_t)i + k] = virial[k];
  }
  const int begin = a.system_begin[system], n = a.system_begin[system + 1] - begin;
  const int part = (i - begin) / kPartAtoms;
  const int atoms = min(kPartAtoms, n - part * kPartAtoms);
  const int slot = first_part(a.system_begin, system) + part;
  if (is_last_warp(a.part_tickets + slot, (unsigned)atoms)) sum_part<true>(a, system, part);
}

// For those who want the permutation itself. One warp an atom.
extern "C" __global__ void __launch_bounds__(kThreads)
    pair_reverse(const BatchSize* size, const int* pair_begin, const int* pair_neighbour, int* reverse) {
  const int i = warp_of_grid();
  if (i >= size->n_atoms) return;
  const int begin = pair_begin[i], end = pair_begin[i + 1];
  for (int q = begin + lane(); q < end; q += 32) {
    reverse[q] = find_reverse(pair_begin, pair_neighbour, i, begin, end, q);
  }
}
