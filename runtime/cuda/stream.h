// Streams (queues of work of one GPU) and events (points in them). Failures are DeviceErrors; those of a kernel show
// up when something waits for it, and name the stream's last launch.
#pragma once

#include <memory>

#include "runtime/cuda/context.h"

namespace mlffgen::cuda {

class Event;
struct StreamState;

// Cheap to copy: the queue is destroyed with the last copy, unless it is borrowed.
class Stream {
 public:
  // A queue of our own, which does not wait for the default stream.
  explicit Stream(const Context& context);

  // The caller's CUstream or cudaStream_t (null: the default stream), which must outlive this; never destroyed.
  static Stream borrow(const Context& context, void* cuda_stream);

  // Waits until all of it is done.
  void synchronise() const;

  // Later work of this stream waits for the event; the host does not.
  void wait(const Event& event) const;

  void* handle() const;
  const Context& context() const;

  StreamState& state() const { return *state_; }  // for this library

 private:
  explicit Stream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}

  std::shared_ptr<StreamState> state_;
};

class Event {
 public:
  explicit Event(const Context& context, bool timing = false);
  Event(Event&& other) noexcept;
  Event& operator=(Event&& other) noexcept;
  ~Event();

  void record(const Stream& stream);
  void synchronise() const;
  bool done() const;  // also before the first record

  // The time between two events that are done and were made with timing.
  static float milliseconds(const Event& from, const Event& to);

  void* handle() const { return handle_; }

 private:
  Context context_;
  void* handle_ = nullptr;
};

}  // namespace mlffgen::cuda
