#include "cli/gpu_trial.h"

#include <fmt/format.h>

#include <exception>
#include <numeric>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"
#include "runtime/jit/nvrtc.h"

namespace mlffgen::cli {
namespace {

constexpr unsigned kThreads = 64;

constexpr const char* kText = R"(extern "C" __global__ void trial(int* values) {
  values[threadIdx.x] = 2 * values[threadIdx.x] + 1;
}
)";

}  // namespace

std::string try_gpu(int index) {
  try {
    const cuda::Context context(index);
    const cuda::CurrentContext current(context);
    const jit::Cubin cubin = jit::Nvrtc().compile_cubin(kText, context.device().arch);
    const cuda::Module module(context, cubin.bytes, "trial");
    const cuda::Stream stream(context);
    cuda::DeviceBuffer buffer(context);
    std::vector<int> values(kThreads);
    std::iota(values.begin(), values.end(), 0);
    const std::size_t bytes = values.size() * sizeof(int);
    const cuda::DevicePointer address = buffer.at_least(bytes);
    cuda::copy_to_device(stream, address, values.data(), bytes);
    module.kernel("trial").launch(stream, {1, kThreads}, address);
    cuda::copy_to_host(stream, values.data(), address, bytes);
    stream.synchronise();
    for (int k = 0; k < static_cast<int>(kThreads); ++k) {
      const int found = values[static_cast<std::size_t>(k)];
      if (found != 2 * k + 1) return fmt::format("a kernel wrote {} where it should have written {}", found, 2 * k + 1);
    }
    return "";
  } catch (const std::exception& error) {
    const std::string message = error.what();
    return message.substr(0, message.find("; tried:"));
  }
}

}  // namespace mlffgen::cli
