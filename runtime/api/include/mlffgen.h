/* mlffgen: energies, forces and virials of a compiled model (MODEL.mlff), from C.
 *
 *   mlffgen_model* model;
 *   mlffgen_create("model.mlff", NULL, &model);
 *   mlffgen_evaluate(model, &systems, &results);
 *   mlffgen_destroy(model);
 *
 * docs/api.md holds a guide. Everything is in the model's units (mlffgen_info).
 *
 * Errors. Every function that can fail returns a status; mlffgen_last_error() has the message. A handle is as usable
 * after an error as before. No C++ exception leaves this library. Pointers that the caller gives are trusted to be
 * addresses of arrays of the length stated here; values and counts are checked.
 *
 * Threads. Handles are independent of each other. Calls on one handle from several threads are carried out one after
 * the other; a handle must not be in use when it is destroyed.
 *
 * Structs. Each begins with struct_size, which the caller sets to its sizeof; all other members may be zero, which
 * means the default. A program built with an older header runs with a newer library: members that it does not know are
 * taken as zero, and left out of what is returned. Members are only ever added at the end. Reserved members are zero.
 */
#ifndef MLFFGEN_H
#define MLFFGEN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MLFFGEN_API __attribute__((visibility("default")))
#else
#define MLFFGEN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; mlffgen_version() is that of the library. */
#define MLFFGEN_VERSION_MAJOR 0
#define MLFFGEN_VERSION_MINOR 1
#define MLFFGEN_VERSION_PATCH 0

typedef enum mlffgen_status {
  MLFFGEN_OK = 0,
  MLFFGEN_INVALID_ARGUMENT = 1, /* a null pointer, a struct_size, a count or an option that makes no sense */
  MLFFGEN_BAD_FILE = 2,         /* the model's file is missing, damaged, or made by an incompatible version */
  MLFFGEN_UNSUPPORTED = 3,      /* this model cannot run on the device, or the device or its driver is not there */
  MLFFGEN_BAD_INPUT = 4,        /* the structures; mlffgen_error_system() and _atom() tell the first at fault */
  MLFFGEN_OUT_OF_MEMORY = 5,    /* of the host or of the GPU; the message says how much was wanted */
  MLFFGEN_DEVICE_FAILURE = 6,   /* the GPU or its driver failed */
  MLFFGEN_TRY_AGAIN = 7,        /* mlffgen_check() only: there was too little room for pairs, now there is enough */
  MLFFGEN_INTERNAL_ERROR = 70   /* a defect of mlffgen: please report it with the message */
} mlffgen_status;

typedef enum mlffgen_precision {
  MLFFGEN_ANY_PRECISION = 0,
  MLFFGEN_SINGLE_PRECISION = 32,
  MLFFGEN_DOUBLE_PRECISION = 64
} mlffgen_precision;

/* Bits of mlffgen_systems::periodic, one a lattice vector. */
#define MLFFGEN_PERIODIC_A 1
#define MLFFGEN_PERIODIC_B 2
#define MLFFGEN_PERIODIC_C 4
#define MLFFGEN_PERIODIC_ALL 7

typedef struct mlffgen_model mlffgen_model; /* a loaded model on one device */

/* ---- version and errors; these never fail ---- */

/* "0.1.0", for ever. */
MLFFGEN_API const char* mlffgen_version(void);

/* "out of memory"; "unknown status" for what is none. For ever. */
MLFFGEN_API const char* mlffgen_status_text(mlffgen_status status);

/* One line about the last call of this thread that failed; "" if none has. Valid until the next call of this thread
 * that fails. */
MLFFGEN_API const char* mlffgen_last_error(void);

/* The first system at fault and its first atom at fault in the call that mlffgen_last_error() is about, both counted
 * from 0, the atom within its system; -1 if the error is not about a single one. */
MLFFGEN_API int64_t mlffgen_error_system(void);
MLFFGEN_API int64_t mlffgen_error_atom(void);

/* ---- loading ---- */

