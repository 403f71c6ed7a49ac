// The state behind the software driver: devices, streams, events, modules and graphs.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/software_gpu/fibres.h"
#include "tests/software_gpu/memory.h"

// Every function of the driver's interface is one of these; `status` is a CUresult.
#define SOFTWARE_GPU_ENTRY extern "C" __attribute__((visibility("default")))

namespace software_gpu {

// CUresult
enum Status : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialised = 3,
  kDeinitialised = 4,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinary = 209,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kOutOfResources = 701,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
  kCaptureUnmatched = 903,
  kCaptureUnjoined = 904,
  kCaptureIsolation = 905,
  kCapturedEvent = 907,
  kCaptureWrongThread = 908,
  kGraphUpdateFailed = 910,
};

struct DeviceState;
struct StreamState;
struct EventState;

struct ModuleState {
  ~ModuleState();

  void* library = nullptr;
  char *shared_begin = nullptr, *shared_end = nullptr;
  Device** device = nullptr;
};

struct Function {
  std::shared_ptr<ModuleState> module;
  const Kernel* kernel = nullptr;
  std::string name;
  int dynamic_limit = 48 << 10;  // bytes

  int static_bytes() const { return static_cast<int>(module->shared_end - module->shared_begin); }
};

// One piece of work of a stream, and one node of a graph.
struct Work {
  enum class Kind { launch, to_device, to_host, on_device, fill, record, wait };
  Kind kind{};
  std::shared_ptr<Function> function;
  Index grid{}, block{};
  std::size_t shared_bytes = 0;
  std::vector<std::vector<unsigned long>> arguments;  // in words, which aligns them
  std::uint64_t to = 0, from = 0;                     // addresses of the device or of the host
  std::size_t bytes = 0;
  unsigned char value = 0;
  std::vector<unsigned char> staged;  // a copy of pageable memory, made at once
  std::shared_ptr<EventState> event;
  std::uint64_t ticket = 0;  // which of the event's records
};

struct EventState {
  bool timing = false;
  std::uint64_t submitted = 0, completed = 0;  // records
  StreamState* stream = nullptr;               // of the last record
  bool captured = false;
  std::size_t captured_at = 0;  // how much the stream had recorded then
  std::chrono::steady_clock::time_point time;
};

struct Capture {
  std::thread::id thread;
  StreamState* origin = nullptr;
  bool valid = true;
  std::vector<Work> work;
  std::map<StreamState*, std::pair<std::size_t, std::size_t>> branches;  // how much of it is recorded, and waited for
};

struct StreamState {
  DeviceState* device = nullptr;
  std::deque<Work> queue;  // with SOFTWARE_GPU_DEFER
  std::shared_ptr<Capture> capture;
};

struct GraphState {
  std::vector<Work> work;
};

struct DeviceState {
  DeviceState(int its_index, std::size_t memory_bytes) : index(its_index), memory(memory_bytes) {}

  int index;
  Memory memory;
  int retained = 0;
  int broken = 0;  // the error after which nothing works any more
  StreamState default_stream;
};

// The objects of one kind that the caller holds.
template <class T>
class Handles {
 public:
  void* add(std::shared_ptr<T> object) {
    void* handle = object.get();
    objects_.emplace(handle, std::move(object));
    return handle;
  }
  std::shared_ptr<T> find(void* handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  bool remove(void* handle) { return objects_.erase(handle) > 0; }
  const auto& all() const { return objects_; }

 private:
  std::map<void*, std::shared_ptr<T>> objects_;
};

struct Gpu {
  std::recursive_mutex mutex;
  bool started = false, finished = false;
  bool profiling = false;  // between cuProfilerStart and cuProfilerStop
  std::vector<std::unique_ptr<DeviceState>> devices;
  Blocks blocks;
  Handles<StreamState> streams;
  Handles<EventState> events;
  Handles<ModuleState> modules;
  Handles<Function> functions;
  Handles<GraphState> graphs, executables;
  std::map<std::uint64_t, std::size_t> pinned;  // address, bytes
};

Gpu& gpu();

// The current device of the calling thread; null without one.
DeviceState* current_device();

// The value of an environment variable; `otherwise` if it is not set.
std::size_t setting(const char* name, std::size_t otherwise);

// What a function of the driver does first: the lock, the errors that it returns at once, and the failure that a test
// asks for. `unsafe`: not allowed for a thread that records a graph.
int call(const char* name, bool unsafe, const std::function<int(DeviceState&)>& body);

// The same for those that need no current context.
int call_anywhere(const char* name, const std::function<int()>& body);

// A stream by its handle; null and the two special values are the default stream. Null if there is none such.
StreamState* stream_of(DeviceState& device, void* handle);

// Puts work into a stream: at once, later, or into a graph.
int submit(StreamState& stream, Work work);

// Does what a stream has put off (all of it, or until a record is done), and returns the device's error.
int drain(StreamState& stream);
int drain_until(EventState& event, std::uint64_t ticket);
int drain_all(DeviceState& device);

int check_launch(const DeviceState& device, const Work& work);
bool is_sound(const DeviceState& device, const Work& work);

}  // namespace software_gpu
