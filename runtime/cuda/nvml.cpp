#include "runtime/cuda/nvml.h"

#include <array>
#include <filesystem>

#include "base/error.h"
#include "runtime/jit/dynamic_library.h"

namespace mlffgen::cuda {
namespace {

// NVML's C interface, declared here so that building needs no header of it.
using Status = int;
using Device = void*;
struct Memory {
  unsigned long long total, free, used;
};

struct Nvml {
  explicit Nvml(const std::vector<std::string>& candidates) : library(candidates, "NVML", "install the GPU's driver") {}

  template <class Function>
  Function* function(const char* name) const {
    return library.function<Function>(name);
  }

  jit::DynamicLibrary library;
  Status (*start)() = function<Status()>("nvmlInit_v2");
  Status (*stop)() = function<Status()>("nvmlShutdown");
  Status (*driver_version)(char*, unsigned) = function<Status(char*, unsigned)>("nvmlSystemGetDriverVersion");
  Status (*device_by_uuid)(const char*, Device*) = function<Status(const char*, Device*)>("nvmlDeviceGetHandleByUUID");
  Status (*memory)(Device, Memory*) = function<Status(Device, Memory*)>("nvmlDeviceGetMemoryInfo");
};

constexpr const char* kName = "libnvidia-ml.so.1";

// A libcuda that was named by its path has its own NVML beside it, or none.
std::vector<std::string> candidates(const std::string& cuda_library) {
  if (cuda_library.find('/') == std::string::npos) return {kName};
  return {(std::filesystem::path(cuda_library).parent_path() / kName).string()};
}

}  // namespace

NvmlReport ask_nvml(const std::string& cuda_library, const std::vector<std::string>& uuids) {
  NvmlReport report;
  report.free_bytes.resize(uuids.size());
  try {
    const Nvml nvml(candidates(cuda_library));
    if (nvml.start() != 0) return report;
    report.library = nvml.library.name();
    std::array<char, 96> version{};
    if (nvml.driver_version(version.data(), static_cast<unsigned>(version.size())) == 0) {
      report.kernel_driver = version.data();
    }
    for (std::size_t k = 0; k < uuids.size(); ++k) {
      Device device = nullptr;
      Memory memory{};
      if (nvml.device_by_uuid(uuids[k].c_str(), &device) == 0 && nvml.memory(device, &memory) == 0) {
        report.free_bytes[k] = memory.free;
      }
    }
    nvml.stop();
  } catch (const UserError&) {
    // Not there, or too old: what it would say is optional.
  }
  return report;
}

}  // namespace mlffgen::cuda
