// The neighbour list by ListPath::cells without a skin: the pairs are taken from the cells.

#include "neighbour_around.cuh"

MLFF_LIST_KERNEL(cell_pairs_count) {
  const bool unusable = is_unusable(a.state);
  count_rows<Count::images>(a, a.row_count, [&](int i, Search& search, Atom& atom) {
    if (unusable) return Trials{nullptr, nullptr, 0, 0};
    return prepare_around(a, a.cutoff, i, search, atom);
  });
  count_pairs(a, true);
}

MLFF_LIST_KERNEL(cell_pairs_fill) {
  fill_rows(a, [&](int i, Search& search, Atom& atom) { return prepare_around(a, a.cutoff, i, search, atom); });
}
