#include "cli/cuda_driver.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "runtime/jit/dynamic_library.h"

namespace mlffgen::cli {
namespace {

// The driver's C interface, declared here so that building needs no CUDA header. The values are part of its stable ABI.
using Status = int;
using Device = int;
constexpr Status kSuccess = 0;
constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR

struct Api {
  jit::DynamicLibrary library{{"libcuda.so.1", "libcuda.so"}, "the CUDA driver", "install the driver of the GPU"};
  Status (*init)(unsigned) = library.function<Status(unsigned)>("cuInit");
  Status (*version)(int*) = library.function<Status(int*)>("cuDriverGetVersion");
  Status (*count)(int*) = library.function<Status(int*)>("cuDeviceGetCount");
  Status (*get)(Device*, int) = library.function<Status(Device*, int)>("cuDeviceGet");
  Status (*name)(char*, int, Device) = library.function<Status(char*, int, Device)>("cuDeviceGetName");
  Status (*attribute)(int*, int, Device) = library.function<Status(int*, int, Device)>("cuDeviceGetAttribute");
  Status (*memory)(std::size_t*, Device) = library.function<Status(std::size_t*, Device)>("cuDeviceTotalMem_v2");
  Status (*error)(Status, const char**) = library.function<Status(Status, const char**)>("cuGetErrorString");

  std::string text(Status status) const {
    const char* words = nullptr;
    return error(status, &words) == kSuccess && words != nullptr ? words : fmt::format("error {}", status);
  }
};

Gpu describe(const Api& api, int index) {
  Device device = 0;
  std::array<char, 256> name{};
  int major = 0, minor = 0;
  Gpu gpu;
  const bool fine =
      api.get(&device, index) == kSuccess && api.name(name.data(), static_cast<int>(name.size()), device) == kSuccess &&
      api.attribute(&major, kMajor, device) == kSuccess && api.attribute(&minor, kMinor, device) == kSuccess &&
      api.memory(&gpu.memory_bytes, device) == kSuccess;
  if (!fine) throw UserError(fmt::format("the driver says nothing about GPU {}", index));
  gpu.name = name.data();
  gpu.arch = fmt::format("sm_{}{}", major, minor);
  return gpu;
}

}  // namespace

CudaDriver find_cuda_driver() {
  CudaDriver driver;
  try {
    const Api api;
    driver.found = true;
    int version = 0, count = 0;
    if (api.version(&version) == kSuccess) driver.version = fmt::format("{}.{}", version / 1000, version % 1000 / 10);
    Status status = api.init(0);
    if (status == kSuccess) status = api.count(&count);
    if (status != kSuccess) {
      driver.problem = "the CUDA driver does not start: " + api.text(status);
      return driver;
    }
    for (int k = 0; k < count; ++k) driver.gpus.push_back(describe(api, k));
    if (count == 0) driver.problem = "the CUDA driver finds no GPU";
  } catch (const UserError& error) {
    driver.details = error.what();
    driver.problem = driver.details.substr(0, driver.details.find("; tried:"));
  }
  return driver;
}

}  // namespace mlffgen::cli
