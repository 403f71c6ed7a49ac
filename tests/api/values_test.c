/* The numbers of mlffgen.h: shapes, signs, units and order, held against the energy itself.
 *
 *   values_test DOUBLE.mlff DEVICE
 */
#include <math.h>

#include "checks.h"

static void forces_are_minus_the_gradient(mlffgen_model* model) {
  double forces[3 * kAtoms], positions[3 * kAtoms];
  mlffgen_systems systems = methanol(kPositions);
  mlffgen_results results = no_results();
  results.forces = forces;
  CHECK(mlffgen_evaluate(model, &systems, &results) == MLFFGEN_OK);
  memcpy(positions, kPositions, sizeof positions);
  systems.positions = positions;
  const double step = 1e-4;
  for (int k = 0; k < 3 * kAtoms; ++k) {
    positions[k] = kPositions[k] + step;
    const double up = energy_of(model, &systems);
    positions[k] = kPositions[k] - step;
    const double down = energy_of(model, &systems);
    positions[k] = kPositions[k];
    CHECK(near(forces[k], (down - up) / (2 * step), 1e-6));
  }
}

static void virial_of_a_molecule_is_the_sum_of_positions_times_forces(mlffgen_model* model) {
  double forces[3 * kAtoms], virial[9];
  const mlffgen_systems systems = methanol(kPositions);
  mlffgen_results results = no_results();
  results.forces = forces;
  results.virials = virial;
  CHECK(mlffgen_evaluate(model, &systems, &results) == MLFFGEN_OK);
  double largest = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      double sum = 0;
      for (int i = 0; i < kAtoms; ++i) {
        sum += 0.5 * (kPositions[3 * i + a] * forces[3 * i + b] + kPositions[3 * i + b] * forces[3 * i + a]);
      }
      CHECK(near(virial[3 * a + b], sum, 1e-9));
      largest = fmax(largest, fabs(sum));
    }
  }
  CHECK(largest > 1e-3);
}

static void atom_energies_sum_to_the_energy_and_outputs_do_not_depend_on_each_other(mlffgen_model* model) {
  double energy, atom_energies[kAtoms], forces[3 * kAtoms], virial[9], again[3 * kAtoms];
  const mlffgen_systems systems = methanol(kPositions);
  mlffgen_results results = no_results();
  results.energies = &energy;
  results.atom_energies = atom_energies;
  results.forces = forces;
  results.virials = virial;
  CHECK(mlffgen_evaluate(model, &systems, &results) == MLFFGEN_OK);
  double sum = 0;
  for (int i = 0; i < kAtoms; ++i) sum += atom_energies[i];
  CHECK(near(energy, sum, 1e-12 * fabs(sum)));
  CHECK(energy == energy_of(model, &systems));

  mlffgen_results only = no_results();
  only.forces = again;
  CHECK(mlffgen_evaluate(model, &systems, &only) == MLFFGEN_OK);
  CHECK(memcmp(forces, again, sizeof forces) == 0);
  only = no_results();
  only.virials = again;
  CHECK(mlffgen_evaluate(model, &systems, &only) == MLFFGEN_OK);
  CHECK(memcmp(virial, again, sizeof virial) == 0);
  only = no_results();
  only.atom_energies = again;
  CHECK(mlffgen_evaluate(model, &systems, &only) == MLFFGEN_OK);
  CHECK(memcmp(atom_energies, again, sizeof atom_energies) == 0);
  only = no_results();
  CHECK(mlffgen_evaluate(model, &systems, &only) == MLFFGEN_OK);
}

/* A skew cell of which only the first vector repeats: an atom may be moved by that row, and by no other. */
static void rows_of_the_cell_are_lattice_vectors_and_bits_mark_the_periodic_ones(mlffgen_model* model) {
  const double cell[9] = {0.5, 4, -1, 7, 1, 2, 3, 0.25, 9};
  const int32_t first = MLFFGEN_PERIODIC_A, all = MLFFGEN_PERIODIC_ALL;
  double positions[3 * kAtoms];
  memcpy(positions, kPositions, sizeof positions);
  mlffgen_systems systems = methanol(positions);
  const double molecule = energy_of(model, &systems);
  systems.cells = cell;
  systems.periodic = &first;
  const double row = energy_of(model, &systems);
  CHECK(!near(molecule, row, 1e-6));
  for (int vector = 0; vector < 3; ++vector) {
    for (int c = 0; c < 3; ++c) positions[3 + c] = kPositions[3 + c] + cell[3 * vector + c];
    CHECK(near(energy_of(model, &systems), row, 1e-9) == (vector == 0));
    systems.periodic = &all;
    const double moved = energy_of(model, &systems);
    for (int c = 0; c < 3; ++c) positions[3 + c] = kPositions[3 + c];
    CHECK(near(energy_of(model, &systems), moved, 1e-9));
    systems.periodic = &first;
  }
}

