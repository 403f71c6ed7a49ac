// What stands around a call from device memory: copying the caller's arrays to those of the workspace and back, so that
// a graph does not depend on addresses, and keeping what went wrong for the host. For this folder only.
#pragma once

#include <cstdint>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/cuda_model/lane.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/kernels/status.h"

namespace mlffgen::cuda_model {

// What the calls since the last check found: lies in memory of the host that the GPU writes to, as in
// templates/model_call.cu.
struct FaultRecord {
  kernels::Status first;      // of the first call with a fault of its input or results
  std::int32_t first_atom;    // of the system at fault
  std::int32_t n_systems;     // of that call
  std::int32_t n_faults = 0;  // calls with such a fault
  std::int32_t n_short = 0;   // calls that had too little room
  std::int64_t most_pairs = 0, most_candidates = 0;
};

class DeviceCalls {
 public:
  DeviceCalls(const kernels::KernelLibrary& library, runtime::Precision precision);

  // Inputs to the lane's arrays; results, or NaN after a fault, to the caller's.
  void enqueue_begin(const DeviceBatch& batch, const Lane& lane, const CallKey& key, const cuda::Stream& stream) const;
  void enqueue_finish(const DeviceBatch& batch, const Lane& lane, const CallKey& key, const cuda::Stream& stream) const;

  void mark_last(const cuda::Stream& stream) { last_.record(stream); }
  const cuda::Event& last() const { return last_; }  // behind the last call

  // True if a call has met a fault or too little room; may lag behind the GPU.
  bool has_news() const;
  // What was found, which is then forgotten. The calls must be done.
  FaultRecord take();

  int missed = 0;  // calls with too little room that enqueue() has seen, and check() has not told yet

 private:
  cuda::Kernel begin_, finish_;
  cuda::PinnedBuffer record_;
  cuda::Event last_;
};

}  // namespace mlffgen::cuda_model
