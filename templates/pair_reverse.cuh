// The reverse of a pair, found in the neighbour's row: rows are sorted by neighbour, and images of one neighbour by the
// number of lattice vectors between, so that the images seen from the other side come in the opposite order.

#include "neighbour_records.cuh"

// The first entry of a sorted row that is not less than x.
MLFF_DEVICE int lower_bound(const int* sorted, int first, int last, int x) {
  while (first < last) {
    const int middle = first + (last - first) / 2;
    if (sorted[middle] < x) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

// The reverse of pair q of atom i, whose row is begin .. end - 1.
MLFF_DEVICE int find_reverse(const int* pair_begin, const int* pair_neighbour, int i, int begin, int end, int q) {
  const int j = pair_neighbour[q];
  const int place = lower_bound(pair_neighbour, pair_begin[j], pair_begin[j + 1], i);
  const bool repeats = (q > begin && pair_neighbour[q - 1] == j) || (q + 1 < end && pair_neighbour[q + 1] == j);
  if (!repeats) return place;
  return place + lower_bound(pair_neighbour, q, end, j + 1) - 1 - q;
}
