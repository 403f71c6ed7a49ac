// The functions of libcuda that this library uses. For this folder only.
//
// Declared here so that building needs no CUDA header; the names and values are part of the driver's stable ABI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "runtime/cuda/context.h"
#include "runtime/jit/dynamic_library.h"

namespace mlffgen::cuda {

using Status = int;
using Device = int;
using Handle = void*;  // of a context, stream, event, module, function, graph or executable graph
using Address = std::uint64_t;

inline constexpr Status kSuccess = 0;
inline constexpr Status kOutOfMemory = 2;
inline constexpr Status kNoDevice = 100;
inline constexpr Status kNotReady = 600;
inline constexpr Status kGraphUpdateFailed = 910;

inline constexpr int kOldestVersion = 12000;

template <class Function>
class Entry {
 public:
  Entry(const jit::DynamicLibrary& library, const char* symbol) : function_(library.function<Function>(symbol)) {}
  operator Function*() const { return function_; }

 private:
  Function* function_;
};

// What every version of the driver has.
struct DriverBase {
  DriverBase();

  jit::DynamicLibrary library;
  Entry<Status(int*)> driver_version{library, "cuDriverGetVersion"};
  Entry<Status(unsigned)> initialise{library, "cuInit"};
  int version = 0;
};

struct Uuid {
  unsigned char bytes[16];
};

struct GraphUpdateResult {
  int result;
  Handle node, from;
};

struct DriverApi {
  explicit DriverApi(const DriverBase& base) : library(base.library), version(base.version) {}

  jit::DynamicLibrary library;
  int version;

  Entry<Status(Status, const char**)> error_name{library, "cuGetErrorName"};
  Entry<Status(Status, const char**)> error_string{library, "cuGetErrorString"};

  Entry<Status(int*)> device_count{library, "cuDeviceGetCount"};
  Entry<Status(Device*, int)> device_get{library, "cuDeviceGet"};
  Entry<Status(char*, int, Device)> device_name{library, "cuDeviceGetName"};
  Entry<Status(Uuid*, Device)> device_uuid{library, "cuDeviceGetUuid_v2"};
  Entry<Status(int*, int, Device)> device_attribute{library, "cuDeviceGetAttribute"};
  Entry<Status(std::size_t*, Device)> device_memory{library, "cuDeviceTotalMem_v2"};

  Entry<Status(Handle*, Device)> context_retain{library, "cuDevicePrimaryCtxRetain"};
  Entry<Status(Device)> context_release{library, "cuDevicePrimaryCtxRelease_v2"};
  Entry<Status(Handle)> context_push{library, "cuCtxPushCurrent_v2"};
  Entry<Status(Handle*)> context_pop{library, "cuCtxPopCurrent_v2"};
  Entry<Status()> context_synchronise{library, "cuCtxSynchronize"};
  Entry<Status()> profiler_start{library, "cuProfilerStart"};
  Entry<Status()> profiler_stop{library, "cuProfilerStop"};

  Entry<Status(std::size_t*, std::size_t*)> memory_info{library, "cuMemGetInfo_v2"};
  Entry<Status(Address*, std::size_t)> memory_allocate{library, "cuMemAlloc_v2"};
  Entry<Status(Address)> memory_free{library, "cuMemFree_v2"};
  Entry<Status(void**, std::size_t, unsigned)> host_allocate{library, "cuMemHostAlloc"};
  Entry<Status(void*)> host_free{library, "cuMemFreeHost"};
  Entry<Status(Address, const void*, std::size_t, Handle)> copy_to_device{library, "cuMemcpyHtoDAsync_v2"};
  Entry<Status(void*, Address, std::size_t, Handle)> copy_to_host{library, "cuMemcpyDtoHAsync_v2"};
  Entry<Status(Address, Address, std::size_t, Handle)> copy_on_device{library, "cuMemcpyDtoDAsync_v2"};
  Entry<Status(Address, unsigned char, std::size_t, Handle)> fill{library, "cuMemsetD8Async"};

