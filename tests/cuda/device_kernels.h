// Small kernels for tests: texts to kernels of the GPU at hand, and arrays to and from it.
#pragma once

#include <string>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"
#include "runtime/jit/nvrtc.h"

namespace mlffgen::cuda_test {

// A GPU with a stream, current on this thread.
struct Gpu {
  cuda::Context context;
  cuda::CurrentContext current{context};
  cuda::Stream stream{context};
};

inline jit::Cubin compile(const Gpu& gpu, const std::string& text) {
  return jit::Nvrtc().compile_cubin(text, gpu.context.device().arch);
}

inline cuda::Module module(const Gpu& gpu, const std::string& text) {
  return cuda::Module(gpu.context, compile(gpu, text).bytes, "test.cu");
}

template <class T>
struct Array {
  Array(const Gpu& gpu, const std::vector<T>& values) : size(values.size()), buffer(gpu.context) {
    buffer.at_least(size * sizeof(T));
    cuda::copy_to_device(gpu.stream, address(), values.data(), size * sizeof(T));
    gpu.stream.synchronise();
  }

  std::vector<T> read(const Gpu& gpu) const {
    std::vector<T> values(size);
    cuda::copy_to_host(gpu.stream, values.data(), address(), size * sizeof(T));
    gpu.stream.synchronise();
    return values;
  }

  cuda::DevicePointer address() const { return buffer.address(); }

  std::size_t size;
  cuda::DeviceBuffer buffer;
};

}  // namespace mlffgen::cuda_test
