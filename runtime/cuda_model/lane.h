// A workspace and a stream of its own: all that one call needs while it is under way. For this folder and its tests
// only. Members need the context current.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/cuda_model/graph_cache.h"
#include "runtime/cuda_model/host_list.h"
#include "runtime/cuda_model/layout.h"
#include "runtime/cuda_model/program.h"
#include "runtime/kernels/device_neighbour_list.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/kernels/pair_reductions.h"

namespace mlffgen::cuda_model {

using Room = kernels::ListCapacity;

// Called before each part of a call with its name.
using PartMark = std::function<void(const char* part)>;

class Lane {
 public:
  // element_energy is double [n_elements] on the device.
  Lane(const Program& program, const runtime::Plan& plan, const kernels::KernelLibrary& library, double skin,
       cuda::DevicePointer element_energy);

  const Room& room() const { return room_; }
  std::size_t bytes() const;
  std::size_t bytes_for(const Room& room) const;  // of device memory

  // Never shrinks. Waits for the GPU and drops the graphs. After a DeviceError the lane must not be used again.
  void reserve(const Room& room);

  // A room that the call whose status was copied last would have had enough of.
  Room room_for(const kernels::Status& status) const;

  // The call's work, recorded or put into a stream. Its key must be within the room.
  void enqueue(const CallKey& key, const cuda::Stream& stream, const PartMark& begin = {});

  // The model alone or one kernel of it, on what the call's list and the kernels before have left.
  void enqueue_model(const Recipe& recipe, const CallKey& key, const cuda::Stream& stream);
  void enqueue_kernel(const Recipe& recipe, std::size_t k, const CallKey& key, const cuda::Stream& stream);

  // Makes everything that a call works out not a number, so that what it leaves out cannot look right.
  void poison(const cuda::Stream& stream);

  // The list alone and its status, to learn how many pairs there are.
  void enqueue_list(const CallKey& key, const cuda::Stream& stream);

  // Calls of BatchKind::host take what host_list() has built instead of searching. Without, it is null.
  void make_list_on_host() { host_list_.emplace(stream_.context(), plan_); }
  HostList* host_list() { return host_list_ ? &*host_list_ : nullptr; }

  const cuda::Stream& stream() const { return stream_; }
  GraphCache& graphs() { return graphs_; }

  // Of BatchKind::host, for InputLayout and OutputLayout of the key's sizes. Results and status are complete when the
  // stream has passed the call.
  std::byte* staged_inputs() { return host_inputs_.as<std::byte>(); }
  const kernels::BatchSize& staged_size() const { return *host_inputs_.as<kernels::BatchSize>(); }
  const std::byte* results() const { return host_outputs_.as<std::byte>(); }
  const kernels::Status& status() const { return *host_status_.as<kernels::Status>(); }

  // Of BatchKind::device, the same on the device.
  cuda::DevicePointer inputs() const { return inputs_.address(); }
  cuda::DevicePointer outputs() const { return outputs_.address(); }
  cuda::DevicePointer device_status() const { return list_.pairs().status; }
  int tile_atoms(const CallKey& key) const;  // the most of the kernels

 private:
  kernels::DeviceBatch batch(const CallKey& key) const;
  void place_buffers(const Recipe& recipe, const CallKey& key);
  void copy_status(const cuda::Stream& stream);

  const Program& program_;
  const runtime::Plan& plan_;
  cuda::DevicePointer element_energy_;
  cuda::Stream stream_;
  kernels::DeviceNeighbourList list_;
  std::optional<HostList> host_list_;
  kernels::PairReductions reductions_;
  Room room_;
  KernelArguments arguments_;
  cuda::DeviceBuffer atom_energy_, pair_gradient_, inputs_, outputs_;
  cuda::PinnedBuffer host_inputs_, host_outputs_, host_status_;
  cuda::DeviceBuffer buffers_;  // Form::buffers
  GraphCache graphs_;
};

}  // namespace mlffgen::cuda_model
