// Streams, events, copies and launches of the software driver.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/software_gpu/gpu.h"

namespace software_gpu {
namespace {

using Kind = Work::Kind;

void* host(std::uint64_t address) { return reinterpret_cast<void*>(address); }

bool is_pinned(std::uint64_t address, std::size_t bytes) {
  const auto& pinned = gpu().pinned;
  auto after = pinned.upper_bound(address);
  if (after == pinned.begin()) return false;
  const auto& [begin, size] = *std::prev(after);
  return bytes <= size && address - begin <= size - bytes;
}

void report(DeviceState& device, int status, const std::string& where, const std::string& what) {
  device.broken = status;
  std::fprintf(stderr, "software GPU: %s: %s\n", where.c_str(), what.c_str());
}

// What a profiler would see: a line a kernel.
void note_profiled(const std::string& kernel) {
  const char* path = std::getenv("SOFTWARE_GPU_PROFILE");
  if (!gpu().profiling || path == nullptr) return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) return;
  std::fprintf(file, "%s\n", kernel.c_str());
  std::fclose(file);
}

void launch(DeviceState& device, Work& work) {
  note_profiled(work.function->name);
  std::vector<void*> arguments;
  for (auto& argument : work.arguments) arguments.push_back(argument.data());
  const ModuleState& module = *work.function->module;
  const Failure failure = gpu().blocks.run({work.function->kernel, arguments.data(), work.grid, work.block,
                                            work.shared_bytes, module.shared_begin, module.shared_end, module.device});
  const std::string& name = work.function->name;
  if (failure.status != 0) report(device, failure.status, name, failure.what);
  const std::string damage = device.memory.check_guards();
  if (!damage.empty()) report(device, kIllegalAddress, name, damage);
}

void perform(DeviceState& device, Work& work) {
  switch (work.kind) {
    case Kind::launch:
      launch(device, work);
      return;
    case Kind::to_device:
      std::memcpy(host(work.to), work.staged.empty() ? host(work.from) : work.staged.data(), work.bytes);
      return;
    case Kind::to_host:
    case Kind::on_device:
      std::memmove(host(work.to), host(work.from), work.bytes);
      return;
    case Kind::fill:
      std::memset(host(work.to), work.value, work.bytes);
      return;
    case Kind::record:
      work.event->completed = work.ticket;
      work.event->time = std::chrono::steady_clock::now();
      return;
    case Kind::wait:
      drain_until(*work.event, work.ticket);
      return;
  }
}

void perform_next(StreamState& stream) {
  Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (stream.device->broken == 0) perform(*stream.device, work);
}

// Work that a recording stream is given.
int record_work(StreamState& stream, Work work) {
  Capture& capture = *stream.capture;
  if (!capture.valid) return kCaptureInvalidated;
  capture.work.push_back(std::move(work));
  ++capture.branches[&stream].first;
  return kSuccess;
}

int submit_copy(const char* name, Kind kind, std::uint64_t to, std::uint64_t from, std::size_t bytes, void* handle) {
  return call(name, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, handle);
    if (stream == nullptr) return kInvalidHandle;
    Work work;
    work.kind = kind;
    work.to = to;
    work.from = from;
    work.bytes = bytes;
    if (!is_sound(device, work)) return kInvalidValue;
    // Pageable memory: the driver makes a copy of its own, or waits.
    const bool direct = stream->capture != nullptr;
    if (kind == Kind::to_device && !direct && !is_pinned(from, bytes)) {
      const auto* begin = static_cast<const unsigned char*>(host(from));
      work.staged.assign(begin, begin + bytes);
    }
    const int error = submit(*stream, std::move(work));
    if (error == kSuccess && kind == Kind::to_host && !direct && !is_pinned(to, bytes)) return drain(*stream);
    return error;
  });
}

}  // namespace

StreamState* stream_of(DeviceState& device, void* handle) {
  if (reinterpret_cast<std::uintptr_t>(handle) <= 2) return &device.default_stream;
  return gpu().streams.find(handle).get();
}

bool is_sound(const DeviceState& device, const Work& work) {
  const bool to_is_fine = work.kind == Kind::to_host || device.memory.holds(work.to, work.bytes);
  const bool from_is_fine =
      work.kind == Kind::to_device || work.kind == Kind::fill || device.memory.holds(work.from, work.bytes);
  return to_is_fine && from_is_fine;
}

