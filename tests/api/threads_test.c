/* Handles are independent of each other, and one handle may be shared: eight threads at once.
 *
 *   threads_test FLOAT.mlff DEVICE [CALLS]
 */
#include <pthread.h>

#include "checks.h"

enum { kThreads = 8 };

typedef struct {
  mlffgen_model* model;
  int number, calls;
  double expected;
  int wrong;
} task;

/* Each thread has its own geometry, and its own atom of an unknown element now and then. */
static void place_atoms(int number, double* positions) {
  memcpy(positions, kPositions, sizeof kPositions);
  positions[0] += 0.01 * number;
}

static void* work(void* argument) {
  task* const own = argument;
  double positions[3 * kAtoms], energy;
  int32_t numbers[kAtoms];
  place_atoms(own->number, positions);
  memcpy(numbers, kNumbers, sizeof numbers);
  mlffgen_systems systems = methanol(positions);
  systems.atomic_numbers = numbers;
  mlffgen_results results = no_results();
  results.energies = &energy;
  const int bad_atom = own->number % kAtoms;
  for (int call = 0; call < own->calls; ++call) {
    const int spoil = call % 5 == own->number % 5;
    numbers[bad_atom] = spoil ? 79 + own->number : kNumbers[bad_atom];
    const mlffgen_status status = mlffgen_evaluate(own->model, &systems, &results);
    if (spoil) {
      own->wrong += status != MLFFGEN_BAD_INPUT || mlffgen_error_atom() != bad_atom;
    } else {
      own->wrong += status != MLFFGEN_OK || energy != own->expected;
    }
  }
  return NULL;
}

static void run(task* tasks) {
  pthread_t threads[kThreads];
  for (int k = 0; k < kThreads; ++k) CHECK(pthread_create(&threads[k], NULL, work, &tasks[k]) == 0);
  for (int k = 0; k < kThreads; ++k) {
    CHECK(pthread_join(threads[k], NULL) == 0);
    CHECK(tasks[k].wrong == 0);
  }
}

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) return 2;
  task own[kThreads], shared[kThreads];
  memset(own, 0, sizeof own);
  for (int k = 0; k < kThreads; ++k) {
    double positions[3 * kAtoms];
    place_atoms(k, positions);
    const mlffgen_systems systems = methanol(positions);
    own[k].model = open_model(argv[1], argv[2]);
    own[k].number = k;
    own[k].calls = argc > 3 ? atoi(argv[3]) : 200;
    own[k].expected = energy_of(own[k].model, &systems);
    CHECK(k == 0 || own[k].expected != own[0].expected);
    shared[k] = own[k];
    shared[k].model = own[0].model;
  }
  run(own);
  run(shared);
  for (int k = 0; k < kThreads; ++k) mlffgen_destroy(own[k].model);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
