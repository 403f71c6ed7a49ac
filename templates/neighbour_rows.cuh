// Rows of pairs: counting, laying out and filling them, from all atoms of a system, from the cells around an atom, or
// from its candidates. One warp an atom; a block takes rows_per_block atoms.
//
// A kernel that counts leaves the number of pairs of each atom, and its last block turns the blocks' sums into where
// their rows begin; the kernel that fills meets the pairs in the same order. Rows are sorted by neighbour because the
// atoms to try are.

#include "neighbour_lattice.cuh"

// A warp's working memory.
struct Search {
  Lattice lattice;
  int end[32];    // trials up to and with this range
  int shift[32];  // atom to try = number of the trial + shift
};

// What to try for an atom: trial t is atom t + shift of the range that t falls into, or an entry of a list.
struct Trials {
  const int* list;
  const Search* ranges;  // several ranges, if not none
  int shift, count;

  __device__ int atom(int t) const {
    if (list != nullptr) return list[t];
    if (ranges == nullptr) return t + shift;
    int k = 0;
#pragma unroll
    for (int step = 16; step > 0; step /= 2) {
      if (t >= ranges->end[k + step - 1]) k += step;
    }
    return t + ranges->shift[k];
  }
};

// A warp's view of its atom.
struct Atom {
  const double* positions;  // in the order of the trials
  const Lattice* lattice;
  double x, y, z;
  double reach[3], limit;
  int index;

  __device__ void set(const double* all, const Lattice* own_lattice, double cutoff, int i) {
    positions = all;
    lattice = own_lattice;
    x = all[three(i)];
    y = all[three(i) + 1];
    z = all[three(i) + 2];
    set_reach(*lattice, cutoff, reach);
    limit = cutoff * cutoff;
    index = i;
  }
  template <class Visit>
  __device__ void visit(int j, Visit&& visit_image) const {
    const double* const r = positions + three(j);
    visit_images(*lattice, reach, limit, j == index, r[0] - x, r[1] - y, r[2] - z, visit_image);
  }
};

MLFF_DEVICE void load_lattice(const Lattice& from, Search& search) {
  constexpr int kWords = sizeof(Lattice) / 8;
  static_assert(kWords <= 32 && sizeof(Lattice) % 8 == 0, "one word a lane");
  if (lane() < kWords) ((Int64*)&search.lattice)[lane()] = ((const Int64*)&from)[lane()];
  __syncwarp();
}

enum class Count { images, atoms };

// The pairs of an atom, or the atoms with any; in every lane.
template <Count WHAT>
static __device__ int count_row(const ListArguments& a, const Atom& atom, const Trials& trials) {
  int count = 0;
#pragma unroll 1
  for (int t = lane(); t < trials.count; t += 32) {
    const int j = trials.atom(t);
    int found = 0;
    atom.visit(j, [&](double, double, double, double r2) {
      ++found;
      if (WHAT == Count::images && r2 < kOverlapDistance * kOverlapDistance) {
        const bool sorted = atom.positions != a.positions;
        const int first = sorted ? a.order[atom.index] : atom.index, second = sorted ? a.order[j] : j;
        atomicMin(&a.state->overlap, (UInt64)first << 32 | (UInt64)second);
      }
    });
    count += WHAT == Count::images ? found : (found > 0 ? 1 : 0);
  }
  return warp_sum(count);
}

struct alignas(16) PairGeometry {
  real unit[3], distance;
};

MLFF_DEVICE void store_pair(const ListArguments& a, int q, int j, double dx, double dy, double dz, double r2) {
  const double r = sqrt(r2);
  const double scale = 1 / r;
  a.pair_neighbour[q] = j;
  ((PairGeometry*)a.pair_geometry)[q] = {{(real)(dx * scale), (real)(dy * scale), (real)(dz * scale)}, (real)r};
}

