/* A batch that never leaves the GPU: arrays in device memory, on a stream of the caller, from C.
 *
 *   device_pointers MODEL.mlff [cuda|cuda:N]
 *
 * Memory and stream come from the CUDA driver, loaded at run time so that this builds without CUDA; with the CUDA
 * runtime they are cudaMalloc, cudaMemcpy and cudaStreamCreate. MLFFGEN_CUDA may name another libcuda.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <mlffgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long device_pointer; /* CUdeviceptr */

static struct {
  int (*initialise)(unsigned flags);
  int (*get_device)(int* device, int number);
  int (*retain)(void** context, int device); /* the primary context, in which the model runs too */
  int (*push)(void* context);
  int (*stream_create)(void** stream, unsigned flags);
  int (*stream_wait)(void* stream);
  int (*stream_destroy)(void* stream);
  int (*allocate)(device_pointer* address, size_t bytes);
  int (*release)(device_pointer address);
  int (*to_device)(device_pointer to, const void* from, size_t bytes, void* stream);
  int (*to_host)(void* to, device_pointer from, size_t bytes, void* stream);
} cuda;

static void fail(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(EXIT_FAILURE);
}

static void check(mlffgen_status status) {
  if (status != MLFFGEN_OK) fail(mlffgen_status_text(status), mlffgen_last_error());
}

static void check_cuda(int status, const char* what) {
  char text[32];
  snprintf(text, sizeof text, "CUDA error %d", status);
  if (status != 0) fail(what, text);
}

static void load_driver(void) {
  const char* chosen = getenv("MLFFGEN_CUDA");
  void* library = dlopen(chosen != NULL ? chosen : "libcuda.so.1", RTLD_NOW);
  if (library == NULL) fail("the CUDA driver", dlerror());
  const struct {
    const char* name;
    void* place;
  } functions[] = {{"cuInit", &cuda.initialise},
                   {"cuDeviceGet", &cuda.get_device},
                   {"cuDevicePrimaryCtxRetain", &cuda.retain},
                   {"cuCtxPushCurrent_v2", &cuda.push},
                   {"cuStreamCreate", &cuda.stream_create},
                   {"cuStreamSynchronize", &cuda.stream_wait},
                   {"cuStreamDestroy_v2", &cuda.stream_destroy},
                   {"cuMemAlloc_v2", &cuda.allocate},
                   {"cuMemFree_v2", &cuda.release},
                   {"cuMemcpyHtoDAsync_v2", &cuda.to_device},
                   {"cuMemcpyDtoHAsync_v2", &cuda.to_host}};
  for (size_t k = 0; k < sizeof functions / sizeof functions[0]; ++k) {
    void* function = dlsym(library, functions[k].name);
    if (function == NULL) fail("the CUDA driver", dlerror());
    memcpy(functions[k].place, &function, sizeof function);
  }
}

static device_pointer device_array(const void* content, size_t bytes, void* stream) {
  device_pointer address;
  check_cuda(cuda.allocate(&address, bytes), "cuMemAlloc");
  if (content != NULL) check_cuda(cuda.to_device(address, content, bytes, stream), "cuMemcpyHtoDAsync");
  return address;
}

enum { kAtoms = 3, kSteps = 10 };

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) fail("usage", "device_pointers MODEL.mlff [cuda|cuda:N]");
  const char* device = argc > 2 ? argv[2] : "cuda";

  mlffgen_options options = {0};
  options.struct_size = sizeof options;
  options.device = device;
  mlffgen_model* model;
  check(mlffgen_create(argv[1], &options, &model));
  mlffgen_info info = {0};
  info.struct_size = sizeof info;
  check(mlffgen_get_info(model, &info));

  load_driver();
  int gpu;
  void *context, *stream;
  check_cuda(cuda.initialise(0), "cuInit");
  check_cuda(cuda.get_device(&gpu, info.cuda_device), "cuDeviceGet");
  check_cuda(cuda.retain(&context, gpu), "cuDevicePrimaryCtxRetain");
  check_cuda(cuda.push(context), "cuCtxPushCurrent");
  check_cuda(cuda.stream_create(&stream, 0), "cuStreamCreate");

  const int32_t numbers[kAtoms] = {8, 1, 1};
  double positions[3 * kAtoms] = {0, 0, 0.1193, 0, 0.7632, -0.477, 0, -0.7632, -0.477}; /* angstrom */
  for (int k = 0; k < 3 * kAtoms; ++k) positions[k] /= info.length_in_angstrom;
  const device_pointer on_device[] = {
      device_array(positions, sizeof positions, stream), device_array(numbers, sizeof numbers, stream),
      device_array(NULL, sizeof(double), stream), device_array(NULL, sizeof positions, stream)};

  mlffgen_systems systems = {0};
  systems.struct_size = sizeof systems;
  systems.n_systems = 1;
  systems.n_atoms = kAtoms;
  systems.positions = (const double*)(uintptr_t)on_device[0];
  systems.atomic_numbers = (const int32_t*)(uintptr_t)on_device[1];
  mlffgen_results results = {0};
  results.struct_size = sizeof results;
  results.energies = (double*)(uintptr_t)on_device[2];
  results.forces = (double*)(uintptr_t)on_device[3];

  /* Each call returns at once; one check at the end tells whether all went well. */
  for (int step = 0; step < kSteps; ++step) check(mlffgen_enqueue(model, &systems, &results, stream));
  check(mlffgen_check(model));

  double energy, forces[3 * kAtoms];
  check_cuda(cuda.to_host(&energy, on_device[2], sizeof energy, stream), "cuMemcpyDtoHAsync");
  check_cuda(cuda.to_host(forces, on_device[3], sizeof forces, stream), "cuMemcpyDtoHAsync");
  check_cuda(cuda.stream_wait(stream), "cuStreamSynchronize");
  printf("water on %s: %.6f %s\n", info.device, energy, info.energy_unit);
  for (int i = 0; i < kAtoms; ++i) {
    printf("  force on atom %d: %10.6f %10.6f %10.6f\n", i, forces[3 * i], forces[3 * i + 1], forces[3 * i + 2]);
  }

  mlffgen_destroy(model);
  for (int k = 0; k < 4; ++k) check_cuda(cuda.release(on_device[k]), "cuMemFree");
  check_cuda(cuda.stream_destroy(stream), "cuStreamDestroy");
  return EXIT_SUCCESS;
}
