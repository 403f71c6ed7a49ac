// The neighbour list by ListPath::cells with a skin: candidates are taken from the cells when the list has to be
// rebuilt, and pairs from the candidates.

#include "neighbour_around.cuh"

MLFF_LIST_KERNEL(candidates_count) {
  if (!must_rebuild(a)) return;
  count_rows<Count::atoms>(a, a.candidate_count, [&](int i, Search& search, Atom& atom) {
    return prepare_around(a, a.cutoff + a.skin, i, search, atom);
  });
  Int64 total;
  if (lay_out_rows(a, a.candidate_count, a.candidate_block_first, &a.state->search_ticket, total) && threadIdx.x == 0) {
    a.state->n_candidates = total;
  }
}

MLFF_DEVICE bool has_candidates(const ListArguments& a) {
  return !is_unusable(a.state) && a.state->n_candidates <= a.candidate_capacity;
}

MLFF_LIST_KERNEL(candidates_fill) {
  __shared__ Search searches[kWarps];
  __shared__ int begin_of_row[kThreads];
  if (!must_rebuild(a) || !has_candidates(a)) return;
  place_rows(a, a.candidate_count, a.candidate_block_first, false, a.candidate_begin, begin_of_row);
  const int first = (int)blockIdx.x * a.rows_per_block;
  for (int row = warp(); row < a.rows_per_block && first + row < a.size->n_atoms; row += kWarps) {
    Atom atom;
    const Trials trials = prepare_around(a, a.cutoff + a.skin, first + row, searches[warp()], atom);
    fill_candidates(a, atom, trials, begin_of_row[row]);
    __syncwarp();
  }
}

MLFF_DEVICE Trials prepare_candidates(const ListArguments& a, int i, Search& search, Atom& atom) {
  load_lattice(a.lattices[a.system_of_atom[i]], search);
  atom.set(a.sorted_positions, &search.lattice, a.cutoff, i);
  const int first = a.candidate_begin[i];
  return {a.candidate + first, nullptr, 0, a.candidate_begin[i + 1] - first};
}

MLFF_LIST_KERNEL(candidate_pairs_count) {
  const bool usable = has_candidates(a);
  count_rows<Count::images>(a, a.row_count, [&](int i, Search& search, Atom& atom) {
    if (!usable) return Trials{nullptr, nullptr, 0, 0};
    return prepare_candidates(a, i, search, atom);
  });
  count_pairs(a, true);
}

MLFF_LIST_KERNEL(candidate_pairs_fill) {
  fill_rows(a, [&](int i, Search& search, Atom& atom) { return prepare_candidates(a, i, search, atom); });
}
