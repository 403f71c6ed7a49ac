// Sorting the atoms in space, for ListPath::cells: checks, grid, counting sort by cell. One thread an atom, a system or
// a few cells.
//
// What follows list_check does nothing unless this call has to rebuild. The order within a cell is that of the input,
// so that the order in which threads arrive leaves no trace.

#include "neighbour_grid.cuh"

constexpr int kCellsPerThread = 8;

// One thread a system: its lattice if it is not that of the latest rebuild.
MLFF_LIST_KERNEL(list_begin) {
  ListState* const state = a.state;
  const int s = thread_of_grid();
  if (s == 0) {
    const bool same_size = state->known.n_atoms == a.size->n_atoms && state->known.n_systems == a.size->n_systems;
    if (!state->valid || !same_size || a.skin == 0) state->rebuild = 1;
  }
  const int n_systems = a.size->n_systems;
  check_sizes(a);
  if (s >= n_systems) return;
  for (int d = 0; d < 3; ++d) {
    a.bounds[s].low[d] = kNoKey;
    a.bounds[s].high[d] = 0;
  }
  a.bounds[s].largest = 0;
  const int periodic = a.periodic == nullptr ? 0 : a.periodic[s] & 7;
  bool same = state->valid != 0 && state->known.n_systems == n_systems && a.known_periodic[s] == periodic &&
              a.known_begin[s] == a.system_begin[s];
  for (int k = 0; k < 9 && periodic != 0; ++k)
    same = same && a.known_cells[9 * (size_t)s + k] == a.cells[9 * (size_t)s + k];
  if (same) return;
  state->rebuild = 1;
  a.known_periodic[s] = periodic;
  a.known_begin[s] = a.system_begin[s];
  for (int k = 0; k < 9 && periodic != 0; ++k) a.known_cells[9 * (size_t)s + k] = a.cells[9 * (size_t)s + k];
  make_lattice(periodic == 0 ? nullptr : a.cells + 9 * (size_t)s, periodic, a.cutoff + a.skin, a.lattices[s]);
  record_cell_fault(state, a.lattices[s].fault, s);
}

// Reading first is cheaper than an atomic operation that changes nothing.
MLFF_DEVICE void lower_to(UInt64* address, UInt64 key) {
  if (key < *(volatile UInt64*)address) atomicMin(address, key);
}
MLFF_DEVICE void raise_to(UInt64* address, UInt64 key) {
  if (key > *(volatile UInt64*)address) atomicMax(address, key);
}

// How far the atoms of a system reach along directions that are not periodic.
MLFF_DEVICE void widen_bounds(const ListArguments& a, int system, double x, double y, double z) {
  Bounds* const bounds = a.bounds + system;
  const Lattice& lattice = a.lattices[system];
  const double largest = fmax(fabs(x), fmax(fabs(y), fabs(z)));
  raise_to(&bounds->largest, ordered_key(largest));
  for (int d = 0; d < 3; ++d) {
    if (lattice.periodic >> d & 1) continue;
    const UInt64 key = ordered_key(coordinate(lattice, d, x, y, z));
    lower_to(&bounds->low[d], key);
    raise_to(&bounds->high[d], key);
  }
}

static __device__ void make_grid(const ListArguments& a, int system) {
  const Lattice& lattice = a.lattices[system];
  const volatile Bounds* const bounds = a.bounds + system;
  const int first = a.system_begin[system];
  const double most = 2.0 * (a.system_begin[system + 1] - first) + kSpareCells;
  const double reach = (a.cutoff + a.skin) * (1 + 1e-9) + 1e-14 * number_of_key(bounds->largest);
  double low[3], extent[3], count[3];
  for (int d = 0; d < 3; ++d) {
    const bool periodic = lattice.periodic >> d & 1;
    low[d] = periodic ? 0 : number_of_key(bounds->low[d]);
    extent[d] = periodic ? 1 : number_of_key(bounds->high[d]) - low[d];
    count[d] = fmin(fmax(floor(extent[d] / lattice.per_height[d] / reach), 1.0), 1e6);
  }
  // Mostly empty cells cost memory and save nothing.
  while (count[0] * count[1] * count[2] > most) {
    const int d = count[0] >= count[1] && count[0] >= count[2] ? 0 : (count[1] >= count[2] ? 1 : 2);
    count[d] = ceil(count[d] / 2);
  }
  Grid& grid = a.grids[system];
  for (int d = 0; d < 3; ++d) {
    grid.low[d] = low[d];
    grid.n[d] = (int)count[d];
    grid.scale[d] = extent[d] > 0 ? count[d] / extent[d] : 0;
  }
  grid.first_cell = first_cell_of(first, system);
}

