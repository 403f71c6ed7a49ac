// Recording of streams and graphs of the software driver.
#include <cstring>

#include "tests/software_gpu/gpu.h"

namespace software_gpu {
namespace {

constexpr int kThreadLocal = 1;

bool is_joined(const Capture& capture) {
  for (const auto& [stream, branch] : capture.branches) {
    if (stream != capture.origin && branch.second < branch.first) return false;
  }
  return true;
}

void end_everywhere(Capture& capture) {
  for (const auto& [stream, branch] : capture.branches) {
    if (stream != capture.origin) stream->capture = nullptr;
  }
  capture.origin->capture = nullptr;
}

struct UpdateResult {
  int result;
  void *node, *from;
};

bool is_same_structure(const GraphState& a, const GraphState& b) {
  if (a.work.size() != b.work.size()) return false;
  for (std::size_t k = 0; k < a.work.size(); ++k) {
    if (a.work[k].kind != b.work[k].kind || a.work[k].function != b.work[k].function) return false;
  }
  return true;
}

}  // namespace

SOFTWARE_GPU_ENTRY int cuStreamBeginCapture_v2(void* handle, int mode) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, handle);
    if (stream == nullptr) return kInvalidHandle;
    if (stream == &device.default_stream || stream->capture != nullptr) return kCaptureUnsupported;
    if (mode != kThreadLocal) return kInvalidValue;
    auto capture = std::make_shared<Capture>();
    capture->thread = std::this_thread::get_id();
    capture->origin = stream;
    capture->branches[stream] = {0, 0};
    stream->capture = std::move(capture);
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuStreamEndCapture(void* handle, void** graph) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    *graph = nullptr;
    StreamState* stream = stream_of(device, handle);
    if (stream == nullptr) return kInvalidHandle;
    const std::shared_ptr<Capture> capture = stream->capture;
    if (capture == nullptr) return kInvalidValue;
    if (capture->origin != stream) return kCaptureUnmatched;
    if (capture->thread != std::this_thread::get_id()) return kCaptureWrongThread;
    end_everywhere(*capture);
    if (!capture->valid) return kCaptureInvalidated;
    if (!is_joined(*capture)) return kCaptureUnjoined;
    auto state = std::make_shared<GraphState>();
    state->work = std::move(capture->work);
    *graph = gpu().graphs.add(std::move(state));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuGraphGetNodes(void* handle, void** nodes, std::size_t* count) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto graph = gpu().graphs.find(handle);
    if (graph == nullptr) return kInvalidHandle;
    if (nodes != nullptr) return kInvalidValue;  // nothing can be done with single nodes here
    *count = graph->work.size();
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto graph = gpu().graphs.find(handle);
    if (graph == nullptr) return kInvalidHandle;
    *executable = gpu().executables.add(std::make_shared<GraphState>(*graph));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuGraphExecUpdate_v2(void* executable_handle, void* handle, UpdateResult* result) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto executable = gpu().executables.find(executable_handle);
    const auto graph = gpu().graphs.find(handle);
    if (executable == nullptr || graph == nullptr) return kInvalidHandle;
    *result = {};
    if (!is_same_structure(*executable, *graph)) {
      result->result = 2;  // the topology changed
      return kGraphUpdateFailed;
    }
    executable->work = graph->work;
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuGraphLaunch(void* handle, void* stream_handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    const auto executable = gpu().executables.find(handle);
    StreamState* stream = stream_of(device, stream_handle);
    if (executable == nullptr || stream == nullptr) return kInvalidHandle;
    for (const Work& work : executable->work) {
      // Memory that was freed since the recording.
      if (work.kind != Work::Kind::launch && !is_sound(device, work)) return kInvalidValue;
      if (const int error = submit(*stream, work); error != kSuccess) return error;
    }
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuGraphDestroy(void* handle) {
  return call(__func__, false, [&](DeviceState&) { return gpu().graphs.remove(handle) ? kSuccess : kInvalidHandle; });
}

SOFTWARE_GPU_ENTRY int cuGraphExecDestroy(void* handle) {
  return call(__func__, false,
              [&](DeviceState&) { return gpu().executables.remove(handle) ? kSuccess : kInvalidHandle; });
}

}  // namespace software_gpu
