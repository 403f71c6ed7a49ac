// The cell of a system on the device, and the images of a pair: the rules of runtime/lattice.cpp.
//
// Displacements of opposite pairs are opposite bit for bit, because every step is odd in them: differences, products
// with whole numbers of lattice vectors, and sums that are fused here and nowhere else.

#include "neighbour_records.cuh"

MLFF_DEVICE double dot3(const double* a, const double* b) { return fma(a[2], b[2], fma(a[1], b[1], a[0] * b[0])); }

MLFF_DEVICE void cross3(const double* a, const double* b, double* out) {
  const double x = fma(a[1], b[2], -(a[2] * b[1]));
  const double y = fma(a[2], b[0], -(a[0] * b[2]));
  const double z = fma(a[0], b[1], -(a[1] * b[0]));
  out[0] = x;
  out[1] = y;
  out[2] = z;
}

MLFF_DEVICE void normalise3(double* a) {
  const double scale = 1 / sqrt(dot3(a, a));
  for (int k = 0; k < 3; ++k) a[k] *= scale;
}

MLFF_DEVICE double coordinate(const Lattice& lattice, int d, double x, double y, double z) {
  return fma(z, lattice.inverse[6 + d], fma(y, lattice.inverse[3 + d], x * lattice.inverse[d]));
}

// Rows along directions that are not periodic: unit vectors orthogonal to the periodic rows and to each other.
static __device__ void complete_rows(double* row, int periodic) {
  const int count = __popc((unsigned)periodic);
  if (count == 1) {
    const int d = __ffs(periodic) - 1;
    const double* own = row + 3 * d;
    int smallest = 0;
    for (int k = 1; k < 3; ++k) {
      if (fabs(own[k]) < fabs(own[smallest])) smallest = k;
    }
    const double axis[3] = {smallest == 0 ? 1.0 : 0.0, smallest == 1 ? 1.0 : 0.0, smallest == 2 ? 1.0 : 0.0};
    double* const second = row + 3 * ((d + 1) % 3);
    double* const third = row + 3 * ((d + 2) % 3);
    cross3(own, axis, second);
    normalise3(second);
    cross3(own, second, third);
    normalise3(third);
  }
  if (count == 2) {
    const int d = __ffs(~periodic & 7) - 1;
    cross3(row + 3 * ((d + 1) % 3), row + 3 * ((d + 2) % 3), row + 3 * d);
    normalise3(row + 3 * d);
  }
}

// Are the periodic lattice vectors finite, long enough, and do they span a length, an area or a volume?
static __device__ bool is_valid_cell(const double* row, int periodic) {
  double units[9];
  int n = 0;
  for (int d = 0; d < 3; ++d) {
    if ((periodic >> d & 1) == 0) continue;
    const double length = sqrt(dot3(row + 3 * d, row + 3 * d));
    if (!(length >= 1e-3 && length <= 1e12)) return false;
    for (int k = 0; k < 3; ++k) units[3 * n + k] = row[3 * d + k] / length;
    ++n;
  }
  if (n < 2) return true;
  double normal[3];
  cross3(units, units + 3, normal);
  const double volume = n == 2 ? sqrt(dot3(normal, normal)) : fabs(dot3(normal, units + 6));
  return volume >= 1e-8;
}

// `reach` is how far the search will go at most, cutoff + skin.
static __device__ void make_lattice(const double* cell, int periodic, double reach, Lattice& out) {
  periodic &= 7;
  out.periodic = periodic;
  out.fault = kNoFault;
  if (periodic == 0) {
    for (int k = 0; k < 9; ++k) out.row[k] = out.inverse[k] = k % 4 == 0 ? 1 : 0;
    for (int d = 0; d < 3; ++d) out.per_height[d] = 1;
    return;
  }
  for (int k = 0; k < 9; ++k) out.row[k] = cell[k];
  if (!is_valid_cell(out.row, periodic)) {
    out.fault = kCellFault;
    return;
  }
  complete_rows(out.row, periodic);
  double images = 1;
  for (int d = 0; d < 3; ++d) {
    double normal[3];
    cross3(out.row + 3 * ((d + 1) % 3), out.row + 3 * ((d + 2) % 3), normal);
    const double volume = dot3(normal, out.row + 3 * d);
    for (int k = 0; k < 3; ++k) out.inverse[3 * k + d] = normal[k] / volume;
    out.per_height[d] = sqrt(dot3(normal, normal)) / fabs(volume);
    if (periodic >> d & 1) images *= 2 * ceil(reach * out.per_height[d]) + 1;
  }
  if (!(images <= 2147483648.0)) out.fault = kImagesFault;
}

MLFF_DEVICE void record_cell_fault(ListState* state, int fault, int system) {
  if (fault == kCellFault) atomicMin(&state->bad_cell, system);
  if (fault == kImagesFault) atomicMin(&state->bad_images, system);
}

// Calls visit(dx, dy, dz, squared distance) for the images of a pair that are nearer than the cutoff, in the order of
// the numbers of lattice vectors between them. x, y, z: difference of the positions. reach[d]: of the cutoff in lattice
// vectors, a little more than exact.
template <class Visit>
MLFF_DEVICE void visit_images(const Lattice& lattice, const double (&reach)[3], double limit, bool itself, double x,
                              double y, double z, Visit&& visit) {
  const auto try_image = [&](double dx, double dy, double dz) {
    const double r2 = fma(dz, dz, fma(dy, dy, dx * dx));
    if (r2 < limit) visit(dx, dy, dz, r2);
  };
  if (lattice.periodic == 0) {
    if (!itself) try_image(x, y, z);
    return;
  }
  const double size = fabs(x) + fabs(y) + fabs(z);
  if (!(size <= 6 * kLargestCoordinate)) return;
  double low[3], high[3];
#pragma unroll
  for (int d = 0; d < 3; ++d) {
    low[d] = high[d] = 0;
    if ((lattice.periodic >> d & 1) == 0) continue;
    const double apart = coordinate(lattice, d, x, y, z);
    const double far = fma(1e-14 * lattice.per_height[d], size, reach[d]);
    low[d] = ceil(-far - apart);
    high[d] = floor(far - apart);
    if (low[d] > high[d]) return;
  }
  const double* const row = lattice.row;
#pragma unroll 1
  for (double i = low[0]; i <= high[0]; i += 1) {
#pragma unroll 1
    for (double j = low[1]; j <= high[1]; j += 1) {
#pragma unroll 1
      for (double k = low[2]; k <= high[2]; k += 1) {
        if (itself && i == 0 && j == 0 && k == 0) continue;
        const double tx = fma(k, row[6], fma(j, row[3], i * row[0]));
        const double ty = fma(k, row[7], fma(j, row[4], i * row[1]));
        const double tz = fma(k, row[8], fma(j, row[5], i * row[2]));
        try_image(x + tx, y + ty, z + tz);
      }
    }
  }
}

MLFF_DEVICE void set_reach(const Lattice& lattice, double cutoff, double (&reach)[3]) {
  for (int d = 0; d < 3; ++d) reach[d] = fma(cutoff * (1 + 1e-9), lattice.per_height[d], 1e-12);
}
