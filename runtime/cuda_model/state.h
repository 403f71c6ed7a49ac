// What a CudaModel is made of. For this folder only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/cuda_model/cuda_model.h"
#include "runtime/cuda_model/device_calls.h"
#include "runtime/cuda_model/lane.h"
#include "runtime/cuda_model/program.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/load_times.h"
#include "runtime/wisdom/wisdom.h"

namespace mlffgen::cuda_model {

// Members need the context current.
struct CudaModel::State {
  // The watch began with what has not been timed yet; the times are those of the steps before.
  State(const runtime::Bundle& bundle, runtime::Plan model_plan, const CudaOptions& model_options,
        const kernels::KernelLibrary& kernel_library, runtime::Stopwatch& watch, const runtime::LoadTimes& times);

  Lane& lane(std::size_t number);
  bool has_lane(std::size_t number) const { return lanes[number] != nullptr; }
  void drop_lane(std::size_t number) { lanes[number].reset(); }

  // Room for what is needed, with more to spare as far as there is memory: wanted is no less. Throws MemoryError, and
  // the lane is as before; DeviceError, and the lane is empty.
  void make_room(std::size_t number, const Room& needed, Room wanted);
  // For a call of so many atoms and systems; pairs as experience tells.
  void make_room_for(std::size_t number, const CallKey& key);
  // After a call that had too little.
  void make_room_after(std::size_t number, const kernels::Status& status);
  void learn(const kernels::Status& status, std::int64_t n_atoms);

  // Calls from device memory (device_calls.cpp). What shapes such a call; before it, room for it, and what earlier
  // calls have met.
  static CallKey key_of(const DeviceBatch& batch, bool forces);
  void prepare(const DeviceBatch& batch, const CallKey& key, const cuda::Stream& stream);
  void settle();

  // Puts a call into the stream: as a graph, if graphs are wanted and a call of this key has been before.
  void run(Lane& lane, const CallKey& key, const cuda::Stream& stream);

  // Lets the program ask what a tuner found out, if the options want it (advice.cpp).
  void follow_wisdom();

  [[noreturn]] void throw_fault(const kernels::FaultReport& report, std::span<const int> system_begin) const;
  std::size_t device_bytes() const;
  void warn(const std::string& message) const;

  runtime::Plan plan;
  CudaOptions options;
  cuda::Context context;
  kernels::KernelLibrary library;
  Program program;
  runtime::LoadTimes load_times;
  cuda::DeviceBuffer element_energy;  // double [n_elements]
  std::array<std::unique_ptr<Lane>, 2> lanes;
  std::optional<DeviceCalls> device_calls;
  Statistics statistics;
  double pairs_per_atom = 0, candidates_per_atom = 0;  // most seen
  bool graphs = true;
  CallKey last_host_call;  // for a profile
  std::vector<std::string> advice;

 private:
  std::size_t bytes_available(std::size_t number) const;
};

// What a tuning of the model of a fingerprint (Program) holds for here, but for the number of atoms. UserError without
// NVRTC.
wisdom::WisdomKey wisdom_key(const cuda::Context& context, const std::string& model);

// Evaluates structures in batches on the lanes (host_batches.cpp).
void evaluate_host_batches(CudaModel::State& state, std::span<const runtime::Structure> structures, bool forces,
                           std::vector<runtime::Result>& results);

}  // namespace mlffgen::cuda_model
