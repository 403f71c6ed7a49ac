/* Energy and forces of a molecule, then a batch of two systems in one call, from C.
 *
 *   evaluate MODEL.mlff [host|cuda|cuda:N]
 */
#include <mlffgen.h>
#include <stdio.h>
#include <stdlib.h>

/* Every function of mlffgen.h that can fail returns a status; the message is the thread's last error. */
static void check(mlffgen_status status) {
  if (status == MLFFGEN_OK) return;
  fprintf(stderr, "%s: %s\n", mlffgen_status_text(status), mlffgen_last_error());
  exit(EXIT_FAILURE);
}

/* Water, then carbon monoxide in a periodic box. */
static const int32_t numbers[] = {8, 1, 1, 6, 8};
static const double angstrom[] = {0.0, 0.0,     0.1193,  /* O */
                                  0.0, 0.7632,  -0.477,  /* H */
                                  0.0, -0.7632, -0.477,  /* H */
                                  0.0, 0.0,     0.0,     /* C */
                                  0.0, 0.0,     1.128};  /* O */
static const double box[] = {8, 0, 0, 0, 8, 0, 0, 0, 8}; /* rows are lattice vectors, angstrom */
enum { kWater = 3, kAtoms = 5, kSystems = 2 };

static void evaluate_molecule(mlffgen_model* model, const double* positions, const mlffgen_info* info) {
  double energy, forces[3 * kWater];

  mlffgen_systems systems = {0};
  systems.struct_size = sizeof systems;
  systems.n_systems = 1;
  systems.n_atoms = kWater;
  systems.positions = positions;
  systems.atomic_numbers = numbers;

  mlffgen_results results = {0};
  results.struct_size = sizeof results;
  results.energies = &energy;
  results.forces = forces;

  check(mlffgen_evaluate(model, &systems, &results));

  printf("water: %.6f %s\n", energy, info->energy_unit);
  for (int i = 0; i < kWater; ++i) {
    printf("  force on atom %d: %10.6f %10.6f %10.6f %s/%s\n", i, forces[3 * i], forces[3 * i + 1], forces[3 * i + 2],
           info->energy_unit, info->length_unit);
  }
}

static void evaluate_batch(mlffgen_model* model, const double* positions, const mlffgen_info* info) {
  const int32_t system_begin[kSystems + 1] = {0, kWater, kAtoms};
  const int32_t periodic[kSystems] = {0, MLFFGEN_PERIODIC_ALL};
  double cells[9 * kSystems] = {0};
  for (int k = 0; k < 9; ++k) cells[9 + k] = box[k] / info->length_in_angstrom;
  double energies[kSystems], forces[3 * kAtoms], virials[9 * kSystems];

  mlffgen_systems systems = {0};
  systems.struct_size = sizeof systems;
  systems.n_systems = kSystems;
  systems.n_atoms = kAtoms;
  systems.system_begin = system_begin;
  systems.positions = positions;
  systems.atomic_numbers = numbers;
  systems.cells = cells;
  systems.periodic = periodic;

  mlffgen_results results = {0};
  results.struct_size = sizeof results;
  results.energies = energies;
  results.forces = forces;
  results.virials = virials;

  check(mlffgen_evaluate(model, &systems, &results));

  for (int s = 0; s < kSystems; ++s) {
    const double* virial = virials + 9 * s;
    printf("system %d of the batch: %.6f %s, trace of the virial %.6f\n", s, energies[s], info->energy_unit,
           virial[0] + virial[4] + virial[8]);
  }
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: %s MODEL.mlff [host|cuda|cuda:N]\n", argv[0]);
    return EXIT_FAILURE;
  }
  mlffgen_options options = {0};
  options.struct_size = sizeof options;
  options.device = argc > 2 ? argv[2] : "host";

  mlffgen_model* model;
  check(mlffgen_create(argv[1], &options, &model));

  mlffgen_info info = {0};
  info.struct_size = sizeof info;
  check(mlffgen_get_info(model, &info));
  printf("%s on %s, %d bits\n", info.name, info.device, (int)info.precision);

  double positions[3 * kAtoms];
  for (int k = 0; k < 3 * kAtoms; ++k) positions[k] = angstrom[k] / info.length_in_angstrom;
  evaluate_molecule(model, positions, &info);
  evaluate_batch(model, positions, &info);

  mlffgen_destroy(model);
  return EXIT_SUCCESS;
}
