// A model by hand for the tests of the host executor: with f(r) = (1 - (r / rc)^2)^3,
//   density_i = sum_j a_j f(r_ij),   E_i = sum_j c / 2 f(r_ij) + density_i^2.
// Two phases, as the gradient of a pair needs the neighbour's density. LEAVE_OUT names an atom that nobody writes.
#ifndef REAL
#define REAL double
#endif
#ifndef LEAVE_OUT
#define LEAVE_OUT -1
#endif

static REAL f(REAL r, REAL rc) {
  const REAL x = 1 - r * r / (rc * rc);
  return x * x * x;
}

static REAL df(REAL r, REAL rc) {
  const REAL x = 1 - r * r / (rc * rc);
  return -6 * r / (rc * rc) * x * x;
}

// n_atoms, element, pair_begin, pair_neighbour, pair_geometry, weights {rc, c, a...}, density, atom_energy, tile_atoms
void mlff_host_phase_0(void** arguments, int block, int n_blocks) {
  const int n_atoms = *(const int*)arguments[0];
  const int* element = *(const int**)arguments[1];
  const int* pair_begin = *(const int**)arguments[2];
  const int* pair_neighbour = *(const int**)arguments[3];
  const REAL* geometry = *(const REAL**)arguments[4];
  const REAL* weights = *(const REAL**)arguments[5];
  REAL* density = *(REAL**)arguments[6];
  REAL* atom_energy = *(REAL**)arguments[7];
  const int tile_atoms = *(const int*)arguments[8];
  (void)n_blocks;
  for (int i = block * tile_atoms; i < (block + 1) * tile_atoms && i < n_atoms; ++i) {
    if (i == LEAVE_OUT) continue;
    REAL rho = 0, energy = 0;
    for (int q = pair_begin[i]; q < pair_begin[i + 1]; ++q) {
      const REAL value = f(geometry[4 * q + 3], weights[0]);
      rho += weights[2 + element[pair_neighbour[q]]] * value;
      energy += weights[1] / 2 * value;
    }
    density[i] = rho;
    atom_energy[i] = energy + rho * rho;
  }
}

// n_atoms, element, pair_begin, pair_neighbour, pair_geometry, weights, density, pair_gradient, tile_atoms
void mlff_host_phase_1(void** arguments, int block, int n_blocks) {
  const int n_atoms = *(const int*)arguments[0];
  const int* element = *(const int**)arguments[1];
  const int* pair_begin = *(const int**)arguments[2];
  const int* pair_neighbour = *(const int**)arguments[3];
  const REAL* geometry = *(const REAL**)arguments[4];
  const REAL* weights = *(const REAL**)arguments[5];
  const REAL* density = *(const REAL**)arguments[6];
  REAL* gradient = *(REAL**)arguments[7];
  const int tile_atoms = *(const int*)arguments[8];
  (void)n_blocks;
  for (int i = block * tile_atoms; i < (block + 1) * tile_atoms && i < n_atoms; ++i) {
    for (int q = pair_begin[i]; q < pair_begin[i + 1]; ++q) {
      const REAL slope = df(geometry[4 * q + 3], weights[0]);
      const REAL g = (weights[1] / 2 + 2 * density[pair_neighbour[q]] * weights[2 + element[i]]) * slope;
      for (int k = 0; k < 3; ++k) gradient[3 * q + k] = -g * geometry[4 * q + k];
    }
  }
}
