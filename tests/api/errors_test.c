/* Every error of mlffgen.h: its status, its message, and a handle that works after it.
 *
 *   errors_test FLOAT.mlff DEVICE
 *
 * Run where MLFFGEN_CUDA names no driver unless DEVICE is a GPU.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "checks.h"

/* Structs larger than this library's, as of a program with a newer header. */
typedef struct {
  mlffgen_systems known;
  uint64_t unknown[2];
} newer_systems;
typedef struct {
  mlffgen_info known;
  uint64_t unknown[2];
} newer_info;

static mlffgen_model* model;
static double right_energy;

static void still_works(void) {
  const mlffgen_systems systems = methanol(kPositions);
  CHECK(energy_of(model, &systems) == right_energy);
}

static mlffgen_status evaluate(mlffgen_systems systems) {
  double energies[4], forces[3 * 2 * kAtoms];
  mlffgen_results results = no_results();
  results.energies = energies;
  results.forces = forces;
  return mlffgen_evaluate(model, &systems, &results);
}

static void expect(mlffgen_systems systems, mlffgen_status status, const char* fragment, int64_t system, int64_t atom) {
  CHECK_FAILS(evaluate(systems), status, fragment);
  CHECK(mlffgen_error_system() == system);
  CHECK(mlffgen_error_atom() == atom);
  still_works();
}

static void null_pointers_are_refused_everywhere(void) {
  const mlffgen_status wrong = MLFFGEN_INVALID_ARGUMENT;
  const mlffgen_systems systems = methanol(kPositions);
  const mlffgen_results results = no_results();
  mlffgen_info info = {0};
  mlffgen_memory memory = {0};
  mlffgen_statistics statistics = {0};
  info.struct_size = sizeof info;
  memory.struct_size = sizeof memory;
  statistics.struct_size = sizeof statistics;
  CHECK_FAILS(mlffgen_evaluate(NULL, &systems, &results), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_evaluate(model, NULL, &results), wrong, "mlffgen_systems is a null pointer");
  CHECK_FAILS(mlffgen_evaluate(model, &systems, NULL), wrong, "mlffgen_results is a null pointer");
  CHECK_FAILS(mlffgen_evaluate_on_device(NULL, &systems, &results, NULL), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_enqueue(NULL, &systems, &results, NULL), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_check(NULL), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_reserve(NULL, 1, 1, 1), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_get_info(NULL, &info), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_get_info(model, NULL), wrong, "mlffgen_info is a null pointer");
  CHECK_FAILS(mlffgen_get_memory(NULL, &memory), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_get_memory(model, NULL), wrong, "mlffgen_memory is a null pointer");
  CHECK_FAILS(mlffgen_get_statistics(NULL, &statistics), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_get_statistics(model, NULL), wrong, "mlffgen_statistics is a null pointer");
  mlffgen_profile_report report = {0};
  mlffgen_step step = {0};
  report.struct_size = sizeof report;
  step.struct_size = sizeof step;
  CHECK_FAILS(mlffgen_profile(NULL, &systems, &results, NULL, &report), wrong, "model is a null pointer");
  CHECK_FAILS(mlffgen_profile(model, NULL, &results, NULL, &report), wrong, "mlffgen_systems is a null pointer");
  CHECK_FAILS(mlffgen_profile(model, &systems, NULL, NULL, &report), wrong, "mlffgen_results is a null pointer");
  CHECK_FAILS(mlffgen_profile(model, &systems, &results, NULL, NULL), wrong,
              "mlffgen_profile_report is a null pointer");
  CHECK_FAILS(mlffgen_profile_on_device(NULL, &systems, &results, NULL, NULL, &report), wrong,
              "model is a null pointer");
  CHECK_FAILS(mlffgen_get_step(NULL, 0, &step), wrong, "model is a null pointer");
  mlffgen_destroy(NULL);
  still_works();
}

