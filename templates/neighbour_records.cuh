// Records and helpers that the kernels of the neighbour list and of the reductions share. The records that the host
// sees too are in runtime/kernels: status.h, device_batch.h, list_arguments.h.

typedef long long Int64;
typedef unsigned long long UInt64;

#ifndef MLFF_REAL
#define MLFF_REAL float
#endif
typedef MLFF_REAL real;

constexpr int kThreads = 256;  // of a block, in every kernel
constexpr int kWarps = kThreads / 32;
constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kNone = 0x7fffffff;
constexpr UInt64 kNoKey = ~0ull;

constexpr double kOverlapDistance = 1e-6;
constexpr double kLargestCoordinate = 1e9;

enum Fault : int {
  kNoFault = 0,
  kPositionFault = 1,
  kCellFault = 2,
  kImagesFault = 3,
  kEmptyFault = 4,
  kElementFault = 5,
  kOverlapFault = 6,
  kCapacityFault = 7
};

struct Status {
  int list_fault, atom, other, system;
  double value;
  Int64 n_pairs, n_candidates;
  int rebuilt, n_rebuilds;
  UInt64 bad_energy, bad_force;
};

struct BatchSize {
  int n_atoms, n_systems;
};

// A cell completed to three independent directions (runtime/lattice.h): coordinate d of r is sum_k r[k] inverse[k][d].
struct Lattice {
  double row[9], inverse[9];
  double per_height[3];  // 1 / distance between the planes that bound the cell along d
  int periodic;          // bit d
  int fault;
};

// The cells of one system, numbered from first_cell on by cell_number().
struct Grid {
  double low[3], scale[3];  // cell along d = (coordinate - low) * scale
  int n[3];
  int first_cell;
};

// Ordered keys (ordered_key) of a system's extremes.
struct Bounds {
  UInt64 low[3], high[3], largest;
};

// What lives from kernel to kernel and from call to call. All faults are kNone between calls, all tickets 0.
struct ListState {
  int valid;  // order, candidates and references are those of the latest call
  int n_rebuilds;
  BatchSize known;  // of the latest rebuild
  int rebuild;      // this call has to
  int bad_position, bad_element, bad_cell, bad_images, bad_size;
  unsigned check_ticket, scan_ticket, search_ticket, pair_ticket;
  UInt64 overlap;  // atom << 32 | other
  Int64 n_candidates;
};

// The host makes room for these.
static_assert(sizeof(Lattice) == 176 && sizeof(Grid) == 64 && sizeof(Bounds) == 56, "runtime/kernels/list_arguments.h");
static_assert(sizeof(Status) == 64 && sizeof(ListState) == 72, "runtime/kernels/list_arguments.h");

struct ListArguments {
  // The batch.
  const BatchSize* size;
  const double* positions;    // [n_atoms][3]
  const int* atomic_numbers;  // [n_atoms]
  const int* system_begin;    // [n_systems + 1]
  const double* cells;        // [n_systems][9] or none
  const int* periodic;        // [n_systems] or none
  // The list.
  int* order;
  int* element;
  int* system_of_atom;
  int* pair_begin;
  int* pair_neighbour;
  real* pair_geometry;
  Status* status;
  // Working memory.
  ListState* state;
  const int* element_of_number;  // [n_numbers], -1: unknown
  Lattice* lattices;             // [systems]
  Grid* grids;                   // [systems]
  Bounds* bounds;                // [systems]
  double* known_cells;           // [systems][9] of the latest rebuild
  int* known_periodic;           // [systems]
  int* known_begin;              // [systems + 1]
  double* sorted_positions;      // [atoms][3]
  double* reference;             // [atoms][3], sorted_positions of the latest rebuild
  int* cell_of_atom;             // [atoms], original order
  int* arrival;                  // [atoms], place among the atoms of its cell, in no particular order
  int* slots;                    // [atoms], original indices by cell
  int* cell_count;               // [cells + 1]
  int* cell_first;               // [cells + 1], within its chunk
  Int64* chunk_first;            // [chunks of cells]
  int* row_count;                // [atoms]
  Int64* block_first;            // [blocks of rows]
  int* candidate_count;          // [atoms]
  Int64* candidate_block_first;  // [blocks of rows]
  int* candidate_begin;          // [atoms + 1]
  int* candidate;                // sorted indices
  double cutoff, skin;
  int most_atoms;  // atoms that the launch is for, padding included
  int pair_capacity, candidate_capacity;
  int rows_per_block;  // a multiple of kWarps, at most kThreads
  int n_numbers;
};

static_assert(sizeof(ListArguments) == 320, "runtime/kernels/list_arguments.h");

#define MLFF_DEVICE static __device__ __forceinline__
#define MLFF_LIST_KERNEL(name) extern "C" __global__ void __launch_bounds__(kThreads) name(const ListArguments a)

