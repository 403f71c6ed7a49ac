// From what a model's kernels write to energies, forces and virials in the original order of the atoms.
//
// With h the pair gradients (runtime/pair_reduction.h):
//   force_i = sum over the pairs q of i of (h[reverse q] - h[q]),  virial_s = sum_q d_q (outer) h_q, symmetrised,
//   energy_s = sum_i (atom_energy_i + element_energy[element_i]),
// all summed in double by trees that depend on a system's size alone: the same bits in every run, for every capacity,
// and for energies with or without forces. One launch. A value that is not finite is recorded in the list's status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/device_batch.h"
#include "runtime/kernels/device_neighbour_list.h"
#include "runtime/kernels/kernel_library.h"

namespace mlffgen::kernels {

// Device addresses; atoms and pairs as in the PairList. REAL as the list's precision.
struct ReductionInputs {
  cuda::DevicePointer atom_energy = 0;     // REAL [n_atoms]
  cuda::DevicePointer element_energy = 0;  // double [n_elements]
  cuda::DevicePointer pair_gradient = 0;   // REAL [n_pairs][3]; needed for forces and virials
};

// Device addresses; 0: not wanted.
struct ReductionOutputs {
  cuda::DevicePointer energies = 0;       // double [n_systems]
  cuda::DevicePointer atom_energies = 0;  // double [n_atoms], original order
  cuda::DevicePointer forces = 0;         // double [n_atoms][3], original order
  cuda::DevicePointer virials = 0;        // double [n_systems][9], symmetric
};

// Not for use by two threads at once. Needs the context current.
class PairReductions {
 public:
  PairReductions(const KernelLibrary& library, runtime::Precision precision);
  ~PairReductions();
  PairReductions(PairReductions&&) noexcept;
  PairReductions& operator=(PairReductions&&) noexcept;

  // As DeviceNeighbourList::reserve. 48 bytes an atom.
  void reserve(const cuda::Stream& stream, std::int64_t atoms, std::int64_t systems);

  // Writes nothing if the list's status holds a fault. Its atoms and systems must be within the capacities of both.
  void enqueue(const cuda::Stream& stream, const DeviceBatch& batch, const PairList& list,
               const ReductionInputs& inputs, const ReductionOutputs& outputs);

  std::size_t bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::kernels