static void a_profile_refuses_what_it_cannot_time(void) {
  const mlffgen_status wrong = MLFFGEN_INVALID_ARGUMENT;
  const mlffgen_results results = no_results();
  mlffgen_systems systems = methanol(kPositions);
  mlffgen_profile_options options = {0};
  mlffgen_profile_report report = {0};
  mlffgen_step step = {0};
  options.struct_size = sizeof options;
  report.struct_size = sizeof report;
  step.struct_size = sizeof step;
  CHECK_FAILS(mlffgen_get_step(model, 0, &step), wrong, "no steps before a profile");
  options.repeats = -1;
  CHECK_FAILS(mlffgen_profile(model, &systems, &results, &options, &report), wrong, "must not be negative");
  options.repeats = 1;
  options.warm_up = 1;
  CHECK(mlffgen_profile(model, &systems, &results, &options, &report) == MLFFGEN_OK);
  CHECK(report.n_steps > 0 && report.call.median > 0);
  CHECK(mlffgen_get_step(model, 0, &step) == MLFFGEN_OK);
  CHECK_FAILS(mlffgen_get_step(model, report.n_steps, &step), wrong, "the last profile has steps 0 to ");
  CHECK_FAILS(mlffgen_get_step(model, -1, &step), wrong, "there is no step -1");
  CHECK_FAILS(mlffgen_get_step(model, 0, NULL), wrong, "mlffgen_step is a null pointer");
  int32_t gold[kAtoms];
  for (int k = 0; k < kAtoms; ++k) gold[k] = 79;
  systems.atomic_numbers = gold;
  CHECK_FAILS(mlffgen_profile(model, &systems, &results, &options, &report), MLFFGEN_BAD_INPUT, "Au");
  systems.n_systems = 0;
  systems.n_atoms = 0;
  CHECK_FAILS(mlffgen_profile(model, &systems, &results, &options, &report), wrong, "nothing to profile");
  CHECK(mlffgen_get_step(model, 0, &step) == MLFFGEN_OK); /* of the profile that was */
  still_works();
}

static void creating_fails_with_the_reason_and_no_handle(const char* path) {
  const char* const damaged = "damaged.mlff";
  mlffgen_model* none = model;
  CHECK_FAILS(mlffgen_create(NULL, NULL, &none), MLFFGEN_INVALID_ARGUMENT, "path is a null pointer");
  CHECK(none == NULL);
  CHECK_FAILS(mlffgen_create(path, NULL, NULL), MLFFGEN_INVALID_ARGUMENT, "null pointer");
  CHECK_FAILS(mlffgen_create("absent.mlff", NULL, &none), MLFFGEN_BAD_FILE, "absent.mlff");
  CHECK_FAILS(mlffgen_create(".", NULL, &none), MLFFGEN_BAD_FILE, ".");
  FILE* file = fopen(damaged, "wb");
  CHECK(file != NULL && fputs("not a model", file) >= 0 && fclose(file) == 0);
  CHECK_FAILS(mlffgen_create(damaged, NULL, &none), MLFFGEN_BAD_FILE, damaged);
  remove(damaged);
  CHECK(none == NULL);
}

static void options_that_make_no_sense_are_refused(const char* path) {
  const mlffgen_status wrong = MLFFGEN_INVALID_ARGUMENT;
  mlffgen_model* none = NULL;
  mlffgen_options good = {0};
  good.struct_size = sizeof good;
  mlffgen_options bad = good;
  bad.device = "gpu";
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "expected host, cuda or cuda:N, not 'gpu'");
  bad.device = "cuda:99999999999";
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "expected host, cuda or cuda:N");
  bad = good;
  bad.threads = -1;
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "threads");
  bad = good;
  bad.precision = 16;
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "precision");
  bad.precision = MLFFGEN_DOUBLE_PRECISION;
  CHECK_FAILS(mlffgen_create(path, &bad, &none), MLFFGEN_UNSUPPORTED, "--precision double");
  bad = good;
  bad.skin = NAN;
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "skin");
  bad = good;
  bad.reserved = 1;
  CHECK_FAILS(mlffgen_create(path, &bad, &none), wrong, "reserved");
  CHECK(none == NULL);
  good.precision = MLFFGEN_SINGLE_PRECISION;
  CHECK(mlffgen_create(path, &good, &none) == MLFFGEN_OK && none != NULL);
  mlffgen_destroy(none);
}

