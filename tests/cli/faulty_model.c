// A pair potential by hand that obeys physics, E_i = sum_j c f(r_ij) / 2 with f(r) = (1 - (r / rc)^2)^3, and one fault a
// macro that `mlffgen check` must find.
#ifndef SLOPE
#define SLOPE 1.0 /* a factor on the gradient */
#endif
#ifndef BY_X
#define BY_X 0.0 /* energy that depends on the pair's direction */
#endif
#ifndef BY_INDEX
#define BY_INDEX 0.0 /* energy that depends on the order of the atoms */
#endif
#ifndef BY_TILE
#define BY_TILE 0.0 /* energy that depends on how the work is shared */
#endif
#ifndef STRENGTH
#define STRENGTH 2.0 /* no fault: eV at no distance */
#endif

static const double kCutoff = 4.0, kStrength = STRENGTH;

// n_atoms, tile_atoms, pair_begin, pair_geometry, pair_gradient, atom_energy
void mlff_host_phase_0(void** arguments, int block, int n_blocks) {
  const int n_atoms = *(const int*)arguments[0], tile_atoms = *(const int*)arguments[1];
  const int* begin = *(const int**)arguments[2];
  const double* geometry = *(const double**)arguments[3];
  double* gradient = *(double**)arguments[4];
  double* energy = *(double**)arguments[5];
  (void)n_blocks;
  for (int i = block * tile_atoms; i < (block + 1) * tile_atoms && i < n_atoms; ++i) {
    energy[i] = BY_INDEX * i + BY_TILE * tile_atoms;
    for (int q = begin[i]; q < begin[i + 1]; ++q) {
      const double *u = geometry + 4 * q, r = u[3], x = 1 - r * r / (kCutoff * kCutoff);
      energy[i] += kStrength / 2 * x * x * x + BY_X * u[0] * u[0] * x * x * x;
      const double slope = kStrength / 2 * -6 * r / (kCutoff * kCutoff) * x * x * SLOPE;
      for (int k = 0; k < 3; ++k) gradient[3 * q + k] = -slope * u[k];
    }
  }
}