static __device__ void fill_pairs(const ListArguments& a, const Atom& atom, const Trials& trials, int q) {
#pragma unroll 1
  for (int t0 = 0; t0 < trials.count; t0 += 32) {
    const int t = t0 + lane();
    int found = 0, j = 0;
    double x = 0, y = 0, z = 0, square = 0;
    if (t < trials.count) {
      j = trials.atom(t);
      atom.visit(j, [&](double dx, double dy, double dz, double r2) {
        ++found;
        x = dx;
        y = dy;
        z = dz;
        square = r2;
      });
    }
    int before, all;
    if (__ballot_sync(kAllLanes, found > 1) == 0) {
      const unsigned some = __ballot_sync(kAllLanes, found > 0);
      before = __popc(some & ((1u << lane()) - 1u));
      all = __popc(some);
    } else {
      before = warp_prefix(found, all);
    }
    if (found == 1) {
      store_pair(a, q + before, j, x, y, z, square);
    } else if (found > 1) {
      int next = q + before;
      atom.visit(j, [&](double dx, double dy, double dz, double r2) { store_pair(a, next++, j, dx, dy, dz, r2); });
    }
    q += all;
  }
}

static __device__ void fill_candidates(const ListArguments& a, const Atom& atom, const Trials& trials, int q) {
#pragma unroll 1
  for (int t0 = 0; t0 < trials.count; t0 += 32) {
    const int t = t0 + lane();
    bool found = false;
    int j = 0;
    if (t < trials.count) {
      j = trials.atom(t);
      atom.visit(j, [&](double, double, double, double) { found = true; });
    }
    const unsigned some = __ballot_sync(kAllLanes, found);
    if (found) a.candidate[q + __popc(some & ((1u << lane()) - 1u))] = j;
    q += __popc(some);
  }
}

// The rows of a block: counts become sums of blocks. True in the last block, with the sum of all rows in `total`.
MLFF_DEVICE bool lay_out_rows(const ListArguments& a, const int* counts, Int64* block_first, unsigned* ticket,
                              Int64& total) {
  __syncthreads();
  const int i = (int)blockIdx.x * a.rows_per_block + (int)threadIdx.x;
  const bool has_row = (int)threadIdx.x < a.rows_per_block && i < a.most_atoms;
  Int64 sum;
  block_prefix(has_row ? counts[i] : 0, sum);
  if (threadIdx.x == 0) block_first[blockIdx.x] = sum;
  if (!is_last_block(ticket)) return false;
  total = scan_by_block(block_first, (int)gridDim.x);
  return true;
}

// Where the rows of a block begin, in shared memory and in `begin` [most_atoms + 1]; all at 0 if the list is empty.
MLFF_DEVICE void place_rows(const ListArguments& a, const int* counts, const Int64* block_first, bool empty, int* begin,
                            int* begin_of_row) {
  const int i = (int)blockIdx.x * a.rows_per_block + (int)threadIdx.x;
  const bool has_row = (int)threadIdx.x < a.rows_per_block && i < a.most_atoms;
  const int count = has_row && !empty ? counts[i] : 0;
  Int64 sum;
  const Int64 before = block_prefix(count, sum) + (empty ? 0 : block_first[blockIdx.x]);
  if (has_row) {
    begin[i] = (int)before;
    begin_of_row[threadIdx.x] = (int)before;
    if (i == a.most_atoms - 1) begin[a.most_atoms] = (int)before + count;
  }
  __syncthreads();
}

static __device__ double nearest_distance(const ListArguments& a, int i, int j) {
  const int system = find_interval(a.size->n_systems, i, [&](int k) { return a.system_begin[k]; });
  double reach[3], nearest = 1;
  set_reach(a.lattices[system], a.cutoff, reach);
  const double* const from = a.positions + three(i);
  const double* const to = a.positions + three(j);
  visit_images(a.lattices[system], reach, 1, i == j, to[0] - from[0], to[1] - from[1], to[2] - from[2],
               [&](double, double, double, double r2) { nearest = r2 < nearest ? r2 : nearest; });
  return sqrt(nearest);
}

