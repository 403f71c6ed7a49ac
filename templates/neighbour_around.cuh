// The atoms to try for an atom that has been sorted into cells.

#include "neighbour_grid.cuh"
#include "neighbour_rows.cuh"

constexpr int kAround = 27;  // cells around an atom, with its own

// The atoms of the cells around an atom, by ascending number. Each cell counts once, even where it is its own
// neighbour: visit_images finds all images of an atom.
static __device__ Trials around(const ListArguments& a, int i, const Grid& grid, Search& search) {
  const double* const r = a.sorted_positions + three(i);
  int at[3];
  find_cell(search.lattice, grid, r[0], r[1], r[2], at);
  const int offset[3] = {lane() / 9, lane() / 3 % 3, lane() % 3};
  bool exists = lane() < kAround;
#pragma unroll
  for (int d = 0; d < 3; ++d) {
    const int n = grid.n[d];
    const bool wraps = search.lattice.periodic >> d & 1;
    if (wraps && n < 3) {
      at[d] = offset[d];
      exists = exists && at[d] < n;
    } else {
      at[d] += offset[d] - 1;
      if (wraps) at[d] = at[d] < 0 ? n - 1 : (at[d] == n ? 0 : at[d]);
      exists = exists && at[d] >= 0 && at[d] < n;
    }
  }
  const int cell = exists ? grid.first_cell + cell_number(grid.n, at[0], at[1], at[2]) : kNone;
  const int first = exists ? first_of_cell(a, cell) : 0;
  const int count = exists ? first_of_cell(a, cell + 1) - first : 0;
  int place = 0;
  for (int k = 0; k < kAround; ++k) place += __shfl_sync(kAllLanes, cell, k) < cell ? 1 : 0;
  search.end[lane()] = search.shift[lane()] = 0;
  __syncwarp();
  if (exists) {
    search.end[place] = count;
    search.shift[place] = first;
  }
  __syncwarp();
  const int own_count = search.end[lane()], own_first = search.shift[lane()];
  int total;
  const int before = warp_prefix(own_count, total);
  __syncwarp();
  search.end[lane()] = before + own_count;
  search.shift[lane()] = own_first - before;
  __syncwarp();
  return {nullptr, &search, 0, total};
}

MLFF_DEVICE Trials prepare_around(const ListArguments& a, double cutoff, int i, Search& search, Atom& atom) {
  const int system = a.system_of_atom[i];
  load_lattice(a.lattices[system], search);
  atom.set(a.sorted_positions, &search.lattice, cutoff, i);
  return around(a, i, a.grids[system], search);
}
