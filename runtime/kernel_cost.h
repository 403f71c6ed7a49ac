// What a kernel of a compiled model works out and moves: section "cost" of a bundle, which the compiler counts from the
// graph (codegen/explain/cost.h says by which rules), and its evaluation for a call.
#pragma once

#include <map>
#include <string>

#include "runtime/plan.h"

namespace mlffgen::runtime {

// Of one item: a pair, a batch of an atom's pairs, an atom or a tile of atoms.
struct ItemCost {
  double operations = 0;            // a fused multiply-add counts 2
  double transcendental_calls = 0;  // counted in operations too
  double gathered = 0;              // numbers read at the neighbour
  double loaded = 0;                // numbers read from buffers at the atom, and of the pair itself
  double stored = 0;                // numbers written
  double weights = 0;               // numbers read from constants
};

struct KernelCost {
  ItemCost pair, batch, atom, tile;
  // Of the atom's operations, those of matrix products that tensor cores take in float builds, by their rows: one an
  // atom for scalars, three for vectors.
  double scalar_products = 0, vector_products = 0;
};

// By the names of kernels; empty for a bundle without the section, which an older compiler has written. UserError for a
// section that is not what the compiler writes.
std::map<std::string, KernelCost> read_costs(const Bundle& bundle);

constexpr int kGpuPairBatch = 2;  // default of MLFF_PAIR_BATCH (templates/cuda_shim.cuh)

struct CallSize {
  double atoms = 0, pairs = 0;  // directed, both directions count
  int tile_atoms = 1;           // of a block; the last may have fewer
  int pair_batch = kGpuPairBatch;
  Precision precision = Precision::single_precision;
};

// Of a whole call. What caches keep is counted where it is read, but for `streamed`.
struct KernelWork {
  double flops = 0;  // by the arithmetic units: all operations but the products of tensor cores
  // By tensor cores: three products of halves for each of float, with rows filled up to eights.
  double tensor_flops = 0;
  double gathered = 0;       // bytes read at neighbours
  double tables = 0;         // bytes read for pairs from constants: splines, rows of elements
  double weights = 0;        // bytes of matrices that all blocks read
  double block_weights = 0;  // ... and that one block does
  // Bytes that device memory must deliver or take at least: each array once for each atom or pair, and weights once.
  double streamed = 0;

  double bytes() const { return gathered + tables + weights + streamed; }
};

// Weights of the filters of a batch stay in registers or caches and are not counted.
KernelWork evaluate(const KernelCost& cost, const CallSize& size);

}  // namespace mlffgen::runtime
