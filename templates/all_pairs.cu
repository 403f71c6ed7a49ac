// The neighbour list by ListPath::all_pairs: every atom of a system is tried.

#include "neighbour_rows.cuh"

// The atom's own entries of the list, and its system's lattice.
MLFF_LIST_KERNEL(all_pairs_count) {
  ListState* const state = a.state;
  check_sizes(a);
  count_rows<Count::images>(a, a.row_count, [&](int i, Search& search, Atom& atom) {
    const int system = find_interval_by_warp(a.size->n_systems, i, [&](int k) { return a.system_begin[k]; });
    const int first = max(a.system_begin[system], 0), last = min(a.system_begin[system + 1], a.size->n_atoms);
    if (lane() == 0) {
      const int periodic = a.periodic == nullptr ? 0 : a.periodic[system];
      make_lattice(periodic == 0 ? nullptr : a.cells + 9 * (size_t)system, periodic, a.cutoff, search.lattice);
      record_cell_fault(state, search.lattice.fault, system);
      if (i == first) a.lattices[system] = search.lattice;
      const double* const r = a.positions + three(i);
      for (int k = 0; k < 3; ++k) {
        if (!(fabs(r[k]) <= kLargestCoordinate)) atomicMin(&state->bad_position, i);
      }
      const int number = a.atomic_numbers[i];
      const int element = number >= 0 && number < a.n_numbers ? a.element_of_number[number] : -1;
      if (element < 0) atomicMin(&state->bad_element, i);
      a.element[i] = element < 0 ? 0 : element;
      a.system_of_atom[i] = system;
    }
    __syncwarp();
    atom.set(a.positions, &search.lattice, a.cutoff, i);
    return Trials{nullptr, nullptr, first, search.lattice.fault == kNoFault ? last - first : 0};
  });
  const int i = (int)blockIdx.x * a.rows_per_block + (int)threadIdx.x;
  if ((int)threadIdx.x < a.rows_per_block && i < a.most_atoms) {
    a.order[i] = i;
    if (i >= a.size->n_atoms) a.element[i] = a.system_of_atom[i] = 0;
  }
  count_pairs(a, false);
}

MLFF_LIST_KERNEL(all_pairs_fill) {
  fill_rows(a, [&](int i, Search& search, Atom& atom) {
    const int system = a.system_of_atom[i];
    const int first = a.system_begin[system], last = a.system_begin[system + 1];
    load_lattice(a.lattices[system], search);
    atom.set(a.positions, &search.lattice, a.cutoff, i);
    return Trials{nullptr, nullptr, first, last - first};
  });
}
