// The compiler's own cost model: what each phase computes, reads and writes, counted from the graph and the schedule.
//
// Counts follow the emitted kernels (codegen/emit): every loop expands its values down to what is kept, and a value of
// one channel inside a loop over many channels is worked out, and counted, once a channel. Conventions:
//   operations  an addition, a multiplication and a comparison count 1 (a fused multiply-add 2), a negation 0; a
//               division, a square root and a reciprocal 1; exp, log, sin, cos and log1p kTranscendental each, and so
//               sigmoid and silu kTranscendental + 2, tanh kTranscendental + 2, softplus 2 kTranscendental + 3,
//               rsqrt 3; x ** n the products of repeated squaring. A sum over C channels counts C.
//   not counted indices and their arithmetic, conversions, the folding of partial sums across the lanes of a team.
//   spline      the basis values of a pair are counted once, although every lane works them out.
// Numbers are counted where the kernel reads or writes device memory, each once a place that reads it; caches are no
// part of the model.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "codegen/emit/schedule.h"

namespace mlffgen::explain {

constexpr int kTranscendental = 8;  // operations that a call of exp, log, sin or cos counts as

// Work and traffic of one item: a pair, a batch of pairs, an atom or a tile of atoms.
struct Work {
  double operations = 0;
  double transcendental_calls = 0;  // of exp, log, sin, cos, log1p; counted in operations too
  double gathered = 0;              // numbers read at the neighbour j: buffers
  double loaded = 0;                // numbers read from buffers at the atom, and from the pair's own arrays
  double stored = 0;                // numbers written to buffers, the pair gradient and the atom's energy
  double weights = 0;               // numbers read from constants: matrices, biases, tables of elements, splines

  Work& operator+=(const Work& other);
};

struct PhaseCost {
  Work pair;   // for each pair
  Work batch;  // for each batch of pairs of one atom: values of the centre, weights
  Work atom;   // for each atom
  Work tile;   // for each tile of atoms: the weights of its matrix products
  // Of the atom's operations, matrix products that tensor cores take in float builds (emit::wants_operand), by their
  // rows: one an atom for scalars, three for vectors. A product of float is three of half precision there.
  double scalar_products = 0, vector_products = 0;
  int tile_numbers = 0;              // shared memory of an atom
  int team_numbers = 0;              // shared memory of a pair
  std::set<emit::NodeId> evaluated;  // nodes that the phase works out rather than reads
};

// Sizes that turn the work of items into the work of an atom; batches and tiles as GPUs have them by default
// (templates/cuda_shim.cuh).
struct CostOptions {
  double neighbours = 32;  // pairs of an atom
  int pair_batch = 2;      // pairs of a batch
  int tile_atoms = 8;      // atoms of a tile
};

// An atom's share of a run.
struct RunCost {
  double pair_operations = 0;  // of each pair of the atom
  double atom_operations = 0;  // of the atom itself
  double operations = 0;       // of the atom and its pairs, at the options' neighbours
  double transcendental_calls = 0;
  double traffic = 0;  // numbers gathered, loaded and stored
  double weights = 0;  // numbers of constants read
};

struct ModelCost {
  CostOptions options;
  std::vector<PhaseCost> phases;
  int energy_phases = 0;
  RunCost energy;             // a program compiled for the energy alone
  RunCost energy_as_run;      // the first energy_phases phases, which begin the gradient where the last one can
  RunCost energy_gradient;    // all phases
  double gradient_ratio = 0;  // operations of energy and gradient over those of the energy alone

  int buffer_numbers = 0;          // peak of the buffers, numbers an atom
  int forward_buffer_numbers = 0;  // the same of a program compiled for the energy alone
  int forward_slot_numbers = 0;    // of buffer_numbers, slots that hold a value of the forward pass at some time
  int forward_values = 0;          // numbers an atom that the forward pass computes: what recording it would keep
  int forward_pair_values = 0;     // numbers a pair that the forward pass computes and never stores
};

ModelCost cost_of(const ir::Graph& graph, const emit::Schedule& schedule, const CostOptions& options = {});

nlohmann::json to_json(const ModelCost& cost);
// Tables of phases, totals and memory.
std::string cost_markdown(const ModelCost& cost);

// Section "cost" of a bundle (docs/bundle_format.md): of each phase of the schedule its PhaseCost, under the name of
// its kernel. Names are those of the schedule's phases, in order.
nlohmann::json costs_json(const ir::Graph& graph, const emit::Schedule& schedule,
                          const std::vector<std::string>& kernels);

}  // namespace mlffgen::explain
