// What a block of threads on a GPU is made of, and what it needs: the tunables of templates/*.cuh with their values,
// and the layout of shared memory in templates/phase.cu. tests/driver holds both to the emitted source.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/wisdom/configuration.h"

namespace mlffgen::runtime {

enum class Precision { single_precision, double_precision };

using wisdom::Configuration;
using wisdom::ModelConfiguration;
using wisdom::Tunable;

// Those that shape a block; others only change its code.
struct BlockShape {
  int lanes = 0, teams = 0;  // threads of a team, teams of a block
  int tile = 0;              // atoms at most
  int pair_batch = 0;        // pairs that a team works on at once
  int pair_chunk = 0;        // pairs whose records a team holds
  int weight_steps = 0;      // of a dense layer's weights on their way to a warp
  int threads() const { return lanes * teams; }
};

inline constexpr const char* kTileDefine = "MLFF_TILE";

// The defines that make a BlockShape; a model for GPUs has them all as tunables.
const std::vector<std::string>& shape_defines();

// The tunables' values where the configuration names none.
BlockShape shape_of(const std::vector<Tunable>& tunables, const Configuration& configuration);

// Why no block can have the shape; "" if one can.
std::string problem_with(const BlockShape& shape);

// What a kernel keeps in shared memory. Numbers are of the model's precision.
struct SharedNeed {
  int tile_numbers = 0;   // of an atom
  int record_bytes = 0;   // of a pair of a chunk
  int sum_numbers = 0;    // of a pair of a chunk and a warp of its team
  int team_numbers = 0;   // of a pair of a batch
  bool products = false;  // of dense layers, whose weights pass through shared memory
};

// Dynamic shared memory of a block.
std::size_t shared_bytes(const SharedNeed& need, const BlockShape& shape, Precision precision);

// The defaults with the most atoms of a tile, of the default and the smaller choices, whose blocks need no more shared
// memory than the limit; nothing if none does.
std::optional<Configuration> fitting_defaults(const std::vector<Tunable>& tunables,
                                              const std::vector<SharedNeed>& kernels, Precision precision,
                                              std::size_t limit);

}  // namespace mlffgen::runtime