int submit(StreamState& stream, Work work) {
  if (stream.capture != nullptr) return record_work(stream, std::move(work));
  stream.queue.push_back(std::move(work));
  if (setting("CUDA_LAUNCH_BLOCKING", 0) != 0) return drain(stream);
  // A kernel that fails does so later: its launch succeeds.
  if (setting("SOFTWARE_GPU_DEFER", 0) == 0) drain(stream);
  return kSuccess;
}

int drain(StreamState& stream) {
  while (!stream.queue.empty()) perform_next(stream);
  return stream.device->broken;
}

int drain_until(EventState& event, std::uint64_t ticket) {
  while (event.completed < ticket && event.stream != nullptr && !event.stream->queue.empty()) {
    perform_next(*event.stream);
  }
  return kSuccess;
}

int drain_all(DeviceState& device) {
  drain(device.default_stream);
  for (const auto& [handle, stream] : gpu().streams.all()) {
    if (stream->device == &device) drain(*stream);
  }
  return device.broken;
}

int check_launch(const DeviceState& device, const Work& work) {
  const std::size_t threads = std::size_t{work.block.x} * work.block.y * work.block.z;
  const std::size_t blocks = std::size_t{work.grid.x} * work.grid.y * work.grid.z;
  if (threads == 0 || blocks == 0 || threads > 1024 || work.block.z > 64) return kInvalidValue;
  if (work.grid.x > 0x7fffffff || work.grid.y > 65535 || work.grid.z > 65535) return kInvalidValue;
  const auto fixed = static_cast<std::size_t>(work.function->static_bytes());
  if (fixed > 48 << 10) return kOutOfResources;
  if (work.shared_bytes > static_cast<std::size_t>(work.function->dynamic_limit)) return kInvalidValue;
  if (work.shared_bytes + fixed > setting("SOFTWARE_GPU_SHARED", 227 << 10)) return kInvalidValue;
  return device.broken;
}

SOFTWARE_GPU_ENTRY int cuMemcpyHtoDAsync_v2(std::uint64_t to, const void* from, std::size_t bytes, void* stream) {
  return submit_copy(__func__, Kind::to_device, to, reinterpret_cast<std::uint64_t>(from), bytes, stream);
}

SOFTWARE_GPU_ENTRY int cuMemcpyDtoHAsync_v2(void* to, std::uint64_t from, std::size_t bytes, void* stream) {
  return submit_copy(__func__, Kind::to_host, reinterpret_cast<std::uint64_t>(to), from, bytes, stream);
}

SOFTWARE_GPU_ENTRY int cuMemcpyDtoDAsync_v2(std::uint64_t to, std::uint64_t from, std::size_t bytes, void* stream) {
  return submit_copy(__func__, Kind::on_device, to, from, bytes, stream);
}

SOFTWARE_GPU_ENTRY int cuMemsetD8Async(std::uint64_t to, unsigned char value, std::size_t bytes, void* handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, handle);
    if (stream == nullptr) return kInvalidHandle;
    Work work;
    work.kind = Kind::fill;
    work.to = to;
    work.value = value;
    work.bytes = bytes;
    return is_sound(device, work) ? submit(*stream, std::move(work)) : kInvalidValue;
  });
}

SOFTWARE_GPU_ENTRY int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                                      unsigned block_y, unsigned block_z, unsigned shared_bytes, void* stream_handle,
                                      void** arguments, void**) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, stream_handle);
    Work work;
    work.kind = Kind::launch;
    work.function = gpu().functions.find(handle);
    if (stream == nullptr || work.function == nullptr) return kInvalidHandle;
    work.grid = {grid_x, grid_y, grid_z};
    work.block = {block_x, block_y, block_z};
    work.shared_bytes = shared_bytes;
    if (const int error = check_launch(device, work); error != kSuccess) return error;
    const Kernel& kernel = *work.function->kernel;
    for (int k = 0; k < kernel.parameters; ++k) {
      work.arguments.emplace_back((kernel.sizes[k] + 7) / 8);
      std::memcpy(work.arguments.back().data(), arguments[k], kernel.sizes[k]);
    }
    return submit(*stream, std::move(work));
  });
}

