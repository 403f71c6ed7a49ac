// NVML as far as it is asked for: the version of the kernel driver and the free memory.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define SOFTWARE_NVML_ENTRY extern "C" __attribute__((visibility("default")))

namespace {

struct Memory {
  unsigned long long total, free, used;
};

std::uintptr_t device = 0;

}  // namespace

SOFTWARE_NVML_ENTRY int nvmlInit_v2() { return 0; }

SOFTWARE_NVML_ENTRY int nvmlShutdown() { return 0; }

SOFTWARE_NVML_ENTRY int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  const char* chosen = std::getenv("SOFTWARE_GPU_KERNEL_DRIVER");
  std::snprintf(version, length, "%s", chosen == nullptr ? "999.01" : chosen);
  return 0;
}

SOFTWARE_NVML_ENTRY int nvmlDeviceGetHandleByUUID(const char* uuid, void** handle) {
  *handle = &device;
  return std::strncmp(uuid, "GPU-5f5f5f5f-", 13) == 0 ? 0 : 6;
}

SOFTWARE_NVML_ENTRY int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
  *memory = {2ull << 30, 1ull << 30, 1ull << 30};
  return 0;
}
