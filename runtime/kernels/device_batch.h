// Structures of one call as they lie on the device: systems one behind the other.
//
// Launches are sized when a graph is captured; how many atoms and systems there are in a call is read on the device, so
// that one graph serves all calls up to those sizes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/cuda/memory.h"

namespace mlffgen::kernels {

struct BatchSize {
  std::int32_t n_atoms = 0;
  std::int32_t n_systems = 0;
};

// Device addresses. Lengths are in the model's length unit. All must be valid for the sizes in `size`.
struct DeviceBatch {
  cuda::DevicePointer size = 0;            // BatchSize
  cuda::DevicePointer positions = 0;       // double [n_atoms][3]
  cuda::DevicePointer atomic_numbers = 0;  // int [n_atoms]
  cuda::DevicePointer system_begin = 0;    // int [n_systems + 1], from 0 to n_atoms, ascending
  cuda::DevicePointer cells = 0;           // double [n_systems][9], rows are lattice vectors; 0: no system is periodic
  cuda::DevicePointer periodic = 0;        // int [n_systems], bit d: periodic along lattice vector d; 0 with cells = 0

  // What launches are sized for, at least what `size` will hold and at most the capacities; 0: the capacities. Padding
  // ends here.
  std::int64_t most_atoms = 0, most_systems = 0;
};

}  // namespace mlffgen::kernels
