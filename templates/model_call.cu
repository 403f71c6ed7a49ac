// What stands around a call from device memory: the caller's arrays to those of the workspace and back, so that a
// captured graph does not depend on their addresses (runtime/cuda_model/device_calls.h).

#include "neighbour_records.cuh"

struct FaultRecord {
  Status first;
  int first_atom;
  int n_systems;
  int n_faults;
  int n_short;
  Int64 most_pairs;
  Int64 most_candidates;
};

MLFF_DEVICE Int64 first_index() { return (Int64)blockIdx.x * kThreads + threadIdx.x; }
MLFF_DEVICE Int64 index_step() { return (Int64)gridDim.x * kThreads; }

// Absent arrays stand for one system, and for systems without periodic directions.
extern "C" __global__ void __launch_bounds__(kThreads)
    begin_call(const double* __restrict__ positions, const int* __restrict__ atomic_numbers,
               const int* __restrict__ system_begin, const double* __restrict__ cells, const int* __restrict__ periodic,
               const int n_atoms, const int n_systems, int* __restrict__ size, double* __restrict__ own_positions,
               int* __restrict__ own_numbers, int* __restrict__ own_begin, double* __restrict__ own_cells,
               int* __restrict__ own_periodic) {
  const Int64 first = first_index(), step = index_step();
  if (first == 0) {
    size[0] = n_atoms;
    size[1] = n_systems;
  }
  for (Int64 k = first; k < 3LL * n_atoms; k += step) own_positions[k] = positions[k];
  for (Int64 k = first; k < n_atoms; k += step) own_numbers[k] = atomic_numbers[k];
  for (Int64 k = first; k <= n_systems; k += step) {
    own_begin[k] = system_begin != nullptr ? system_begin[k] : (k == 0 ? 0 : n_atoms);
  }
  for (Int64 k = first; k < 9LL * n_systems; k += step) own_cells[k] = cells != nullptr ? cells[k] : 0.0;
  for (Int64 k = first; k < n_systems; k += step) {
    own_periodic[k] = cells != nullptr && periodic != nullptr ? periodic[k] : 0;
  }
}

MLFF_DEVICE bool has_bad_value(const Status& status) {
  return status.bad_energy != kNoKey || status.bad_force != kNoKey;
}

MLFF_DEVICE void keep_fault(const Status& status, const int* system_begin, const int n_systems, FaultRecord* record) {
  if (status.list_fault == kCapacityFault) {
    record->most_pairs = status.n_pairs > record->most_pairs ? status.n_pairs : record->most_pairs;
    record->most_candidates =
        status.n_candidates > record->most_candidates ? status.n_candidates : record->most_candidates;
    record->n_short += 1;
    return;
  }
  if (record->n_faults == 0) {
    int atom = status.atom, system = status.system;
    if (status.list_fault == 0) atom = (int)((status.bad_energy != kNoKey ? status.bad_energy : status.bad_force) / 4);
    if (atom >= 0) system = find_interval(n_systems, atom, [&](int s) { return system_begin[s]; });
    record->first = status;
    record->first.system = system;
    record->first_atom = system >= 0 ? system_begin[system] : 0;
    record->n_systems = n_systems;
  }
  record->n_faults += 1;
}

MLFF_DEVICE void copy_or_spoil(double* to, const double* from, const Int64 count, const bool good, const double nan) {
  if (to == nullptr) return;
  for (Int64 k = first_index(); k < count; k += index_step()) to[k] = good ? from[k] : nan;
}

extern "C" __global__ void __launch_bounds__(kThreads)
    finish_call(const Status* __restrict__ status, const int* __restrict__ system_begin, const int n_atoms,
                const int n_systems, const double nan, const double* __restrict__ own_energies,
                const double* __restrict__ own_atom_energies, const double* __restrict__ own_forces,
                const double* __restrict__ own_virials, double* __restrict__ energies,
                double* __restrict__ atom_energies, double* __restrict__ forces, double* __restrict__ virials,
                FaultRecord* __restrict__ record) {
  const bool good = status->list_fault == 0 && !has_bad_value(*status);
  if (!good && first_index() == 0) keep_fault(*status, system_begin, n_systems, record);
  copy_or_spoil(energies, own_energies, n_systems, good, nan);
  copy_or_spoil(atom_energies, own_atom_energies, n_atoms, good, nan);
  copy_or_spoil(forces, own_forces, 3LL * n_atoms, good, nan);
  copy_or_spoil(virials, own_virials, 9LL * n_systems, good, nan);
}
