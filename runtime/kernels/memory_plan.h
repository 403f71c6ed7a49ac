// Buffers of a set that grow together. For this folder.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "runtime/cuda/memory.h"

namespace mlffgen::kernels {

// How large each of a set of arrays has to be; `name` of an enum says which.
template <class Name, std::size_t N>
struct MemoryPlan {
  std::array<std::size_t, N> bytes{};

  std::size_t& operator[](Name name) { return bytes[static_cast<std::size_t>(name)]; }
  std::size_t total() const {
    std::size_t sum = 0;
    for (const std::size_t size : bytes) sum += size;
    return sum;
  }
};

template <class Name, std::size_t N>
class BufferSet {
 public:
  explicit BufferSet(const cuda::Context& context) {
    buffers_.reserve(N);
    for (std::size_t k = 0; k < N; ++k) buffers_.emplace_back(context);
  }

  void grow(const MemoryPlan<Name, N>& plan) {
    for (std::size_t k = 0; k < N; ++k) {
      if (plan.bytes[k] > 0) buffers_[k].at_least(plan.bytes[k]);
    }
  }
  cuda::DevicePointer operator[](Name name) const { return buffers_[static_cast<std::size_t>(name)].address(); }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& buffer : buffers_) sum += buffer.bytes();
    return sum;
  }

 private:
  std::vector<cuda::DeviceBuffer> buffers_;
};

}  // namespace mlffgen::kernels