static void a_gpu_that_is_not_there_is_an_error_that_says_so(const char* path) {
  mlffgen_model* none = NULL;
  mlffgen_options options = {0};
  options.struct_size = sizeof options;
  options.device = "cuda";
  CHECK_FAILS(mlffgen_create(path, &options, &none), MLFFGEN_UNSUPPORTED, "CUDA driver");
  options.device = "cuda:7";
  CHECK_FAILS(mlffgen_create(path, &options, &none), MLFFGEN_UNSUPPORTED, "CUDA driver");
  CHECK(none == NULL);

  const mlffgen_systems systems = methanol(kPositions);
  const mlffgen_results results = no_results();
  CHECK_FAILS(mlffgen_evaluate_on_device(model, &systems, &results, NULL), MLFFGEN_UNSUPPORTED, "on the host");
  CHECK_FAILS(mlffgen_enqueue(model, &systems, &results, NULL), MLFFGEN_UNSUPPORTED, "on the host");
  mlffgen_profile_report report = {0};
  report.struct_size = sizeof report;
  CHECK_FAILS(mlffgen_profile_on_device(model, &systems, &results, NULL, NULL, &report), MLFFGEN_UNSUPPORTED,
              "on the host");
  CHECK(mlffgen_check(model) == MLFFGEN_OK);
  CHECK(mlffgen_reserve(model, 10, 1, 0) == MLFFGEN_OK);
  still_works();
}

static void struct_sizes_tell_versions_apart(void) {
  const mlffgen_status wrong = MLFFGEN_INVALID_ARGUMENT;
  double energy;
  mlffgen_results results = no_results();
  results.energies = &energy;

  const size_t never_set[] = {0, 4, sizeof(mlffgen_systems) - 3, 1000000, (size_t)-8};
  for (size_t k = 0; k < sizeof never_set / sizeof never_set[0]; ++k) {
    mlffgen_systems systems = methanol(kPositions);
    systems.struct_size = never_set[k];
    CHECK_FAILS(mlffgen_evaluate(model, &systems, &results), wrong, "set it to sizeof(mlffgen_systems)");
  }

  /* A newer program may leave unknown members zero; using them is an error. */
  newer_systems newer;
  memset(&newer, 0, sizeof newer);
  newer.known = methanol(kPositions);
  newer.known.struct_size = sizeof newer;
  CHECK(mlffgen_evaluate(model, &newer.known, &results) == MLFFGEN_OK);
  CHECK(energy == right_energy);
  newer.unknown[1] = 1;
  CHECK_FAILS(mlffgen_evaluate(model, &newer.known, &results), wrong, "members that this library");

  /* An older program knows fewer members: what lies behind them is not read, and not written. */
  const double cell[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3};
  mlffgen_systems older = methanol(kPositions);
  older.cells = cell;
  older.struct_size = offsetof(mlffgen_systems, cells);
  CHECK(mlffgen_evaluate(model, &older, &results) == MLFFGEN_OK);
  CHECK(energy == right_energy);

  mlffgen_info info;
  memset(&info, 0x55, sizeof info);
  info.struct_size = offsetof(mlffgen_info, cutoff);
  CHECK(mlffgen_get_info(model, &info) == MLFFGEN_OK);
  CHECK(info.length_in_angstrom == 1);
  CHECK(info.struct_size == offsetof(mlffgen_info, cutoff));
  const unsigned char* behind = (const unsigned char*)&info.cutoff;
  CHECK(behind[0] == 0x55 && ((const unsigned char*)&info.reserved)[3] == 0x55);

  newer_info more;
  memset(&more, 0x55, sizeof more);
  more.known.struct_size = sizeof more;
  CHECK(mlffgen_get_info(model, &more.known) == MLFFGEN_OK);
  CHECK(more.known.cutoff == 5 && more.unknown[0] == 0 && more.unknown[1] == 0);
  CHECK(more.known.struct_size == sizeof more);
  still_works();
}