// The status of the call; the state is made ready for the next one. By one thread, when all pairs are counted.
static __device__ void conclude(const ListArguments& a, Int64 n_pairs, bool keeps_order) {
  ListState* const state = a.state;
  Status out;
  out.list_fault = kNoFault;
  out.atom = out.other = out.system = -1;
  out.value = 0;
  out.n_pairs = n_pairs;
  out.n_candidates = keeps_order ? state->n_candidates : 0;
  out.rebuilt = state->rebuild || !keeps_order ? 1 : 0;
  out.bad_energy = out.bad_force = kNoKey;
  if (state->bad_position != kNone) {
    out.list_fault = kPositionFault;
    out.atom = state->bad_position;
    const double* const r = a.positions + three(out.atom);
    const int worst = !(fabs(r[0]) <= kLargestCoordinate) ? 0 : (!(fabs(r[1]) <= kLargestCoordinate) ? 1 : 2);
    out.value = r[worst];
  } else if (state->bad_cell != kNone) {
    out.list_fault = kCellFault;
    out.system = state->bad_cell;
  } else if (state->bad_images != kNone) {
    out.list_fault = kImagesFault;
    out.system = state->bad_images;
  } else if (state->bad_size != kNone) {
    out.list_fault = kEmptyFault;
    out.system = state->bad_size;
  } else if (state->bad_element != kNone) {
    out.list_fault = kElementFault;
    out.atom = state->bad_element;
    out.value = a.atomic_numbers[out.atom];
  } else if (state->overlap != kNoKey) {
    out.list_fault = kOverlapFault;
    out.atom = (int)(state->overlap >> 32);
    out.other = (int)(state->overlap & 0xffffffffu);
    out.value = nearest_distance(a, out.atom, out.other);
  } else if (n_pairs > a.pair_capacity || out.n_candidates > a.candidate_capacity) {
    out.list_fault = kCapacityFault;
  }
  state->n_rebuilds += out.rebuilt;
  out.n_rebuilds = state->n_rebuilds;
  *a.status = out;
  state->valid = keeps_order && out.list_fault == kNoFault ? 1 : 0;
  state->known = *a.size;
  state->rebuild = 0;
  state->bad_position = state->bad_element = state->bad_cell = state->bad_images = state->bad_size = kNone;
  state->overlap = kNoKey;
}

// Counts the rows of a block by prepare(i, search, atom) -> Trials, a warp each.
template <Count WHAT, class Prepare>
MLFF_DEVICE void count_rows(const ListArguments& a, int* counts, Prepare prepare) {
  __shared__ Search searches[kWarps];
  const int first = (int)blockIdx.x * a.rows_per_block;
  for (int row = warp(); row < a.rows_per_block; row += kWarps) {
    const int i = first + row;
    if (i >= a.most_atoms) break;
    int count = 0;
    if (i < a.size->n_atoms) {
      Atom atom;
      const Trials trials = prepare(i, searches[warp()], atom);
      count = count_row<WHAT>(a, atom, trials);
    }
    if (lane() == 0) counts[i] = count;
    __syncwarp();
  }
}

MLFF_DEVICE void count_pairs(const ListArguments& a, bool keeps_order) {
  Int64 total;
  if (lay_out_rows(a, a.row_count, a.block_first, &a.state->pair_ticket, total) && threadIdx.x == 0) {
    conclude(a, total, keeps_order);
  }
}

// Fills the rows of a block, a warp each, by prepare(i, search, atom) -> Trials. Padding of a faulty call is written
// here, for then nobody else has.
template <class Prepare>
MLFF_DEVICE void fill_rows(const ListArguments& a, Prepare prepare) {
  __shared__ Search searches[kWarps];
  __shared__ int begin_of_row[kThreads];
  const bool faulty = a.status->list_fault != kNoFault;
  place_rows(a, a.row_count, a.block_first, faulty, a.pair_begin, begin_of_row);
  const int first = (int)blockIdx.x * a.rows_per_block;
  if (faulty) {
    const int i = first + (int)threadIdx.x;
    if ((int)threadIdx.x >= a.rows_per_block || i >= a.most_atoms) return;
    a.order[i] = i;
    a.element[i] = 0;
    a.system_of_atom[i] = 0;
    return;
  }
  for (int row = warp(); row < a.rows_per_block && first + row < a.size->n_atoms; row += kWarps) {
    Atom atom;
    const Trials trials = prepare(first + row, searches[warp()], atom);
    fill_pairs(a, atom, trials, begin_of_row[row]);
    __syncwarp();
  }
}