typedef struct mlffgen_options {
  size_t struct_size;
  const char* device;    /* "host", "cuda" (the first GPU) or "cuda:N"; NULL: "host" */
  int32_t threads;       /* of the host; 0: as many as the atoms are worth, at most all cores or OMP_NUM_THREADS */
  int32_t precision;     /* mlffgen_precision: refuse a model that was compiled for another one */
  double skin;           /* of a GPU's neighbour list, length unit: for trajectories, in which few calls rebuild it */
  uint64_t memory_limit; /* bytes of GPU memory that the model may hold; 0: what is free */
  int32_t no_graphs;     /* not 0: launch kernels one by one, not as one CUDA graph */
  int32_t reserved;
} mlffgen_options;

/* Loads a model onto a device. options may be NULL. The file is read during the call only. On an error *model is NULL.
 * A model runs in the precision that it was compiled for ('mlffgen compile --precision').
 *
 * INVALID_ARGUMENT; BAD_FILE; UNSUPPORTED: no code for this processor, no usable GPU or driver, or the model is of
 * another precision than options ask for; OUT_OF_MEMORY; DEVICE_FAILURE. */
MLFFGEN_API mlffgen_status mlffgen_create(const char* path, const mlffgen_options* options, mlffgen_model** model);

/* NULL does nothing. Waits for what mlffgen_enqueue() has left on the GPU. */
MLFFGEN_API void mlffgen_destroy(mlffgen_model* model);

/* ---- what the model is ---- */

typedef struct mlffgen_info {
  size_t struct_size;
  /* Pointers are valid as long as the handle. */
  const char* name;               /* of the model */
  const char* device;             /* for humans: "host (x86-64-v4)", "cuda:0 (NVIDIA H100 80GB HBM3)" */
  const char* generator;          /* the version of mlffgen that compiled it: "mlffgen 0.1.0" */
  const char* length_unit;        /* "angstrom", "nm", "bohr" */
  const char* energy_unit;        /* "eV", "kcal/mol", ... */
  double length_in_angstrom;      /* one length unit */
  double energy_in_ev;            /* one energy unit */
  double cutoff;                  /* length unit: atoms farther apart do not see each other */
  const int32_t* elements;        /* [n_elements] atomic numbers that the model knows */
  const double* element_energies; /* [n_elements] energy unit, part of each atom's energy */
  int32_t n_elements;
  int32_t precision;   /* mlffgen_precision of features and kernels; energies are summed in double */
  int32_t cuda_device; /* the GPU's number; -1: the host */
  int32_t reserved;
} mlffgen_info;

/* Fills in *info, whose struct_size is set. INVALID_ARGUMENT. */
MLFFGEN_API mlffgen_status mlffgen_get_info(const mlffgen_model* model, mlffgen_info* info);

/* ---- evaluating ---- */

/* A batch: n_systems systems with n_atoms atoms in all, one behind the other. All pointers are of the host
 * (mlffgen_evaluate) or all of the GPU (mlffgen_evaluate_on_device, mlffgen_enqueue). */
typedef struct mlffgen_systems {
  size_t struct_size;
  int32_t n_systems;
  int32_t n_atoms;
  const int32_t* system_begin;   /* [n_systems + 1] first atom of each system, then n_atoms; NULL: one system */
  const double* positions;       /* [n_atoms][3] length unit; atoms may lie outside the cell */
  const int32_t* atomic_numbers; /* [n_atoms] */
  const double* cells;     /* [n_systems][3][3] rows are lattice vectors, length unit; NULL: nothing is periodic */
  const int32_t* periodic; /* [n_systems] sum of MLFFGEN_PERIODIC_*; NULL exactly if cells is. The row of a
                              direction that is not periodic is ignored */
  int32_t largest_system;  /* of arrays on the GPU: atoms of the largest system, 0: not known. Batches of small
                              systems are quicker with it; a wrong number costs time only */
  int32_t reserved;
} mlffgen_systems;

