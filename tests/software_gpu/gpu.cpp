#include "tests/software_gpu/gpu.h"

#include <cstdlib>
#include <cstring>

namespace software_gpu {
namespace {

thread_local std::vector<DeviceState*> current;

// SOFTWARE_GPU_FAIL=NAME=STATUS makes one function of the driver fail.
int wanted_failure(const char* name) {
  const char* wanted = std::getenv("SOFTWARE_GPU_FAIL");
  const std::size_t length = std::strlen(name);
  if (wanted == nullptr || std::strncmp(wanted, name, length) != 0 || wanted[length] != '=') return kSuccess;
  return std::atoi(wanted + length + 1);
}

bool is_recording(Gpu& state) {
  for (const auto& [handle, stream] : state.streams.all()) {
    if (stream->capture != nullptr && stream->capture->thread == std::this_thread::get_id()) {
      stream->capture->valid = false;
      return true;
    }
  }
  return false;
}

int entry_error(Gpu& state, const char* name) {
  if (state.finished) return kDeinitialised;
  if (!state.started) return kNotInitialised;
  return wanted_failure(name);
}

}  // namespace

// Never destroyed: destructors of the program's may still ask it.
Gpu& gpu() {
  static Gpu* state = new Gpu;
  return *state;
}

DeviceState* current_device() { return current.empty() ? nullptr : current.back(); }

std::size_t setting(const char* name, std::size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : std::strtoull(value, nullptr, 10);
}

int call(const char* name, bool unsafe, const std::function<int(DeviceState&)>& body) {
  Gpu& state = gpu();
  const std::lock_guard lock(state.mutex);
  if (const int error = entry_error(state, name); error != kSuccess) return error;
  DeviceState* device = current_device();
  if (device == nullptr || device->retained == 0) return kInvalidContext;
  if (device->broken != 0) return device->broken;
  if (unsafe && is_recording(state)) return kCaptureUnsupported;
  return body(*device);
}

int call_anywhere(const char* name, const std::function<int()>& body) {
  Gpu& state = gpu();
  const std::lock_guard lock(state.mutex);
  if (const int error = entry_error(state, name); error != kSuccess) return error;
  return body();
}

namespace {

DeviceState* device_of(int ordinal) {
  Gpu& state = gpu();
  return ordinal >= 0 && static_cast<std::size_t>(ordinal) < state.devices.size()
             ? state.devices[static_cast<std::size_t>(ordinal)].get()
             : nullptr;
}

// After exit() the driver of a real GPU refuses all calls.
void finish() { gpu().finished = true; }

struct ErrorText {
  int status;
  const char *name, *words;
};

constexpr ErrorText kErrors[] = {
    {kSuccess, "CUDA_SUCCESS", "no error"},
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNotInitialised, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kDeinitialised, "CUDA_ERROR_DEINITIALIZED", "driver shutting down"},
    {kNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kNoBinary, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kNotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {kCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {kCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {kCaptureUnmatched, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
    {kCaptureUnjoined, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {kCaptureIsolation, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {kCapturedEvent, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {kCaptureWrongThread, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {kGraphUpdateFailed, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
     "the graph update was not performed because it included changes which violated constraints specific to "
     "instantiated graph update"},
};

const ErrorText* error_text(int status) {
  for (const ErrorText& error : kErrors) {
    if (error.status == status) return &error;
  }
  return nullptr;
}

// CU_DEVICE_ATTRIBUTE_...
int attribute(int which) {
  switch (which) {
    case 1:  // threads of a block
      return 1024;
    case 8:  // shared memory of a block, without asking for more
      return 48 << 10;
    case 10:  // threads of a warp
      return 32;
    case 16:
      return static_cast<int>(setting("SOFTWARE_GPU_MULTIPROCESSORS", 4));
    case 38:  // bytes of the second-level cache
      return 50 << 20;
    case 39:  // threads of a multiprocessor
      return 2048;
    case 75:
      return 9;
    case 76:
      return 0;
    case 81:  // shared memory of a multiprocessor
      return static_cast<int>(setting("SOFTWARE_GPU_SHARED", 227 << 10)) + 1024;
    case 97:  // shared memory of a block, when asked for
      return static_cast<int>(setting("SOFTWARE_GPU_SHARED", 227 << 10));
    default:
      return -1;
  }
}

}  // namespace

SOFTWARE_GPU_ENTRY int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(setting("SOFTWARE_GPU_DRIVER", 13000));
  return kSuccess;
}

SOFTWARE_GPU_ENTRY int cuInit(unsigned) {
  Gpu& state = gpu();
  const std::lock_guard lock(state.mutex);
  if (const int error = wanted_failure("cuInit"); error != kSuccess) return error;
  const std::size_t count = setting("SOFTWARE_GPU_DEVICES", 1);
  if (count == 0) return kNoDevice;
  if (state.started) return kSuccess;
  for (std::size_t k = 0; k < count; ++k) {
    state.devices.push_back(
        std::make_unique<DeviceState>(static_cast<int>(k), setting("SOFTWARE_GPU_MEMORY", std::size_t{2} << 30)));
    state.devices.back()->default_stream.device = state.devices.back().get();
  }
  state.started = true;
  std::atexit(finish);
  return kSuccess;
}

SOFTWARE_GPU_ENTRY int cuGetErrorName(int status, const char** name) {
  const ErrorText* error = error_text(status);
  *name = error == nullptr ? nullptr : error->name;
  return error == nullptr ? kInvalidValue : kSuccess;
}

SOFTWARE_GPU_ENTRY int cuGetErrorString(int status, const char** words) {
  const ErrorText* error = error_text(status);
  *words = error == nullptr ? nullptr : error->words;
  return error == nullptr ? kInvalidValue : kSuccess;
}

SOFTWARE_GPU_ENTRY int cuDeviceGetCount(int* count) {
  return call_anywhere(__func__, [&] {
    *count = static_cast<int>(gpu().devices.size());
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDeviceGet(int* device, int ordinal) {
  return call_anywhere(__func__, [&]() -> int {
    if (device_of(ordinal) == nullptr) return kInvalidDevice;
    *device = ordinal;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDeviceGetName(char* name, int length, int) {
  return call_anywhere(__func__, [&] {
    std::snprintf(name, static_cast<std::size_t>(length), "Software GPU");
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  return call_anywhere(__func__, [&] {
    std::memset(uuid, 0x5f, 16);
    uuid[15] = static_cast<unsigned char>(device);
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDeviceGetAttribute(int* value, int which, int device) {
  return call_anywhere(__func__, [&]() -> int {
    if (device_of(device) == nullptr) return kInvalidDevice;
    *value = attribute(which);
    return *value < 0 ? kInvalidValue : kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  return call_anywhere(__func__, [&]() -> int {
    if (device_of(device) == nullptr) return kInvalidDevice;
    *bytes = device_of(device)->memory.total();
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDevicePrimaryCtxRetain(void** context, int device) {
  return call_anywhere(__func__, [&]() -> int {
    DeviceState* state = device_of(device);
    if (state == nullptr) return kInvalidDevice;
    ++state->retained;
    *context = state;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuDevicePrimaryCtxRelease_v2(int device) {
  return call_anywhere(__func__, [&]() -> int {
    DeviceState* state = device_of(device);
    if (state == nullptr) return kInvalidDevice;
    if (state->retained == 0) return kInvalidContext;
    --state->retained;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuCtxPushCurrent_v2(void* context) {
  return call_anywhere(__func__, [&]() -> int {
    auto* state = static_cast<DeviceState*>(context);
    if (state == nullptr || device_of(state->index) != state || state->retained == 0) return kInvalidContext;
    current.push_back(state);
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuCtxPopCurrent_v2(void** context) {
  return call_anywhere(__func__, [&]() -> int {
    if (current.empty()) return kInvalidContext;
    *context = current.back();
    current.pop_back();
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuCtxGetCurrent(void** context) {
  return call_anywhere(__func__, [&]() -> int {
    *context = current_device();
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuCtxSynchronize() {
  return call(__func__, true, [](DeviceState& device) { return drain_all(device); });
}

SOFTWARE_GPU_ENTRY int cuProfilerStart() {
  return call(__func__, true, [](DeviceState&) {
    gpu().profiling = true;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuProfilerStop() {
  return call(__func__, true, [](DeviceState&) {
    gpu().profiling = false;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuMemGetInfo_v2(std::size_t* available, std::size_t* total) {
  return call(__func__, false, [&](DeviceState& device) {
    *available = device.memory.available();
    *total = device.memory.total();
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuMemAlloc_v2(std::uint64_t* address, std::size_t bytes) {
  return call(__func__, true, [&](DeviceState& device) -> int {
    if (bytes == 0) return kInvalidValue;
    *address = device.memory.allocate(bytes);
    return *address == 0 ? kOutOfMemory : kSuccess;
  });
}

// Waits for all work that may use it.
SOFTWARE_GPU_ENTRY int cuMemFree_v2(std::uint64_t address) {
  return call(__func__, true, [&](DeviceState& device) -> int {
    if (const int error = drain_all(device); error != kSuccess) return error;
    return device.memory.free(address) ? kSuccess : kInvalidValue;
  });
}

SOFTWARE_GPU_ENTRY int cuMemHostAlloc(void** address, std::size_t bytes, unsigned) {
  return call(__func__, true, [&](DeviceState&) -> int {
    if (bytes == 0) return kInvalidValue;
    *address = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*address == nullptr) return kOutOfMemory;
    std::memset(*address, 0xff, bytes);
    gpu().pinned.emplace(reinterpret_cast<std::uint64_t>(*address), bytes);
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuMemFreeHost(void* address) {
  return call(__func__, true, [&](DeviceState& device) -> int {
    if (const int error = drain_all(device); error != kSuccess) return error;
    if (gpu().pinned.erase(reinterpret_cast<std::uint64_t>(address)) == 0) return kInvalidValue;
    std::free(address);
    return kSuccess;
  });
}

}  // namespace software_gpu
