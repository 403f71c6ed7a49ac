// Modules of the software driver: what the software NVRTC makes are shared libraries of the host.
#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/software_gpu/gpu.h"

namespace software_gpu {
namespace {

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#else
#error "the software GPU knows x86-64 and AArch64"
#endif

// Each loading gets a file and so variables of its own; the file is gone once it is loaded.
void* open_library(const void* image, std::size_t bytes) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/software_gpu_XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) return nullptr;
  const bool written = write(file, image, bytes) == static_cast<ssize_t>(bytes);
  close(file);
  void* library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (library == nullptr) std::fprintf(stderr, "software GPU: cannot load a module: %s\n", dlerror());
  unlink(path.c_str());
  return library;
}

template <class T>
T symbol(void* library, const std::string& name) {
  return reinterpret_cast<T>(dlsym(library, name.c_str()));
}

}  // namespace

ModuleState::~ModuleState() {
  if (library != nullptr) dlclose(library);
}

SOFTWARE_GPU_ENTRY int cuModuleLoadData(void** handle, const void* image) {
  return call(__func__, true, [&](DeviceState&) -> int {
    Elf64_Ehdr header;
    if (image == nullptr || std::memcmp(image, ELFMAG, SELFMAG) != 0) return kInvalidImage;
    std::memcpy(&header, image, sizeof(header));
    if (header.e_machine != kMachine) return kNoBinary;
    auto module = std::make_shared<ModuleState>();
    module->library = open_library(image, header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize);
    if (module->library == nullptr) return kInvalidImage;
    module->device = symbol<Device**>(module->library, "software_gpu_device");
    auto* begin = symbol<char* (*)()>(module->library, "software_gpu_shared_begin");
    auto* end = symbol<char* (*)()>(module->library, "software_gpu_shared_end");
    if (module->device == nullptr || begin == nullptr || end == nullptr) return kInvalidImage;
    module->shared_begin = begin();
    module->shared_end = end();
    *handle = gpu().modules.add(std::move(module));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuModuleUnload(void* handle) {
  return call(__func__, true, [&](DeviceState& device) -> int {
    const auto module = gpu().modules.find(handle);
    if (module == nullptr) return kInvalidHandle;
    drain_all(device);
    std::vector<void*> functions;
    for (const auto& [key, function] : gpu().functions.all()) {
      if (function->module == module) functions.push_back(key);
    }
    for (void* function : functions) gpu().functions.remove(function);
    gpu().modules.remove(handle);
    return kSuccess;
  });
}

// A kernel must have a plain C name, as it must on a real GPU to be found by name.
SOFTWARE_GPU_ENTRY int cuModuleGetFunction(void** handle, void* module_handle, const char* name) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto module = gpu().modules.find(module_handle);
    if (module == nullptr) return kInvalidHandle;
    auto function = std::make_shared<Function>();
    function->module = module;
    function->kernel = symbol<const Kernel*>(module->library, std::string("software_gpu_kernel_") + name);
    function->name = name;
    if (function->kernel == nullptr || dlsym(module->library, name) == nullptr) return kNotFound;
    for (const auto& [key, other] : gpu().functions.all()) {
      if (other->kernel == function->kernel) {
        *handle = key;
        return kSuccess;
      }
    }
    *handle = gpu().functions.add(std::move(function));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuFuncGetAttribute(int* value, int which, void* handle) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto function = gpu().functions.find(handle);
    if (function == nullptr) return kInvalidHandle;
    switch (which) {
      case 0:  // threads of a block
        *value = 1024;
        return kSuccess;
      case 1:
        *value = function->static_bytes();
        return kSuccess;
      case 3:  // the stack, and
      case 4:  // registers: of no meaning here
        *value = which == 3 ? 0 : 32;
        return kSuccess;
      case 8:
        *value = function->dynamic_limit;
        return kSuccess;
      default:
        return kInvalidValue;
    }
  });
}

SOFTWARE_GPU_ENTRY int cuFuncSetAttribute(void* handle, int which, int value) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto function = gpu().functions.find(handle);
    if (function == nullptr) return kInvalidHandle;
    const auto limit = static_cast<int>(setting("SOFTWARE_GPU_SHARED", 227 << 10)) - function->static_bytes();
    if (which != 8 || value < 0 || value > limit) return kInvalidValue;
    function->dynamic_limit = value;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads,
                                                                   std::size_t shared_bytes) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto function = gpu().functions.find(handle);
    if (function == nullptr) return kInvalidHandle;
    if (threads <= 0 || threads > 1024) return kInvalidValue;
    const std::size_t total = setting("SOFTWARE_GPU_SHARED", 227 << 10) + 1024;
    const std::size_t block = shared_bytes + static_cast<std::size_t>(function->static_bytes()) + 1024;
    *blocks = std::min({2048 / ((threads + 31) / 32 * 32), 32, static_cast<int>(total / block)});
    return kSuccess;
  });
}

}  // namespace software_gpu