static void batches_that_make_no_sense_are_refused(void) {
  const mlffgen_status wrong = MLFFGEN_INVALID_ARGUMENT;
  const double cell[18] = {9, 0, 0, 0, 9, 0, 0, 0, 9, 9, 0, 0, 0, 9, 0, 0, 0, 9};
  const int32_t periodic[2] = {7, 7};
  mlffgen_systems systems = methanol(kPositions);
  systems.n_atoms = -1;
  expect(systems, wrong, "negative", -1, -1);
  systems = methanol(kPositions);
  systems.n_systems = -1;
  expect(systems, wrong, "negative", -1, -1);
  systems.n_systems = 0;
  expect(systems, wrong, "n_systems is 0", -1, -1);
  systems = methanol(NULL);
  expect(systems, wrong, "positions is a null pointer", -1, -1);
  systems = methanol(kPositions);
  systems.atomic_numbers = NULL;
  expect(systems, wrong, "atomic_numbers is a null pointer", -1, -1);
  systems = methanol(kPositions);
  systems.n_systems = 2;
  expect(systems, wrong, "system_begin is a null pointer", -1, -1);
  const int32_t begins[][3] = {{1, 3, kAtoms}, {0, 3, kAtoms - 1}, {0, 7, kAtoms}, {0, -1, kAtoms}};
  for (int k = 0; k < 4; ++k) {
    systems.system_begin = begins[k];
    expect(systems, wrong, "system_begin must", -1, -1);
  }
  systems = methanol(kPositions);
  systems.cells = cell;
  expect(systems, wrong, "cells and periodic go together", -1, -1);
  systems.cells = NULL;
  systems.periodic = periodic;
  expect(systems, wrong, "cells and periodic go together", -1, -1);
  const int32_t unknown_bit = 8;
  systems.cells = cell;
  systems.periodic = &unknown_bit;
  expect(systems, wrong, "MLFFGEN_PERIODIC_A", -1, -1);
  systems = methanol(kPositions);
  systems.largest_system = -1;
  expect(systems, wrong, "largest_system", -1, -1);
  systems = methanol(kPositions);
  systems.reserved = 1;
  expect(systems, wrong, "reserved", -1, -1);
  CHECK_FAILS(mlffgen_reserve(model, -1, 1, 0), wrong, "negative");
}

/* The second of two methanols is at fault, so that systems and atoms within them are told apart. */
static void bad_structures_name_the_system_and_the_atom(void) {
  const mlffgen_status wrong = MLFFGEN_BAD_INPUT;
  const int32_t begin[3] = {0, kAtoms, 2 * kAtoms}, empty[3] = {0, kAtoms, kAtoms}, periodic[2] = {0, 7};
  const double singular[18] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0, 0, 0, 4};
  double positions[6 * kAtoms];
  int32_t numbers[2 * kAtoms];
  memcpy(positions, kPositions, sizeof kPositions);
  memcpy(positions + 3 * kAtoms, kPositions, sizeof kPositions);
  memcpy(numbers, kNumbers, sizeof kNumbers);
  memcpy(numbers + kAtoms, kNumbers, sizeof kNumbers);
  mlffgen_systems systems = methanol(positions);
  systems.n_systems = 2;
  systems.n_atoms = 2 * kAtoms;
  systems.system_begin = begin;
  systems.atomic_numbers = numbers;
  CHECK(evaluate(systems) == MLFFGEN_OK);

  double* const at = positions + 3 * kAtoms + 3 * 4;
  const double right = at[0];
  const double values[] = {NAN, INFINITY, -INFINITY, 1e10};
  for (int k = 0; k < 4; ++k) {
    at[0] = values[k];
    expect(systems, wrong, "atom 4", 1, 4);
  }
  memcpy(at, at - 3 * 3, 3 * sizeof(double));
  expect(systems, wrong, "overlap", 1, 1);
  memcpy(at, kPositions + 3 * 4, 3 * sizeof(double));
  CHECK(at[0] == right);

  const int32_t elements[] = {79, 0, -5, 1000000, 200};
  for (int k = 0; k < 5; ++k) {
    numbers[kAtoms + 2] = elements[k];
    expect(systems, wrong, "does not know element", 1, 2);
  }
  numbers[kAtoms + 2] = 1;

  systems.cells = singular;
  systems.periodic = periodic;
  expect(systems, wrong, "lattice vectors", 1, -1);
  systems.cells = NULL;
  systems.periodic = NULL;
  systems.n_atoms = kAtoms;
  systems.system_begin = empty;
  expect(systems, wrong, "at least one atom", 1, -1);
}

