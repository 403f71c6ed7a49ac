// Time steps on the GPU (runtime/md/device_simulation.h): everything between two evaluations of the forces.
//
// All arrays are in the original order of the atoms, the systems one behind the other.

#include "dynamics_step.h"

constexpr int kThreads = 256;

// Where a queue of steps is.
struct StepClock {
  long long step;  // of the state
  int samples;     // written to the log since the host looked
  int unused;
};

struct StepArrays {
  const double* mass;         // [n_atoms]
  const int* system_of_atom;  // [n_atoms]
  const int* system_begin;    // [n_systems + 1]
  double* positions;          // [n_atoms][3]
  double* velocities;         // [n_atoms][3]
  double* forces;             // [n_atoms][3]
  double* forces_before;      // [n_atoms][3], of the step before a sample
  double* heat;               // [n_atoms]
  double* energies;           // [n_systems]
  StepClock* clock;
  double* log;  // [samples][n_systems][4]: potential, kinetic, heat, correction
  int n_atoms;
  int n_systems;
};

// The end of step clock->step + ahead and the beginning of the next one, or one of the two.
extern "C" __global__ void __launch_bounds__(kThreads)
    dynamics_move(const StepArrays a, const MlffDynamics dynamics, const int ahead, const int ends, const int begins) {
  const int i = (int)(blockIdx.x * kThreads + threadIdx.x);
  if (i >= a.n_atoms) return;
  const double mass = a.mass[i];
  double velocity[3], force[3];
  for (int d = 0; d < 3; ++d) {
    velocity[d] = a.velocities[3 * (size_t)i + d];
    force[d] = a.forces[3 * (size_t)i + d];
  }
  if (ends) mlff_kick(&dynamics, mass, force, velocity);
  if (begins) {
    const int system = a.system_of_atom[i];
    double position[3];
    for (int d = 0; d < 3; ++d) position[d] = a.positions[3 * (size_t)i + d];
    mlff_kick(&dynamics, mass, force, velocity);
    const double heat =
        mlff_move(&dynamics, mass, a.clock->step + ahead + 1, i - a.system_begin[system], system, position, velocity);
    if (dynamics.langevin) a.heat[i] += heat;
    for (int d = 0; d < 3; ++d) a.positions[3 * (size_t)i + d] = position[d];
  }
  for (int d = 0; d < 3; ++d) a.velocities[3 * (size_t)i + d] = velocity[d];
}

// One block a system: its sums, always in the same order, to the log.
extern "C" __global__ void __launch_bounds__(kThreads)
    dynamics_sample(const StepArrays a, const MlffDynamics dynamics) {
  __shared__ double sums[3][kThreads];
  const int t = (int)threadIdx.x, system = (int)blockIdx.x;
  double kinetic = 0, heat = 0, correction = 0;
  for (int i = a.system_begin[system] + t; i < a.system_begin[system + 1]; i += kThreads) {
    const double* const velocity = a.velocities + 3 * (size_t)i;
    kinetic += mlff_kinetic(a.mass[i], velocity);
    heat += a.heat[i];
    if (!dynamics.langevin) {
      correction +=
          mlff_shadow(&dynamics, a.mass[i], a.forces + 3 * (size_t)i, a.forces_before + 3 * (size_t)i, velocity);
    }
  }
  sums[0][t] = kinetic;
  sums[1][t] = heat;
  sums[2][t] = correction;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) {
      for (int k = 0; k < 3; ++k) sums[k][t] += sums[k][t + half];
    }
  }
  if (t > 0) return;
  double* const row = a.log + 4 * ((size_t)a.clock->samples * (size_t)a.n_systems + (size_t)system);
  row[0] = a.energies[system];
  for (int k = 0; k < 3; ++k) row[k + 1] = sums[k][0];
}

// So many steps have been made, the last of them sampled or not.
extern "C" __global__ void dynamics_tick(StepClock* clock, const int steps, const int sampled) {
  clock->step += steps;
  clock->samples += sampled;
}
