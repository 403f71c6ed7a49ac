// From the graph to kernels: which value is computed in which phase, segment and stage, and where it is kept.
//
// A PHASE is all work between two neighbour gathers, or less where the form of the code cuts it (fusion.h): one kernel,
// whose blocks each take a tile of atoms. A phase is a row of SEGMENTS that alternate between pairs (sums over the
// neighbours of each atom of the tile) and atoms (the dense networks of the tile). A segment is a row of STAGES with a
// barrier after each. Values are kept in
//   buffers       [n_atoms] in device memory, for later phases;
//   tile arrays   in the block's shared memory, for later stages of the phase;
//   operands      the same for inputs of matrix products alone, which GPUs want in a form of their own;
//   records       in shared memory, one a pair: few numbers, for later stages of the same chunk of pairs;
//   team arrays   in shared memory, for later stages of the same batch of pairs;
// and all others are computed where they are used.
//
// A segment over pairs goes through an atom's pairs in CHUNKS. Stages with a lane for each pair come first (they fill
// the records) and last (pair gradients, sums of one channel); in between, stages with a lane for each channel go
// through the chunk in batches. Sums over channels that only the last stage reads are DEFERRED: each batch leaves
// partial sums, and the last stage adds them up.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "codegen/emit/fusion.h"
#include "codegen/ir/graph.h"

namespace mlffgen::emit {

using ir::NodeId;

// A loop over channels; for atoms, of each atom of the tile; for pairs, of each pair of an atom.
struct Loop {
  int channels = 1;
  std::vector<NodeId> results;     // values to keep: buffers, tile arrays or team arrays
  std::vector<NodeId> sums;        // pairs: sum_j nodes that this loop adds to
  std::vector<NodeId> reductions;  // sum_channels nodes that this loop adds to
  std::vector<NodeId> gradients;   // pairs, one channel: terms of the pair gradient
  std::vector<NodeId> operands;    // atoms: inputs of products, in the form that those want
};

struct Stage {
  bool each_pair = false;  // a lane takes a pair of the chunk, or one channel of it, instead of a channel of a batch
  std::vector<Loop> loops;
  std::vector<NodeId> maps;  // linear nodes: tiles of matrix products
};

struct Segment {
  bool pairs = false;
  std::vector<Stage> stages;
  // Of pairs:
  std::set<NodeId> record;            // values that records hold
  std::map<NodeId, int> team_arrays;  // node -> offset, in numbers a pair
  std::set<NodeId> deferred;          // sum_channels nodes
};

struct Phase {
  std::vector<Segment> segments;
  std::map<NodeId, int> tile_arrays;  // node -> offset, in numbers an atom
  std::map<NodeId, int> operands;     // the same of operands
  std::map<NodeId, int> scales;       // and of a number for each of their rows
  int tile_numbers = 0;               // of all these, an atom
  std::set<NodeId> record;            // values that the records of pairs hold, of all segments
  bool spline_values = false;         // the records hold the splines' basis, and its derivative
  bool spline_slopes = false;
  int record_numbers = 0;    // reals of a record; the neighbour and the interval on the splines' grid come on top
  int team_numbers = 0;      // of team arrays, a pair
  int deferred_numbers = 0;  // of deferred sums, a pair
  bool has_pairs = false;
  bool has_products = false;    // of a tile
  bool first_gradient = false;  // stores the pair gradient; later phases add to it
};

// An array of [n_atoms] items of the node's type.
struct Buffer {
  NodeId node = ir::kNoNode;
  int first_phase = 0, last_phase = 0;
  int slot = 0;  // buffers that never live together share memory
};

struct Schedule {
  std::vector<Phase> phases;
  std::vector<Buffer> buffers;
  std::vector<int> slots;  // numbers an atom of each slot
  int energy_phases = 0;   // the first so many phases suffice for the energy
  std::vector<int> level;  // of each node

  const Buffer* buffer_of(NodeId id) const;
  int numbers_per_atom() const;  // of all slots: the peak
};

// A linear map of a pair's values is evaluated channel by channel where it is used if it has at most so many inputs,
// and a record holds values of at most so many channels.
constexpr int kInlineInputs = 32;
bool is_inline_map(const ir::Graph& graph, NodeId id);

// Whether an input of a linear map of atoms is an operand: whether tensor cores can take both channels and matrix.
bool wants_operand(const ir::Graph& graph, NodeId map, NodeId input);

// Operations that work channel by channel and can be repeated wherever their value is needed.
bool is_elementwise(ir::Op op);

Schedule make_schedule(const ir::Graph& graph, Fusion fusion = Fusion::phases);

// The schedule for people: phases, stages and bytes.
std::string print(const Schedule& schedule, const ir::Graph& graph);

}  // namespace mlffgen::emit