#if !defined(__SANITIZE_ADDRESS__)
static void too_little_memory_is_an_error(const char* path) {
  enum { kMany = 300000 };
  mlffgen_options options = {0};
  options.struct_size = sizeof options;
  options.threads = 1;
  mlffgen_model* own;
  CHECK(mlffgen_create(path, &options, &own) == MLFFGEN_OK);
  double* positions = malloc(3 * kMany * sizeof *positions);
  int32_t* numbers = malloc(kMany * sizeof *numbers);
  CHECK(positions != NULL && numbers != NULL);
  for (int i = 0; i < kMany; ++i) {
    numbers[i] = 1;
    positions[3 * i] = 6.0 * (i % 100);
    positions[3 * i + 1] = 6.0 * (i / 100 % 100);
    positions[3 * i + 2] = 6.0 * (i / 10000);
  }
  mlffgen_systems systems = methanol(positions);
  systems.n_atoms = kMany;
  systems.atomic_numbers = numbers;
  double energy;
  mlffgen_results results = no_results();
  results.energies = &energy;

  /* Pages in use, and 200 MB more: the list of so many atoms fits, the features do not. */
  long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1 && fclose(file) == 0);
  struct rlimit before, tight;
  CHECK(getrlimit(RLIMIT_AS, &before) == 0);
  tight = before;
  tight.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + 200000000;
  CHECK(setrlimit(RLIMIT_AS, &tight) == 0);
  const mlffgen_status status = mlffgen_evaluate(own, &systems, &results);
  CHECK(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(status == MLFFGEN_OUT_OF_MEMORY);
  CHECK(strstr(mlffgen_last_error(), "300000 atoms") != NULL);

  const mlffgen_systems small = methanol(kPositions);
  CHECK(energy_of(own, &small) == right_energy);
  mlffgen_destroy(own);
  free(positions);
  free(numbers);
}
#endif

static void every_status_has_a_text(void) {
  const mlffgen_status all[] = {MLFFGEN_OK,
                                MLFFGEN_INVALID_ARGUMENT,
                                MLFFGEN_BAD_FILE,
                                MLFFGEN_UNSUPPORTED,
                                MLFFGEN_BAD_INPUT,
                                MLFFGEN_OUT_OF_MEMORY,
                                MLFFGEN_DEVICE_FAILURE,
                                MLFFGEN_TRY_AGAIN,
                                MLFFGEN_INTERNAL_ERROR};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; ++k) {
    CHECK(strcmp(mlffgen_status_text(all[k]), "unknown status") != 0);
    for (size_t m = 0; m < k; ++m) CHECK(strcmp(mlffgen_status_text(all[k]), mlffgen_status_text(all[m])) != 0);
  }
  CHECK(strcmp(mlffgen_status_text((mlffgen_status)42), "unknown status") == 0);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  CHECK(strcmp(mlffgen_last_error(), "") == 0);
  CHECK(mlffgen_error_system() == -1 && mlffgen_error_atom() == -1);
  const int on_host = strcmp(argv[2], "host") == 0;
  model = open_model(argv[1], argv[2]);
  const mlffgen_systems systems = methanol(kPositions);
  right_energy = energy_of(model, &systems);
  null_pointers_are_refused_everywhere();
  creating_fails_with_the_reason_and_no_handle(argv[1]);
  options_that_make_no_sense_are_refused(argv[1]);
  if (on_host) a_gpu_that_is_not_there_is_an_error_that_says_so(argv[1]);
  struct_sizes_tell_versions_apart();
  batches_that_make_no_sense_are_refused();
  a_profile_refuses_what_it_cannot_time();
  bad_structures_name_the_system_and_the_atom();
#if !defined(__SANITIZE_ADDRESS__)
  if (on_host) too_little_memory_is_an_error(argv[1]);
#endif
  every_status_has_a_text();
  mlffgen_destroy(model);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
