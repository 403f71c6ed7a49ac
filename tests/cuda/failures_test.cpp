// Kernels that fail: what is said, and that nothing else breaks. Each case has a process of its own, as a GPU does no
// work for a process after such an error.
#include <doctest/doctest.h>

#include <optional>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "tests/cuda/child.h"
#include "tests/cuda/device_kernels.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

constexpr const char* kText = R"(
extern "C" __global__ void write_to(int* where) { *where = 1; }
extern "C" __global__ void trap() { __trap(); }
)";

// Launches a kernel that writes to address 16, and returns what the call that notices it throws.
std::string fail(const Gpu& gpu, const cuda::Kernel& kernel) {
  try {
    kernel.launch(gpu.stream, {3, 64}, cuda::DevicePointer{16});
    gpu.stream.synchronise();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("an illegal address is a DeviceError with the last launch, the GPU and the driver's words") {
  const Child child = in_child({}, [] {
    const Gpu gpu;
    return fail(gpu, module(gpu, kText).kernel("write_to"));
  });
  CAPTURE(child.text);
  CHECK(child.status == 0);
  CHECK(child.text.starts_with("waiting for a stream on "));
  CHECK(holds(child.text, "(GPU 0): an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS, 700)"));
  CHECK(holds(child.text, "the last launch was write_to, 3 blocks of 64 threads, 0 bytes of shared memory"));
  CHECK(holds(child.text, "this process cannot use the GPU any more"));
}

TEST_CASE("with CUDA_LAUNCH_BLOCKING the launch itself names the kernel") {
  const Child child = in_child({"CUDA_LAUNCH_BLOCKING=1"}, [] {
    const Gpu gpu;
    return fail(gpu, module(gpu, kText).kernel("write_to"));
  });
  CAPTURE(child.text);
  CHECK(child.status == 0);
  CHECK(child.text.starts_with("write_to on "));
  CHECK(holds(child.text, "launch 3 blocks of 64 threads"));
}

TEST_CASE("all objects can be destroyed after a failure, and calls throw") {
  const Child child = in_child({}, [] {
    std::string text;
    {
      const Gpu gpu;
      const Array<int> array(gpu, {1, 2});
      cuda::PinnedBuffer pinned(gpu.context);
      pinned.at_least(100);
      cuda::Event event(gpu.context);
      const cuda::Module code = module(gpu, kText);
      const cuda::Graph graph = cuda::Graph::capture(
          gpu.stream, [&] { code.kernel("write_to").launch(gpu.stream, {1, 1}, array.address()); });
      if (fail(gpu, code.kernel("write_to")).empty()) return std::string("no failure");
      const std::function<void()> calls[] = {
          [&] { cuda::DeviceBuffer(gpu.context).at_least(10); },
          [&] { event.record(gpu.stream); },
          [&] { graph.launch(gpu.stream); },
          [&] { array.read(gpu); },
          [&] { gpu.context.synchronise(); },
          [&] { cuda::Stream{gpu.context}; },
      };
      for (const auto& call : calls) {
        try {
          call();
          text += "no error;";
        } catch (const DeviceError&) {
        }
      }
    }
    return text + "survived";
  });
  CHECK(child.status == 0);
  CHECK(child.text == "survived");
}

TEST_CASE("a trap is a DeviceError") {
  const Child child = in_child({}, [] {
    const Gpu gpu;
    module(gpu, kText).kernel("trap").launch(gpu.stream, {1, 32});
    gpu.stream.synchronise();
    return std::string("no failure");
  });
  CHECK(child.status == 0);
  CAPTURE(child.text);
  CHECK(holds(child.text, "(GPU 0): "));
  CHECK(holds(child.text, "this process cannot use the GPU any more"));
}

// Built before the driver starts, and so destroyed after it has shut down.
struct Late {
  std::optional<Gpu> gpu;
  std::optional<Array<int>> array;
  std::optional<cuda::Module> code;
  std::optional<cuda::Kernel> kernel;
  std::optional<cuda::Event> event;
};

TEST_CASE("objects that live until exit are destroyed after the driver without harm") {
  const Child child = in_child({}, [] {
    static Late late;
    late.gpu.emplace();
    late.array.emplace(*late.gpu, std::vector<int>{1});
    late.code.emplace(module(*late.gpu, kText));
    late.kernel.emplace(late.code->kernel("write_to"));
    late.event.emplace(late.gpu->context);
    late.kernel->launch(late.gpu->stream, {1, 1}, late.array->address());
    return std::string("done");
  });
  CHECK(child.status == 0);
  CHECK(child.text == "done");
}

}  // namespace
