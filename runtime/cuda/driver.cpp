#include "runtime/cuda/driver.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "runtime/cuda/driver_api.h"
#include "runtime/cuda/nvml.h"
#include "runtime/jit/environment.h"

namespace mlffgen::cuda {
namespace {

// CU_DEVICE_ATTRIBUTE_...
constexpr int kMultiprocessors = 16, kL2Bytes = 38, kMajor = 75, kMinor = 76, kSharedBytesPerMultiprocessor = 81,
              kSharedBytesPerBlockOptIn = 97;

std::vector<std::string> candidates() {
  if (const auto chosen = jit::environment_variable(jit::kCudaVariable)) return {*chosen};
  return {"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"};
}

std::string uuid_text(const Uuid& uuid) {
  std::string text = "GPU-";
  for (int k = 0; k < 16; ++k) {
    if (k == 4 || k == 6 || k == 8 || k == 10) text += '-';
    text += fmt::format("{:02x}", uuid.bytes[k]);
  }
  return text;
}

DeviceInfo describe(const DriverApi& api, int index) {
  const auto check = [&](Status status) {
    if (status != kSuccess) throw UserError(fmt::format("GPU {} does not answer: {}", index, api.text(status)));
  };
  Device device = 0;
  check(api.device_get(&device, index));
  const auto attribute = [&](int which) {
    int value = 0;
    check(api.device_attribute(&value, which, device));
    return value;
  };
  DeviceInfo info;
  info.index = index;
  std::array<char, 256> name{};
  check(api.device_name(name.data(), static_cast<int>(name.size()), device));
  info.name = name.data();
  Uuid uuid{};
  check(api.device_uuid(&uuid, device));
  info.uuid = uuid_text(uuid);
  info.major = attribute(kMajor);
  info.minor = attribute(kMinor);
  info.arch = fmt::format("sm_{}{}", info.major, info.minor);
  info.multiprocessors = attribute(kMultiprocessors);
  info.shared_bytes_per_block = attribute(kSharedBytesPerBlockOptIn);
  info.shared_bytes_per_multiprocessor = attribute(kSharedBytesPerMultiprocessor);
  info.l2_bytes = static_cast<std::size_t>(attribute(kL2Bytes));
  check(api.device_memory(&info.memory_bytes, device));
  return info;
}

void check_started(Status status, const std::string& text) {
  if (status == kSuccess) return;
  if (status == kNoDevice) {
    throw UserError(
        "the CUDA driver finds no GPU: check that nvidia-smi lists one, and that CUDA_VISIBLE_DEVICES does not hide "
        "it");
  }
  throw UserError(
      fmt::format("the CUDA driver does not start: {}; check that nvidia-smi works, and restart the machine after an "
                  "update of the driver",
                  text));
}

}  // namespace

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

DriverBase::DriverBase()
    : library(candidates(), "the CUDA driver",
              fmt::format("install the GPU's driver, or set {} to the path of libcuda.so.1", jit::kCudaVariable)) {
  const Status status = driver_version(&version);
  if (status != kSuccess) throw UserError(fmt::format("{} does not say its version: error {}", library.name(), status));
}

std::string too_old(const DriverBase& base, const std::string& kernel_driver) {
  if (base.version >= kOldestVersion) return {};
  return fmt::format(
      "the CUDA driver {} is too old: it runs CUDA {}{}, mlffgen needs CUDA {} or newer; install driver "
      "525.60.13 or newer",
      base.library.name(), version_text(base.version), kernel_driver.empty() ? "" : " (driver " + kernel_driver + ")",
      version_text(kOldestVersion));
}

std::string DriverApi::text(Status status) const {
  const char* name = nullptr;
  const char* words = nullptr;
  if (error_string(status, &words) != kSuccess || words == nullptr) words = "unknown error";
  if (error_name(status, &name) != kSuccess || name == nullptr) return fmt::format("{} ({})", words, status);
  return fmt::format("{} ({}, {})", words, name, status);
}

const DriverApi& driver_api() {
  static std::mutex mutex;
  static const DriverApi* loaded = nullptr;
  const std::lock_guard lock(mutex);
  if (loaded != nullptr) return *loaded;
  const DriverBase base;
  if (base.version < kOldestVersion) throw UserError(too_old(base, ask_nvml(base.library.name(), {}).kernel_driver));
  auto api = std::make_unique<const DriverApi>(base);
  const Status status = base.initialise(0);
  check_started(status, status == kSuccess ? "" : api->text(status));
  loaded = api.release();
  return *loaded;
}

std::vector<DeviceInfo> describe_devices(const DriverApi& api) {
  int count = 0;
  check_started(api.device_count(&count), "it does not count the GPUs");
  if (count == 0) check_started(kNoDevice, "");
  std::vector<DeviceInfo> devices;
  for (int k = 0; k < count; ++k) devices.push_back(describe(api, k));
  return devices;
}

DriverReport examine_driver() {
  DriverReport report;
  Driver& driver = report.driver;
  std::vector<std::string> uuids;
  try {
    {
      const DriverBase base;
      driver.library = base.library.name();
      driver.version = base.version;
    }
    driver.devices = describe_devices(driver_api());
    for (const DeviceInfo& device : driver.devices) uuids.push_back(device.uuid);
  } catch (const UserError& error) {
    report.details = error.what();
    report.problem = report.details.substr(0, report.details.find("; tried:"));
  }
  const NvmlReport nvml = ask_nvml(driver.library, uuids);
  driver.nvml = nvml.library;
  driver.kernel_driver = nvml.kernel_driver;
  for (std::size_t k = 0; k < uuids.size(); ++k) driver.devices[k].free_bytes = nvml.free_bytes[k];
  return report;
}

Driver find_driver() {
  DriverReport report = examine_driver();
  if (!report.problem.empty()) throw UserError(report.details);
  return std::move(report.driver);
}

}  // namespace mlffgen::cuda
