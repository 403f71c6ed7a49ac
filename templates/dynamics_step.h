// One atom's part of a time step, and its random numbers: the same text on a GPU (before dynamics.cu) and on the host.
//
// Units: length and energy of the model, time fs; masses in energy fs^2 / length^2, so that force / mass is an
// acceleration and mass * velocity^2 / 2 an energy.

#if defined(__CUDACC__) || defined(MLFF_SOFTWARE_GPU)
#define MLFF_STEP static __device__ __forceinline__
#else
#include <math.h>
#define MLFF_STEP static inline
#endif

struct MlffDynamics {
  double timestep;        // fs
  double keep;            // Langevin: exp(-friction * timestep), what is left of a velocity
  double renew;           // Langevin: sqrt(1 - keep^2), the share of new noise
  double thermal_energy;  // Langevin: Boltzmann constant times temperature
  unsigned int seed_low, seed_high;
  int langevin;
};

struct MlffRandom {
  unsigned int word[4];
};

// Philox4x32 with 10 rounds: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
MLFF_STEP struct MlffRandom mlff_philox(struct MlffRandom counter, unsigned int key0, unsigned int key1) {
  for (int round = 0; round < 10; ++round) {
    const unsigned long long a = 0xD2511F53ull * counter.word[0];
    const unsigned long long b = 0xCD9E8D57ull * counter.word[2];
    const struct MlffRandom next = {{(unsigned int)(b >> 32) ^ counter.word[1] ^ key0, (unsigned int)b,
                                     (unsigned int)(a >> 32) ^ counter.word[3] ^ key1, (unsigned int)a}};
    counter = next;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// Three standard normal numbers of one atom in one step (Box and Muller 1958). Step 0 is that of the first velocities.
MLFF_STEP void mlff_normals(unsigned int seed_low, unsigned int seed_high, long long step, int atom, int replica,
                            double* normal) {
  const struct MlffRandom counter = {{(unsigned int)(unsigned long long)step,
                                      (unsigned int)((unsigned long long)step >> 32), (unsigned int)atom,
                                      (unsigned int)replica}};
  const struct MlffRandom bits = mlff_philox(counter, seed_low, seed_high);
  const double kUnit = 1.0 / 4294967296.0, kTurn = 6.283185307179586;
  // Half a unit keeps the logarithm's argument from zero.
  const double radius0 = sqrt(-2.0 * log(((double)bits.word[0] + 0.5) * kUnit));
  const double radius1 = sqrt(-2.0 * log(((double)bits.word[2] + 0.5) * kUnit));
  const double angle0 = kTurn * (((double)bits.word[1] + 0.5) * kUnit);
  const double angle1 = kTurn * (((double)bits.word[3] + 0.5) * kUnit);
  normal[0] = radius0 * cos(angle0);
  normal[1] = radius0 * sin(angle0);
  normal[2] = radius1 * cos(angle1);
}

MLFF_STEP double mlff_kinetic(double mass, const double* velocity) {
  return 0.5 * mass * (velocity[0] * velocity[0] + velocity[1] * velocity[1] + velocity[2] * velocity[2]);
}

// B: half a step of the force.
MLFF_STEP void mlff_kick(const struct MlffDynamics* dynamics, double mass, const double* force, double* velocity) {
  for (int d = 0; d < 3; ++d) velocity[d] += 0.5 * dynamics->timestep * (force[d] / mass);
}

// A, or A O A with a thermostat: the positions' whole step, between two kicks. With Langevin's O exact in the middle
// this is BAOAB: Leimkuhler and Matthews, Appl. Math. Res. eXpress 2013, 34, eq. 7. Returns the heat that the bath
// gave.
MLFF_STEP double mlff_move(const struct MlffDynamics* dynamics, double mass, long long step, int atom, int replica,
                           double* position, double* velocity) {
  const double dt = dynamics->timestep;
  if (!dynamics->langevin) {
    for (int d = 0; d < 3; ++d) position[d] += dt * velocity[d];
    return 0;
  }
  const double keep = dynamics->keep;
  const double noise = dynamics->renew * sqrt(dynamics->thermal_energy / mass);
  double normal[3];
  mlff_normals(dynamics->seed_low, dynamics->seed_high, step, atom, replica, normal);
  const double before = mlff_kinetic(mass, velocity);
  for (int d = 0; d < 3; ++d) position[d] += 0.5 * dt * velocity[d];
  for (int d = 0; d < 3; ++d) velocity[d] = keep * velocity[d] + noise * normal[d];
  for (int d = 0; d < 3; ++d) position[d] += 0.5 * dt * velocity[d];
  return mlff_kinetic(mass, velocity) - before;
}

// One atom's part of what a step's energy lacks of the one that velocity Verlet conserves but for terms of the fourth
// order in the time step: dt^2 (v H v / 12 - a m a / 24) with the Hessian H, here from the change of the forces in the
// last step (Hairer, Lubich and Wanner, Acta Numerica 12, 2003, 399, sections 3 and 4).
MLFF_STEP double mlff_shadow(const struct MlffDynamics* dynamics, double mass, const double* force,
                             const double* force_before, const double* velocity) {
  const double dt = dynamics->timestep;
  double sum = 0;
  for (int d = 0; d < 3; ++d) {
    const double half_step = velocity[d] - 0.5 * dt * (force[d] / mass);
    sum += dt * half_step * (force_before[d] - force[d]) / 12 - dt * dt * force[d] * (force[d] / mass) / 24;
  }
  return sum;
}