// One thread an atom, in the order of the latest rebuild if that is of use. The last block lays out the cells.
MLFF_LIST_KERNEL(list_check) {
  ListState* const state = a.state;
  const int n_atoms = a.size->n_atoms, n_systems = a.size->n_systems;
  const int s = thread_of_grid();
  const bool known =
      a.skin > 0 && state->valid && state->known.n_atoms == n_atoms && state->known.n_systems == n_systems;
  const int n_cells = first_cell_of(n_atoms, n_systems);
  for (int c = s; c <= n_cells; c += (int)gridDim.x * kThreads) a.cell_count[c] = 0;
  if (s < n_atoms) {
    const int o = known ? a.order[s] : s;
    const double* const r = a.positions + three(o);
    const double x = r[0], y = r[1], z = r[2];
    const bool good = fabs(x) <= kLargestCoordinate && fabs(y) <= kLargestCoordinate && fabs(z) <= kLargestCoordinate;
    if (!good) atomicMin(&state->bad_position, o);
    const int number = a.atomic_numbers[o];
    const int element = number >= 0 && number < a.n_numbers ? a.element_of_number[number] : -1;
    if (element < 0) atomicMin(&state->bad_element, o);
    if (known) {
      double* const sorted = a.sorted_positions + three(s);
      sorted[0] = x;
      sorted[1] = y;
      sorted[2] = z;
      a.element[s] = element < 0 ? 0 : element;
      const double d[3] = {x - a.reference[three(s)], y - a.reference[three(s) + 1], z - a.reference[three(s) + 2]};
      const double allowed = 0.5 * a.skin * (1 - 1e-9);
      if (!(dot3(d, d) <= allowed * allowed)) state->rebuild = 1;
    }
    const int system = find_interval(n_systems, s, [&](int k) { return a.system_begin[k]; });
    if (good && a.lattices[system].fault == kNoFault) widen_bounds(a, system, x, y, z);
  }
  if (!is_last_block(&state->check_ticket)) return;
  if (is_unusable(state)) return;
  for (int k = (int)threadIdx.x; k < n_systems; k += kThreads) make_grid(a, k);
}

MLFF_LIST_KERNEL(cells_count) {
  if (!must_rebuild(a)) return;
  const int i = thread_of_grid();
  if (i >= a.size->n_atoms) return;
  const int system = find_interval(a.size->n_systems, i, [&](int k) { return a.system_begin[k]; });
  int at[3];
  const Grid& grid = a.grids[system];
  const double* const r = a.positions + three(i);
  find_cell(a.lattices[system], grid, r[0], r[1], r[2], at);
  const int cell = grid.first_cell + cell_number(grid.n, at[0], at[1], at[2]);
  a.cell_of_atom[i] = cell;
  a.arrival[i] = atomicAdd(&a.cell_count[cell], 1);
}

MLFF_LIST_KERNEL(cells_scan) {
  if (!must_rebuild(a)) return;
  const int n_cells = first_cell_of(a.size->n_atoms, a.size->n_systems) + 1;
  const int first = (int)blockIdx.x * kCellChunk + (int)threadIdx.x * kCellsPerThread;
  Int64 own = 0, total;
  for (int c = first; c < first + kCellsPerThread && c < n_cells; ++c) own += a.cell_count[c];
  int before = (int)block_prefix(own, total);
  for (int c = first; c < first + kCellsPerThread && c < n_cells; ++c) {
    a.cell_first[c] = before;
    before += a.cell_count[c];
  }
  if (threadIdx.x == 0) a.chunk_first[blockIdx.x] = total;
  if (is_last_block(&a.state->scan_ticket)) scan_by_block(a.chunk_first, (int)gridDim.x);
}

MLFF_LIST_KERNEL(cells_scatter) {
  if (!must_rebuild(a)) return;
  const int i = thread_of_grid();
  if (i < a.size->n_atoms) a.slots[first_of_cell(a, a.cell_of_atom[i]) + a.arrival[i]] = i;
}

// Threads beyond the atoms write what padding holds.
MLFF_LIST_KERNEL(cells_sort) {
  if (!must_rebuild(a)) return;
  const int p = thread_of_grid();
  if (p >= a.most_atoms) return;
  if (p >= a.size->n_atoms) {
    a.order[p] = p;
    a.element[p] = 0;
    a.system_of_atom[p] = 0;
    return;
  }
  const int i = a.slots[p];
  const int cell = a.cell_of_atom[i];
  const int first = first_of_cell(a, cell), last = first_of_cell(a, cell + 1);
  int s = first;
  for (int k = first; k < last; ++k) s += a.slots[k] < i ? 1 : 0;
  a.order[s] = i;
  a.system_of_atom[s] = find_interval(a.size->n_systems, i, [&](int k) { return a.system_begin[k]; });
  const int number = a.atomic_numbers[i];
  const int element = number >= 0 && number < a.n_numbers ? a.element_of_number[number] : -1;
  a.element[s] = element < 0 ? 0 : element;
  for (int k = 0; k < 3; ++k) {
    const double x = a.positions[three(i) + k];
    a.sorted_positions[three(s) + k] = x;
    if (a.skin > 0) a.reference[three(s) + k] = x;
  }
}
