/* What the C test programs share: checks that count, and the inputs. Used from C11 only. */
#ifndef MLFFGEN_TESTS_API_CHECKS_H
#define MLFFGEN_TESTS_API_CHECKS_H

#include <mlffgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kSkipped = 77 }; /* the exit status without a GPU */

static int failures = 0;

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, mlffgen_last_error()); \
      ++failures;                                                                                            \
    }                                                                                                        \
  } while (0)

/* The call fails with this status and a message that holds the fragment. */
#define CHECK_FAILS(call, status, fragment)                  \
  do {                                                       \
    CHECK((call) == (status));                               \
    CHECK(strstr(mlffgen_last_error(), (fragment)) != NULL); \
    CHECK(strchr(mlffgen_last_error(), '\n') == NULL);       \
  } while (0)

/* Methanol, in angstrom, without symmetry. */
enum { kAtoms = 6 };
static const int32_t kNumbers[kAtoms] = {6, 8, 1, 1, 1, 1};
static const double kPositions[3 * kAtoms] = {-0.0469, 0.6608, 0.01,   -0.0469, -0.7588, 0.0,
                                              -1.0932, 0.9695, 0.02,   0.8783,  -1.0461, 0.03,
                                              0.4378,  1.0709, 0.8896, 0.4478,  1.0709,  -0.8896};

static inline mlffgen_systems methanol(const double* positions) {
  mlffgen_systems systems = {0};
  systems.struct_size = sizeof systems;
  systems.n_systems = 1;
  systems.n_atoms = kAtoms;
  systems.positions = positions;
  systems.atomic_numbers = kNumbers;
  return systems;
}

static inline mlffgen_results no_results(void) {
  mlffgen_results results = {0};
  results.struct_size = sizeof results;
  return results;
}

static inline mlffgen_model* open_model(const char* path, const char* device) {
  mlffgen_options options = {0};
  options.struct_size = sizeof options;
  options.device = device;
  mlffgen_model* model = NULL;
  const mlffgen_status status = mlffgen_create(path, &options, &model);
  if (status != MLFFGEN_OK) {
    const int skipped = status == MLFFGEN_UNSUPPORTED && strcmp(device, "host") != 0;
    fprintf(stderr, "%s: %s\n", skipped ? "skipped" : "failed", mlffgen_last_error());
    exit(skipped ? kSkipped : EXIT_FAILURE);
  }
  return model;
}

/* The energy, which has to be there: also shows that a handle still works. */
static inline double energy_of(mlffgen_model* model, const mlffgen_systems* systems) {
  double energy = 0;
  mlffgen_results results = no_results();
  results.energies = &energy;
  CHECK(mlffgen_evaluate(model, systems, &results) == MLFFGEN_OK);
  return energy;
}

static inline int near(double a, double b, double tolerance) {
  const double difference = a > b ? a - b : b - a;
  return difference <= tolerance;
}

#endif