static void a_batch_is_its_systems(mlffgen_model* model) {
  enum { kSystems = 3, kAll = kAtoms + 1 + kAtoms };
  const double cells[9 * kSystems] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 1, 0, 7};
  const int32_t periodic[kSystems] = {0, 0, MLFFGEN_PERIODIC_A | MLFFGEN_PERIODIC_C};
  const int32_t begin[kSystems + 1] = {0, kAtoms, kAtoms + 1, kAll};
  double positions[3 * kAll], energies[kSystems], atom_energies[kAll], forces[3 * kAll], virials[9 * kSystems];
  int32_t numbers[kAll];
  memcpy(positions, kPositions, sizeof kPositions);
  memcpy(numbers, kNumbers, sizeof kNumbers);
  positions[3 * kAtoms] = positions[3 * kAtoms + 1] = positions[3 * kAtoms + 2] = 1;
  numbers[kAtoms] = 8;
  memcpy(positions + 3 * (kAtoms + 1), kPositions, sizeof kPositions);
  memcpy(numbers + kAtoms + 1, kNumbers, sizeof kNumbers);

  mlffgen_systems systems = methanol(positions);
  systems.n_systems = kSystems;
  systems.n_atoms = kAll;
  systems.system_begin = begin;
  systems.atomic_numbers = numbers;
  systems.cells = cells;
  systems.periodic = periodic;
  mlffgen_results results = no_results();
  results.energies = energies;
  results.atom_energies = atom_energies;
  results.forces = forces;
  results.virials = virials;
  CHECK(mlffgen_evaluate(model, &systems, &results) == MLFFGEN_OK);

  for (int s = 0; s < kSystems; ++s) {
    double energy, atom_energy[kAtoms], force[3 * kAtoms], virial[9];
    const int first = begin[s], atoms = begin[s + 1] - begin[s];
    mlffgen_systems one = methanol(positions + 3 * first);
    one.n_atoms = atoms;
    one.atomic_numbers = numbers + first;
    one.cells = cells + 9 * s;
    one.periodic = periodic + s;
    mlffgen_results own = no_results();
    own.energies = &energy;
    own.atom_energies = atom_energy;
    own.forces = force;
    own.virials = virial;
    CHECK(mlffgen_evaluate(model, &one, &own) == MLFFGEN_OK);
    CHECK(near(energy, energies[s], 1e-12 * fabs(energy)));
    for (int i = 0; i < atoms; ++i) CHECK(near(atom_energy[i], atom_energies[first + i], 1e-11));
    for (int k = 0; k < 3 * atoms; ++k) CHECK(near(force[k], forces[3 * first + k], 1e-11));
    for (int k = 0; k < 9; ++k) CHECK(near(virial[k], virials[9 * s + k], 1e-11));
  }

  /* No systems at all are nothing to do. */
  systems.n_systems = systems.n_atoms = 0;
  CHECK(mlffgen_evaluate(model, &systems, &results) == MLFFGEN_OK);
}

static void facts_are_those_of_the_model(mlffgen_model* model, const char* device) {
  mlffgen_info info = {0};
  info.struct_size = sizeof info;
  CHECK(mlffgen_get_info(model, &info) == MLFFGEN_OK);
  CHECK(strcmp(info.name, "painn-untrained") == 0);
  CHECK(strncmp(info.device, device, strlen(device)) == 0);
  CHECK(strcmp(info.length_unit, "angstrom") == 0 && strcmp(info.energy_unit, "eV") == 0);
  CHECK(info.length_in_angstrom == 1 && info.energy_in_ev == 1);
  CHECK(info.cutoff == 5);
  CHECK(info.n_elements == 3 && info.elements[0] == 1 && info.elements[1] == 6 && info.elements[2] == 8);
  CHECK(info.element_energies != NULL);
  CHECK(info.precision == MLFFGEN_DOUBLE_PRECISION);
  CHECK(info.cuda_device == (strcmp(device, "host") == 0 ? -1 : 0));
  CHECK(strlen(info.generator) > 0);
  CHECK(strncmp(mlffgen_version(), "0.1.", 4) == 0);
}

static void memory_and_counts_follow_the_calls(const char* path, const char* device) {
  mlffgen_model* model = open_model(path, device);
  mlffgen_statistics before = {0}, after = {0};
  mlffgen_memory memory = {0};
  before.struct_size = after.struct_size = sizeof before;
  memory.struct_size = sizeof memory;
  CHECK(mlffgen_get_statistics(model, &before) == MLFFGEN_OK);
  CHECK(before.calls == 0);
  CHECK(mlffgen_get_memory(model, &memory) == MLFFGEN_OK);
  const uint64_t held = memory.held;
  CHECK(memory.per_atom > 100 && memory.per_pair > 32);

  const mlffgen_systems systems = methanol(kPositions);
  energy_of(model, &systems);
  energy_of(model, &systems);
  CHECK(mlffgen_get_statistics(model, &after) == MLFFGEN_OK);
  CHECK(after.calls == 2);
  CHECK(after.pairs == kAtoms * (kAtoms - 1) || (after.pairs == -1 && strcmp(device, "host") != 0));
  CHECK(mlffgen_get_memory(model, &memory) == MLFFGEN_OK);
  CHECK(memory.held > held && memory.held < 100000000);
  mlffgen_destroy(model);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  mlffgen_model* model = open_model(argv[1], argv[2]);
  forces_are_minus_the_gradient(model);
  virial_of_a_molecule_is_the_sum_of_positions_times_forces(model);
  atom_energies_sum_to_the_energy_and_outputs_do_not_depend_on_each_other(model);
  rows_of_the_cell_are_lattice_vectors_and_bits_mark_the_periodic_ones(model);
  a_batch_is_its_systems(model);
  facts_are_those_of_the_model(model, argv[2]);
  memory_and_counts_follow_the_calls(argv[1], argv[2]);
  mlffgen_destroy(model);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
