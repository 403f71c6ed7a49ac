// How the inputs and the outputs of a call lie in one piece of memory each, so that one copy moves them. For this
// folder and its tests only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/device_batch.h"

namespace mlffgen::cuda_model {

namespace detail {

// Places arrays one behind the other, each at a multiple of 64 bytes.
struct Cursor {
  std::size_t end = 0;
  std::size_t place(std::int64_t count, std::size_t bytes) {
    const std::size_t at = end;
    end = (end + static_cast<std::size_t>(count) * bytes + 63) / 64 * 64;
    return at;
  }
};

}  // namespace detail

// Offsets in bytes; shapes as in kernels::DeviceBatch.
struct InputLayout {
  std::size_t size = 0, positions = 0, atomic_numbers = 0, system_begin = 0, cells = 0, periodic = 0, bytes = 0;

  InputLayout(std::int64_t atoms, std::int64_t systems) {
    detail::Cursor cursor;
    size = cursor.place(1, sizeof(kernels::BatchSize));
    positions = cursor.place(atoms, 3 * sizeof(double));
    atomic_numbers = cursor.place(atoms, sizeof(std::int32_t));
    system_begin = cursor.place(systems + 1, sizeof(std::int32_t));
    cells = cursor.place(systems, 9 * sizeof(double));
    periodic = cursor.place(systems, sizeof(std::int32_t));
    bytes = cursor.end;
  }
};

// Offsets in bytes; shapes as in kernels::ReductionOutputs. What a call without forces writes comes first.
struct OutputLayout {
  std::size_t energies = 0, atom_energies = 0, energy_bytes = 0, forces = 0, virials = 0, bytes = 0;

  OutputLayout(std::int64_t atoms, std::int64_t systems) {
    detail::Cursor cursor;
    energies = cursor.place(systems, sizeof(double));
    atom_energies = cursor.place(atoms, sizeof(double));
    energy_bytes = cursor.end;
    forces = cursor.place(atoms, 3 * sizeof(double));
    virials = cursor.place(systems, 9 * sizeof(double));
    bytes = cursor.end;
  }

  std::size_t used(bool with_forces) const { return with_forces ? bytes : energy_bytes; }
};

}  // namespace mlffgen::cuda_model