/* Where the results go; NULL: not wanted. Energies have the same bits with and without forces; without forces and
 * virials only the energy's kernels run. */
typedef struct mlffgen_results {
  size_t struct_size;
  double* energies;      /* [n_systems] energy unit, element_energies included */
  double* atom_energies; /* [n_atoms] energy unit; their sum is the energy */
  double* forces;        /* [n_atoms][3] energy unit / length unit */
  double* virials; /* [n_systems][3][3] energy unit: -dE/d(strain) of a symmetric strain; stress = -virial/volume */
} mlffgen_results;

/* Evaluates a batch in the host's memory and waits for the results. On an error the results are unspecified.
 *
 * INVALID_ARGUMENT: null pointers, counts, system_begin that does not ascend from 0 to n_atoms, bits in periodic;
 * BAD_INPUT: a system without atoms, a position that is not finite, atoms that overlap, an element that the model does
 * not know, a cell without volume, a result that is not finite; OUT_OF_MEMORY: split the batch; DEVICE_FAILURE. */
MLFFGEN_API mlffgen_status mlffgen_evaluate(mlffgen_model* model, const mlffgen_systems* systems,
                                            const mlffgen_results* results);

/* Evaluates a batch in the memory of the model's GPU and waits for the results. stream is a CUstream or cudaStream_t
 * of the GPU's primary context (that of the CUDA runtime and of PyTorch), NULL the default stream: work that is on it
 * comes before.
 *
 * As mlffgen_evaluate, and UNSUPPORTED for a model on the host. What lies in the arrays is checked on the GPU:
 * system_begin that does not ascend is BAD_INPUT here. */
MLFFGEN_API mlffgen_status mlffgen_evaluate_on_device(mlffgen_model* model, const mlffgen_systems* systems,
                                                      const mlffgen_results* results, void* stream);

/* As mlffgen_evaluate_on_device, but returns at once: the results are there when the stream has come so far, and the
 * arrays must stay until then. Only a call with more atoms or systems than ever before waits for the GPU, to make room
 * (see mlffgen_reserve). What the GPU finds wrong (BAD_INPUT, and pairs for which there is too little room) fills
 * the results with NaN and is told by mlffgen_check(). Calls of one handle must be on one stream, or ordered by the
 * caller. */
MLFFGEN_API mlffgen_status mlffgen_enqueue(mlffgen_model* model, const mlffgen_systems* systems,
                                           const mlffgen_results* results, void* stream);

/* Waits for the calls of mlffgen_enqueue() and returns what was wrong with the first at fault since the last check.
 * TRY_AGAIN: there was too little room for the pairs of a call; its results are NaN, room has been made, repeat it.
 * A model on the host has nothing to wait for. */
MLFFGEN_API mlffgen_status mlffgen_check(mlffgen_model* model);

/* Makes room on the GPU for batches of so many atoms, systems and ordered pairs within the cutoff (0 pairs: as many as
 * there is room for now), so that later calls of mlffgen_enqueue() do not wait. A model on the host ignores it.
 * INVALID_ARGUMENT; OUT_OF_MEMORY; DEVICE_FAILURE. */
MLFFGEN_API mlffgen_status mlffgen_reserve(mlffgen_model* model, int32_t n_atoms, int32_t n_systems, int64_t n_pairs);

/* ---- what it takes ---- */

/* Bytes of the memory of the model's device: the GPU's, or the host's. */
typedef struct mlffgen_memory {
  size_t struct_size;
  uint64_t held;        /* by this handle now: constants, and the workspace of the largest call so far */
  uint64_t per_atom;    /* a call takes about so much for each atom of its batch */
  uint64_t per_pair;    /* and for each ordered pair within the cutoff */
  uint64_t device_free; /* of the GPU, for everybody; 0: the host */
  uint64_t device_total;
} mlffgen_memory;

/* Fills in *memory, whose struct_size is set. INVALID_ARGUMENT; DEVICE_FAILURE. */
MLFFGEN_API mlffgen_status mlffgen_get_memory(mlffgen_model* model, mlffgen_memory* memory);

