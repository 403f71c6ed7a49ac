// A neighbour list on the device and what came of a call, on the host: for tests and timings.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/device_batch.h"
#include "runtime/kernels/device_neighbour_list.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/structure.h"

namespace mlffgen::kernels {

// The device of the tests, its kernels and a stream; current on the thread while it lives.
struct Gpu {
  Gpu() : current(context), library(context), stream(context) {}

  cuda::Context context;
  cuda::CurrentContext current;
  KernelLibrary library;
  cuda::Stream stream;

  // False on the software GPU, where large systems take too long.
  bool is_real() const;
};
Gpu& gpu();

template <class T>
std::vector<T> download(cuda::DevicePointer from, std::size_t count) {
  std::vector<T> out(count);
  cuda::copy_to_host(gpu().stream, out.data(), from, count * sizeof(T));
  gpu().stream.synchronise();
  return out;
}
template <class T>
void upload(cuda::DeviceBuffer& to, const std::vector<T>& from) {
  cuda::copy_to_device(gpu().stream, to.at_least(from.size() * sizeof(T)), from.data(), from.size() * sizeof(T));
  gpu().stream.synchronise();
}

// Structures in the device's memory.
class UploadedBatch {
 public:
  UploadedBatch();
  void set(std::span<const runtime::Structure> systems);
  const DeviceBatch& batch() const { return batch_; }
  int n_atoms() const { return n_atoms_; }
  int n_systems() const { return n_systems_; }

 private:
  cuda::DeviceBuffer size_, positions_, numbers_, begin_, cells_, periodic_;
  DeviceBatch batch_;
  int n_atoms_ = 0, n_systems_ = 0;
};

// Outputs of a call, sorted order; up to the capacity for atoms, up to the number of pairs for pairs.
struct HostPairs {
  Status status;
  std::vector<int> order, element, system_of_atom, begin, neighbour, reverse;
  std::vector<double> geometry;  // [n_pairs][4]

  int n_pairs() const { return begin.back(); }
  bool operator==(const HostPairs& other) const;  // all but the count of rebuilds, bit for bit
};

// A list and its batch; run() makes room and runs again until there is enough.
class ListRunner {
 public:
  explicit ListRunner(ListOptions options) : list_(gpu().library, std::move(options)) {}

  HostPairs run(std::span<const runtime::Structure> systems, ListPath path);
  HostPairs run(const runtime::Structure& system, ListPath path) { return run(std::span(&system, 1), path); }
  // Once, with the room there is.
  HostPairs run_once(std::span<const runtime::Structure> systems, ListPath path);
  HostPairs collect();

  DeviceNeighbourList& list() { return list_; }
  UploadedBatch& uploaded() { return uploaded_; }

 private:
  DeviceNeighbourList list_;
  UploadedBatch uploaded_;
};

}  // namespace mlffgen::kernels