MLFF_DEVICE int lane() { return (int)threadIdx.x % 32; }
MLFF_DEVICE int warp() { return (int)threadIdx.x / 32; }
MLFF_DEVICE int thread_of_grid() { return (int)(blockIdx.x * kThreads + threadIdx.x); }
MLFF_DEVICE size_t three(int i) { return 3 * (size_t)i; }

// Keys in the order of the numbers, for atomic minima and maxima.
MLFF_DEVICE UInt64 ordered_key(double x) {
  union {
    double number;
    UInt64 bits;
  } u;
  u.number = x;
  return u.bits >> 63 ? ~u.bits : u.bits | 1ull << 63;
}
MLFF_DEVICE double number_of_key(UInt64 key) {
  union {
    double number;
    UInt64 bits;
  } u;
  u.bits = key >> 63 ? key & ~(1ull << 63) : ~key;
  return u.number;
}

// The last s with begin(s) <= i, of begin(0) <= begin(1) <= ... <= begin(n), begin(0) <= i < begin(n). Some s from 0 to
// n - 1 if the bounds are out of order.
template <class Begin>
MLFF_DEVICE int find_interval(int n, int i, Begin begin) {
  int low = 0, high = n;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    if (begin(middle) <= i) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// The same by all lanes of a warp together: a thirty-second of the interval remains after each step.
template <class Begin>
MLFF_DEVICE int find_interval_by_warp(int n, int i, Begin begin) {
  int low = 0, high = n;
  while (high - low > 1) {
    const int step = (high - low + 31) / 32;
    const int probe = low + lane() * step;
    const unsigned not_above = __ballot_sync(kAllLanes, probe < high && begin(probe) <= i);
    low += (max(__popc(not_above), 1) - 1) * step;
    high = low + step < high ? low + step : high;
  }
  return low;
}

template <class Number>
MLFF_DEVICE Number warp_sum(Number x) {
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(kAllLanes, x, offset);
  return x;
}

// The sum over the lanes before this one; the sum over all in `total`.
template <class Number>
MLFF_DEVICE Number warp_prefix(Number x, Number& total) {
  Number sum = x;
  for (int offset = 1; offset < 32; offset *= 2) {
    const Number other = __shfl_up_sync(kAllLanes, sum, offset);
    if (lane() >= offset) sum += other;
  }
  total = __shfl_sync(kAllLanes, sum, 31);
  return sum - x;
}

// The sum over the threads of the block before this one; the sum over all in `total`. For the whole block.
MLFF_DEVICE Int64 block_prefix(Int64 x, Int64& total) {
  __shared__ Int64 of_warp[kWarps];
  Int64 all;
  Int64 before = warp_prefix(x, all);
  __syncthreads();
  if (lane() == 0) of_warp[warp()] = all;
  __syncthreads();
  total = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (w == warp()) before += total;
    total += of_warp[w];
  }
  return before;
}

// True in every thread of the last block to come here: it sees what the others wrote before. Leaves the ticket at 0.
MLFF_DEVICE bool is_last_block(unsigned* ticket) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(ticket, 1u) == gridDim.x - 1;
    if (last) *ticket = 0;
  }
  __syncthreads();
  __threadfence();
  return last;
}

// Turns numbers into the sums of those before them, by one block. Returns the sum of all. Loads go in groups, which
// wait for memory together.
MLFF_DEVICE Int64 scan_by_block(Int64* numbers, int n) {
  constexpr int kGroup = 8;
  const int share = (n + kThreads - 1) / kThreads;
  const int first = (int)threadIdx.x * share;
  const int last = first + share < n ? first + share : n;
  Int64 own = 0, total;
#pragma unroll 8
  for (int k = first; k < last; ++k) own += numbers[k];
  Int64 before = block_prefix(own, total);
  for (int k = first; k < last; k += kGroup) {
    Int64 x[kGroup];
#pragma unroll
    for (int u = 0; u < kGroup; ++u) x[u] = k + u < last ? numbers[k + u] : 0;
#pragma unroll
    for (int u = 0; u < kGroup; ++u) {
      if (k + u < last) numbers[k + u] = before;
      before += x[u];
    }
  }
  return total;
}

// Finds systems without atoms, and bounds that are out of order. By all threads of the grid.
MLFF_DEVICE void check_sizes(const ListArguments& a) {
  const int n_systems = a.size->n_systems;
  for (int s = thread_of_grid(); s < n_systems; s += (int)gridDim.x * kThreads) {
    const int first = a.system_begin[s], last = a.system_begin[s + 1];
    const bool whole = (s > 0 || first == 0) && (s + 1 < n_systems || last == a.size->n_atoms);
    if (last <= first || !whole) atomicMin(&a.state->bad_size, s);
  }
}

// A fault that makes positions or cells unusable: the search must not begin.
MLFF_DEVICE bool is_unusable(const ListState* state) {
  return state->bad_position != kNone || state->bad_cell != kNone || state->bad_images != kNone ||
         state->bad_size != kNone;
}

MLFF_DEVICE bool must_rebuild(const ListArguments& a) { return a.state->rebuild && !is_unusable(a.state); }