SOFTWARE_GPU_ENTRY int cuStreamCreate(void** handle, unsigned) {
  return call(__func__, false, [&](DeviceState& device) {
    auto stream = std::make_shared<StreamState>();
    stream->device = &device;
    *handle = gpu().streams.add(std::move(stream));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuStreamDestroy_v2(void* handle) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto stream = gpu().streams.find(handle);
    if (stream == nullptr) return kInvalidHandle;
    drain(*stream);
    for (const auto& [key, event] : gpu().events.all()) {
      if (event->stream == stream.get()) event->stream = nullptr;
    }
    gpu().streams.remove(handle);
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuStreamSynchronize(void* handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, handle);
    if (stream == nullptr) return kInvalidHandle;
    if (stream->capture != nullptr) {
      stream->capture->valid = false;
      return kCaptureUnsupported;
    }
    return drain(*stream);
  });
}

SOFTWARE_GPU_ENTRY int cuStreamWaitEvent(void* handle, void* event_handle, unsigned) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, handle);
    const auto event = gpu().events.find(event_handle);
    if (stream == nullptr || event == nullptr) return kInvalidHandle;
    if (event->captured && event->stream != nullptr && event->stream->capture != nullptr) {
      StreamState& from = *event->stream;
      if (stream->capture == nullptr) {  // the recording goes on in this stream too
        stream->capture = from.capture;
        stream->capture->branches[stream] = {0, 0};
      }
      if (stream->capture != from.capture) return kCaptureIsolation;
      auto& waited = stream->capture->branches[&from].second;
      waited = std::max(waited, event->captured_at);
      return kSuccess;
    }
    if (stream->capture != nullptr) {
      stream->capture->valid = false;
      return kCaptureIsolation;
    }
    Work work;
    work.kind = Kind::wait;
    work.event = event;
    work.ticket = event->submitted;
    return submit(*stream, std::move(work));
  });
}

SOFTWARE_GPU_ENTRY int cuEventCreate(void** handle, unsigned flags) {
  return call(__func__, false, [&](DeviceState&) {
    auto event = std::make_shared<EventState>();
    event->timing = (flags & 2) == 0;
    *handle = gpu().events.add(std::move(event));
    return kSuccess;
  });
}

SOFTWARE_GPU_ENTRY int cuEventDestroy_v2(void* handle) {
  return call(__func__, false, [&](DeviceState&) { return gpu().events.remove(handle) ? kSuccess : kInvalidHandle; });
}

SOFTWARE_GPU_ENTRY int cuEventRecord(void* handle, void* stream_handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    StreamState* stream = stream_of(device, stream_handle);
    const auto event = gpu().events.find(handle);
    if (stream == nullptr || event == nullptr) return kInvalidHandle;
    event->stream = stream;
    event->captured = stream->capture != nullptr;
    if (event->captured) {
      event->captured_at = stream->capture->branches[stream].first;
      return kSuccess;
    }
    Work work;
    work.kind = Kind::record;
    work.event = event;
    work.ticket = ++event->submitted;
    return submit(*stream, std::move(work));
  });
}

SOFTWARE_GPU_ENTRY int cuEventQuery(void* handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    const auto event = gpu().events.find(handle);
    if (event == nullptr) return kInvalidHandle;
    if (event->captured) return kCapturedEvent;
    if (event->completed == event->submitted) return kSuccess;
    drain_until(*event, event->submitted);  // done by the next time that someone asks
    return device.broken != 0 ? device.broken : kNotReady;
  });
}

SOFTWARE_GPU_ENTRY int cuEventSynchronize(void* handle) {
  return call(__func__, false, [&](DeviceState& device) -> int {
    const auto event = gpu().events.find(handle);
    if (event == nullptr) return kInvalidHandle;
    if (event->captured) return kCapturedEvent;
    drain_until(*event, event->submitted);
    return device.broken;
  });
}

SOFTWARE_GPU_ENTRY int cuEventElapsedTime(float* milliseconds, void* from_handle, void* to_handle) {
  return call(__func__, false, [&](DeviceState&) -> int {
    const auto from = gpu().events.find(from_handle), to = gpu().events.find(to_handle);
    if (from == nullptr || to == nullptr || !from->timing || !to->timing) return kInvalidHandle;
    if (from->submitted == 0 || to->submitted == 0) return kInvalidHandle;
    if (from->completed < from->submitted || to->completed < to->submitted) return kNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return kSuccess;
  });
}

}  // namespace software_gpu