/* Counts since the handle was created. */
typedef struct mlffgen_statistics {
  size_t struct_size;
  int64_t pairs;           /* ordered pairs within the cutoff of the last mlffgen_evaluate(); -1: not known */
  uint64_t calls;          /* of mlffgen_evaluate, _evaluate_on_device and _enqueue that returned OK */
  uint64_t graph_captures; /* GPU only, as all below */
  uint64_t graph_replays;
  uint64_t regrowths; /* of the workspace, the first time included */
  uint64_t repeats;   /* calls run again for want of room */
} mlffgen_statistics;

/* Fills in *statistics, whose struct_size is set. INVALID_ARGUMENT. */
MLFFGEN_API mlffgen_status mlffgen_get_statistics(mlffgen_model* model, mlffgen_statistics* statistics);

/* ---- where the time goes ---- */

typedef struct mlffgen_profile_options {
  size_t struct_size;
  int32_t repeats; /* calls that are timed; 0: 100 */
  int32_t warm_up; /* calls before that; 0: 10 */
} mlffgen_profile_options;

/* Of the calls that were timed, microseconds. Does not grow with versions, and so has no struct_size. */
typedef struct mlffgen_time {
  double median, p5, p95; /* p5: 5 per cent of the calls took no longer */
} mlffgen_time;

typedef struct mlffgen_profile_report {
  size_t struct_size;
  int64_t n_pairs;         /* ordered pairs within the cutoff */
  int32_t n_steps;         /* see mlffgen_get_step */
  int32_t tile_atoms;      /* atoms a block of the model's kernels */
  mlffgen_time call;       /* the whole call as it usually runs, by the clock on the wall */
  mlffgen_time all_steps;  /* the steps launched one by one, from the start of the first to the end of the last */
  mlffgen_time graph;      /* the steps as one CUDA graph, on the GPU's clock; zero without graphs and on the host */
  mlffgen_time plain_call; /* the whole call with kernels launched one by one; zero where graph is */
} mlffgen_profile_report;

/* One launch of a kernel, one copy or one fill of a call; on the host a phase. */
typedef struct mlffgen_step {
  size_t struct_size;
  const char* part;     /* "copy in", "list", "model", "reductions", "copy out"; on the host "results" */
  const char* name;     /* of the kernel, or what it does. Both are valid until the handle's next profile */
  mlffgen_time time;    /* on a GPU from the end of the step before to its own end, on the GPU's clock */
  uint64_t bytes;       /* of a copy or a fill */
  int32_t blocks;       /* of a launch, 0 for all else */
  int32_t threads;      /* a block */
  int32_t shared_bytes; /* dynamic, a block */
  int32_t reserved;
} mlffgen_step;

/* Times mlffgen_evaluate of this batch, some hundred calls, and fills in *report, whose struct_size is set. Which
 * results are not NULL decides what is computed; they are written. options may be NULL. On a GPU all systems have to
 * fit into one call.
 *
 * As mlffgen_evaluate, and INVALID_ARGUMENT for a batch without systems or negative counts. */
MLFFGEN_API mlffgen_status mlffgen_profile(mlffgen_model* model, const mlffgen_systems* systems,
                                           const mlffgen_results* results, const mlffgen_profile_options* options,
                                           mlffgen_profile_report* report);

/* The same for mlffgen_evaluate_on_device, with its errors. */
MLFFGEN_API mlffgen_status mlffgen_profile_on_device(mlffgen_model* model, const mlffgen_systems* systems,
                                                     const mlffgen_results* results, void* stream,
                                                     const mlffgen_profile_options* options,
                                                     mlffgen_profile_report* report);

/* Fills in *step, whose struct_size is set, with step number index (from 0) of the handle's last profile.
 * INVALID_ARGUMENT: there is no such step. */
MLFFGEN_API mlffgen_status mlffgen_get_step(mlffgen_model* model, int32_t index, mlffgen_step* step);

#ifdef __cplusplus
}
#endif

#endif