  Entry<Status(Handle*, unsigned)> stream_create{library, "cuStreamCreate"};
  Entry<Status(Handle)> stream_destroy{library, "cuStreamDestroy_v2"};
  Entry<Status(Handle)> stream_synchronise{library, "cuStreamSynchronize"};
  Entry<Status(Handle, Handle, unsigned)> stream_wait{library, "cuStreamWaitEvent"};
  Entry<Status(Handle, int)> capture_begin{library, "cuStreamBeginCapture_v2"};
  Entry<Status(Handle, Handle*)> capture_end{library, "cuStreamEndCapture"};

  Entry<Status(Handle*, unsigned)> event_create{library, "cuEventCreate"};
  Entry<Status(Handle)> event_destroy{library, "cuEventDestroy_v2"};
  Entry<Status(Handle, Handle)> event_record{library, "cuEventRecord"};
  Entry<Status(Handle)> event_query{library, "cuEventQuery"};
  Entry<Status(Handle)> event_synchronise{library, "cuEventSynchronize"};
  Entry<Status(float*, Handle, Handle)> event_elapsed{library, "cuEventElapsedTime"};

  Entry<Status(Handle*, const void*)> module_load{library, "cuModuleLoadData"};
  Entry<Status(Handle)> module_unload{library, "cuModuleUnload"};
  Entry<Status(Handle*, Handle, const char*)> module_function{library, "cuModuleGetFunction"};
  Entry<Status(int*, int, Handle)> function_attribute{library, "cuFuncGetAttribute"};
  Entry<Status(Handle, int, int)> function_set_attribute{library, "cuFuncSetAttribute"};
  Entry<Status(int*, Handle, int, std::size_t)> occupancy{library, "cuOccupancyMaxActiveBlocksPerMultiprocessor"};
  Entry<Status(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle, void**, void**)>
      launch{library, "cuLaunchKernel"};

  Entry<Status(Handle*, Handle, unsigned long long)> graph_instantiate{library, "cuGraphInstantiateWithFlags"};
  Entry<Status(Handle, Handle)> graph_launch{library, "cuGraphLaunch"};
  Entry<Status(Handle, Handle*, std::size_t*)> graph_nodes{library, "cuGraphGetNodes"};
  Entry<Status(Handle, Handle, GraphUpdateResult*)> graph_update{library, "cuGraphExecUpdate_v2"};
  Entry<Status(Handle)> graph_destroy{library, "cuGraphDestroy"};
  Entry<Status(Handle)> graph_executable_destroy{library, "cuGraphExecDestroy"};

  // "out of memory (CUDA_ERROR_OUT_OF_MEMORY, 2)".
  std::string text(Status status) const;
};

// Loaded and started on the first call and never unloaded, so that destructors that run at exit find it. Throws
// UserError, and tries again on the next call.
const DriverApi& driver_api();

// The text of the UserError for a driver that is older than kOldestVersion; "" for one that will do.
std::string too_old(const DriverBase& base, const std::string& kernel_driver);

// The GPUs that the driver shows, described; UserError when there is none.
std::vector<DeviceInfo> describe_devices(const DriverApi& api);

// A retained primary context.
struct ContextState {
  ContextState(const DriverApi& driver, DeviceInfo info);
  ~ContextState();
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;

  // "what on NVIDIA H100 (GPU 0): text of the status", and what follows it.
  DeviceError error(const std::string& what, Status status, const std::string& more = "") const;

  void check(Status status, const char* what) const {
    if (status != kSuccess) throw error(what, status);
  }

  const DriverApi& api;
  DeviceInfo device;
  Device ordinal = 0;
  Handle context = nullptr;
};

// For destructors: makes a context current as far as that is possible, and reports nothing.
class QuietContext {
 public:
  explicit QuietContext(const ContextState& state)
      : api_(state.api), pushed_(api_.context_push(state.context) == kSuccess) {}
  ~QuietContext() {
    Handle popped = nullptr;
    if (pushed_) api_.context_pop(&popped);
  }
  QuietContext(const QuietContext&) = delete;
  QuietContext& operator=(const QuietContext&) = delete;

 private:
  const DriverApi& api_;
  bool pushed_;
};

}  // namespace mlffgen::cuda
