// What the kernels of the list get: the structs of templates/neighbour_records.cuh as the host fills them. For this
// folder and its tests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/cuda/memory.h"

namespace mlffgen::kernels {

inline constexpr int kThreads = 256;  // of a block, in every kernel
inline constexpr int kWarps = kThreads / 32;
inline constexpr int kSpareCells = 8;    // of each system, besides two for each atom
inline constexpr int kCellChunk = 2048;  // cells a block scans

// Sizes of records that the host makes room for and never looks into.
inline constexpr std::size_t kLatticeBytes = 176, kGridBytes = 64, kBoundsBytes = 56;

struct ListState {
  std::int32_t valid = 0, n_rebuilds = 0;
  std::int32_t known_atoms = 0, known_systems = 0;
  std::int32_t rebuild = 0;
  std::int32_t bad_position = 0x7fffffff, bad_element = 0x7fffffff, bad_cell = 0x7fffffff, bad_images = 0x7fffffff,
               bad_size = 0x7fffffff;
  std::uint32_t check_ticket = 0, scan_ticket = 0, search_ticket = 0, pair_ticket = 0;
  std::uint64_t overlap = ~std::uint64_t{0};
  std::int64_t n_candidates = 0;
};
static_assert(sizeof(ListState) == 72);

struct ListArguments {
  using Address = cuda::DevicePointer;
  Address size = 0, positions = 0, atomic_numbers = 0, system_begin = 0, cells = 0, periodic = 0;
  Address order = 0, element = 0, system_of_atom = 0, pair_begin = 0, pair_neighbour = 0, pair_geometry = 0, status = 0;
  Address state = 0, element_of_number = 0, lattices = 0, grids = 0, bounds = 0, known_cells = 0, known_periodic = 0,
          known_begin = 0;
  Address sorted_positions = 0, reference = 0, cell_of_atom = 0, arrival = 0, slots = 0, cell_count = 0, cell_first = 0,
          chunk_first = 0;
  Address row_count = 0, block_first = 0, candidate_count = 0, candidate_block_first = 0, candidate_begin = 0,
          candidate = 0;
  double cutoff = 0, skin = 0;
  std::int32_t most_atoms = 0, pair_capacity = 0, candidate_capacity = 0;
  std::int32_t rows_per_block = 0, n_numbers = 0;
};
static_assert(sizeof(ListArguments) == 320);

}  // namespace mlffgen::kernels
