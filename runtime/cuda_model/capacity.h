// How much room a call asks for, in steps: calls of similar size share their graphs. For this folder and its tests
// only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mlffgen::cuda_model {

// The next multiple of 16 up to 1,024; beyond, in steps of an eighth of the power of two below: 1,152, 1,280, ...,
// 2,048, 2,304, ...
constexpr std::int64_t round_up_capacity(std::int64_t count) {
  std::int64_t step = 16;
  for (std::int64_t power = 1024; power < count; power *= 2) step = power / 8;
  return (std::max<std::int64_t>(count, 1) + step - 1) / step * step;
}

// One system, whose size rarely changes, pays for few padding atoms; batches share graphs.
constexpr std::int64_t atom_capacity(std::int64_t n_atoms, std::int64_t n_systems) {
  return n_systems == 1 ? (n_atoms + 15) / 16 * 16 : round_up_capacity(n_atoms);
}

// Atoms a block takes, at most tile: as few as go through the GPU in as few rounds of blocks, as a small system is over
// when its slowest block is, and the last round of a larger one should not leave the GPU half empty.
constexpr int choose_tile_atoms(std::int64_t n_atoms, int tile, int blocks_at_once) {
  const std::int64_t blocks = std::max(blocks_at_once, 1);
  const std::int64_t atoms = std::max<std::int64_t>(n_atoms, 1);
  const std::int64_t rounds = (atoms - 1) / (blocks * tile) + 1;
  return static_cast<int>((atoms - 1) / (rounds * blocks) + 1);
}

// Buffers with a row an atom have so many rows: the last block may begin at any atom and still has a whole tile.
constexpr std::int64_t padded_atoms(std::int64_t n_atoms, int tile) {
  return (n_atoms + tile - 1) / tile * tile + tile;
}

// WisdomKey::small_systems, by the capacities of a call.
constexpr bool are_small_systems(std::int64_t atoms, std::int64_t systems) {
  constexpr std::int64_t kFewSystems = 16, kFewAtoms = 32;  // of a system
  return systems > kFewSystems && atoms <= kFewAtoms * systems;
}

// The middle of a wisdom::size_bucket, whose calls run the same kernels, and no less than its largest.
constexpr std::int64_t typical_size(int bucket) { return std::int64_t{1} << bucket; }
constexpr std::int64_t largest_of_bucket(int bucket) { return typical_size(bucket) * 3 / 2; }

// Bytes that end where a line of the caches does, for arrays side by side.
constexpr std::size_t whole_lines(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace mlffgen::cuda_model
