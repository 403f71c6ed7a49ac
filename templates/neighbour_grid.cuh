// Cells of a system and their numbers.

#include "neighbour_lattice.cuh"

constexpr int kSpareCells = 8;  // of each system, besides two for each atom
constexpr int kCellChunk = 2048;

// So many cells have the systems before this one at most, whatever their shapes.
MLFF_DEVICE int first_cell_of(int first_atom, int system) { return 2 * first_atom + kSpareCells * system; }

// Cells by blocks of 4 x 4 x 4, so that cells near each other have near numbers. No number is left out: blocks at the
// far edges are smaller.
MLFF_DEVICE int cell_number(const int* n, int x, int y, int z) {
  constexpr int kEdge = 4;
  const int bx = x / kEdge * kEdge, by = y / kEdge * kEdge, bz = z / kEdge * kEdge;
  const int sx = min(kEdge, n[0] - bx), sy = min(kEdge, n[1] - by), sz = min(kEdge, n[2] - bz);
  return bx * n[1] * n[2] + sx * (by * n[2] + sy * bz) + ((x - bx) * sy + (y - by)) * sz + (z - bz);
}

MLFF_DEVICE void find_cell(const Lattice& lattice, const Grid& grid, double x, double y, double z, int (&at)[3]) {
#pragma unroll
  for (int d = 0; d < 3; ++d) {
    const double c = coordinate(lattice, d, x, y, z);
    const double from_low = lattice.periodic >> d & 1 ? c - floor(c) : c - grid.low[d];
    at[d] = (int)fmin(fmax(from_low * grid.scale[d], 0.0), grid.n[d] - 1.0);
  }
}

// The first atom of a cell: its slot, and later its sorted index. Sums over cells are kept in two levels.
MLFF_DEVICE int first_of_cell(const ListArguments& a, int cell) {
  return a.cell_first[cell] + (int)a.chunk_first[cell / kCellChunk];
}
