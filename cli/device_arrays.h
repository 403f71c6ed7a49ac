// Structures and room for their results in the memory of a GPU, as a program that lives there has them.
#pragma once

#include <span>
#include <vector>

#include "runtime/cuda/memory.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/structure.h"

namespace mlffgen::cli {

// Of one batch. Throws DeviceError, also for too little memory.
class DeviceArrays {
 public:
  DeviceArrays(const cuda::Context& context, std::span<const runtime::Structure> structures);

  // Energies, forces and virials are wanted.
  const cuda_model::DeviceBatch& batch() const { return batch_; }
  const cuda::Stream& stream() const { return stream_; }

  // What the last call has written, behind the stream's work: forces of all systems, energy unit / length unit.
  std::vector<runtime::Vector3> forces() const;

 private:
  template <class T>
  cuda::DevicePointer upload(const std::vector<T>& values);
  cuda::DevicePointer room(std::size_t bytes);

  cuda::Context context_;
  cuda::CurrentContext current_;  // while the buffers are made
  cuda::Stream stream_;
  std::vector<cuda::DeviceBuffer> buffers_;
  cuda_model::DeviceBatch batch_;
};

}  // namespace mlffgen::cli
