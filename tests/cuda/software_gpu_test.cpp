// The software GPU finds the faults that it says it finds. Where a launch fails, in a process of its own.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "tests/cuda/child.h"
#include "tests/cuda/device_kernels.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

// Takes what is written to stderr.
class StandardError {
 public:
  StandardError() : file_(std::tmpfile()), kept_(dup(2)) { dup2(fileno(file_), 2); }
  ~StandardError() {
    dup2(kept_, 2);
    close(kept_);
    std::fclose(file_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

  std::string text() const {
    std::rewind(file_);
    std::string all;
    for (int c = 0; (c = std::fgetc(file_)) != EOF;) all += static_cast<char>(c);
    return all;
  }

 private:
  std::FILE* file_;
  int kept_;
};

// What is on stderr after a kernel `fault(int* two_numbers)` of one block failed, and the driver's error.
std::string fault(const std::string& text, unsigned threads, unsigned shared_bytes = 0) {
  const Child child = in_child({"CUDA_LAUNCH_BLOCKING=1"}, [&]() -> std::string {
    const StandardError messages;
    const Gpu gpu;
    const Array<int> two(gpu, {1, 2});
    const cuda::Kernel kernel = module(gpu, text).kernel("fault");
    try {
      kernel.launch(gpu.stream, {1, threads, shared_bytes}, two.address());
    } catch (const DeviceError& error) {
      return messages.text() + error.what();
    }
    return "no failure";
  });
  CHECK(child.status == 0);
  return child.text;
}

TEST_CASE("a barrier that some threads of a named barrier never reach fails the launch") {
  const std::string text = fault(R"(
extern "C" __global__ void fault(int* p) {
  if (threadIdx.x < 32) software_gpu_barrier(3, 64);
})",
                                 64);
  CAPTURE(text);
  CHECK(holds(text,
              "software GPU: fault: block (0,0,0), thread (63,0,0): no thread can go on; 32 of 64 threads wait at "
              "barrier 3; 32 of 64 threads have ended"));
  CHECK(holds(text, "CUDA_ERROR_LAUNCH_FAILED"));
}

TEST_CASE("threads that wait at different barriers fail the launch") {
  const std::string text = fault(R"(
extern "C" __global__ void fault(int* p) {
  if (threadIdx.x < 32) __syncthreads(); else software_gpu_barrier(1, 64);
})",
                                 64);
  CAPTURE(text);
  CHECK(holds(text, "32 of 64 threads wait at barrier 0; 32 of 64 threads wait at barrier 1;"));
}

TEST_CASE("lanes that never come to an operation of their warp fail the launch") {
  const std::string text = fault(R"(
extern "C" __global__ void fault(int* p) {
  if (threadIdx.x != 5) p[0] = __shfl_xor_sync(0xffffffffu, p[0], 1);
})",
                                 32);
  CAPTURE(text);
  CHECK(holds(text, "in warp 0, lanes ffffffdf of mask ffffffff wait for the others; 1 of 32 threads have ended"));
  CHECK(holds(fault(R"(
extern "C" __global__ void fault(int* p) { __syncwarp(0x0000ffffu); })",
                    32),
              "a lane is not in the mask of its own warp operation"));
}

TEST_CASE("writes just outside an allocation fail the launch") {
  std::string text = fault(R"(extern "C" __global__ void fault(int* p) { p[2] = 3; })", 1);
  CAPTURE(text);
  CHECK(holds(text, "a write to byte 1 behind the end of an allocation of 8 bytes"));
  CHECK(holds(text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
  text = fault(R"(extern "C" __global__ void fault(int* p) { p[-2] = 3; })", 1);
  CHECK(holds(text, "before the beginning of an allocation of 8 bytes"));
  text =
      fault(R"(extern "C" __global__ void fault(int* p) { extern __shared__ int s[]; s[4] = 1; p[0] = s[0]; })", 1, 16);
  CHECK(holds(text, "a write behind the dynamic shared memory"));
}

TEST_CASE("illegal addresses and divisions by zero fail the launch and not the program") {
  CHECK(holds(fault(R"(extern "C" __global__ void fault(int* p) { *(volatile int*)8 = *p; })", 1),
              "an illegal access at address 0x8"));
  CHECK(holds(fault(R"(extern "C" __global__ void fault(int* p) { p[0] = p[1] / (p[0] - 1); })", 1),
              "a division by zero"));
  CHECK(holds(
      fault(
          R"(__device__ int deep(volatile int* p, int n) { int a[64]; a[n % 64] = *p; return n < 0 ? 0 : deep(p, n + 1) + a[n % 7]; }
extern "C" __global__ void fault(int* p) { p[0] = deep(p, 0); })",
          1),
      "an illegal access at address"));
}

TEST_CASE("the program goes on with other launches in order after a launch of many blocks") {
  // Fibres are used again: a block that ended leaves nothing behind.
  const Gpu gpu;
  const Array<int> out(gpu, {0});
  const cuda::Kernel kernel = module(gpu, R"(
extern "C" __global__ void chain(int* out) {
  __shared__ int seen;
  if (threadIdx.x == 0) seen = *out;
  __syncthreads();
  if (threadIdx.x == blockDim.x - 1) *out = seen * 3 % 1009 + (int)blockIdx.x;
})")
                                  .kernel("chain");
  int expected = 0;
  for (const unsigned threads : {64u, 1024u, 32u}) {
    kernel.launch(gpu.stream, {10, threads}, out.address());
    for (int block = 0; block < 10; ++block) expected = expected * 3 % 1009 + block;
  }
  CHECK(out.read(gpu)[0] == expected);
}

TEST_CASE("memory that nobody has written is NaN, or minus one") {
  const Gpu gpu;
  cuda::DeviceBuffer fresh(gpu.context);
  float values[4] = {};
  cuda::copy_to_host(gpu.stream, values, fresh.at_least(sizeof(values)), sizeof(values));
  gpu.stream.synchronise();
  for (const float value : values) CHECK(std::isnan(value));
  const Array<int> out(gpu, {0, 0, 0, 0});
  const cuda::Kernel kernel = module(gpu, R"(
extern "C" __global__ void look(int* out) {
  __shared__ int fixed[4];
  extern __shared__ int dynamic[];
  out[blockIdx.x * 2] = fixed[1];
  out[blockIdx.x * 2 + 1] = dynamic[3];
  __syncthreads();
  fixed[1] = dynamic[3] = 5;
})")
                                  .kernel("look");
  kernel.launch(gpu.stream, {2, 1, 16}, out.address());
  CHECK(out.read(gpu) == std::vector<int>{-1, -1, -1, -1});
  CHECK(kernel.resources().static_shared >= 8);
}

TEST_CASE("an asynchronous copy is there once it is waited for, and not before") {
  const Gpu gpu;
  const Array<int> in(gpu, {10, 11, 12, 13}), out(gpu, {0, 0, 0, 0, 0});
  module(gpu, R"(
extern "C" __global__ void copies(const int* in, int* out) {
  __shared__ __align__(16) int here[8];
  software_gpu_copy_async(here, in, 16);
  software_gpu_copy_commit();
  software_gpu_copy_async(here + 4, in + 2, 8);
  software_gpu_copy_commit();
  out[0] = here[0];
  software_gpu_copy_wait(1);
  out[1] = here[0];
  out[2] = here[4];
  software_gpu_copy_wait(0);
  out[3] = here[4];
  out[4] = here[5];
})")
      .kernel("copies")
      .launch(gpu.stream, {1, 1}, in.address(), out.address());
  CHECK(out.read(gpu) == std::vector<int>{-1, 10, -1, 12, 13});
}

TEST_CASE("an asynchronous copy to where another is on its way fails the launch") {
  const std::string text = fault(R"(
extern "C" __global__ void fault(int* p) {
  __shared__ __align__(16) int here[4];
  software_gpu_copy_async(here, p, 8);
  software_gpu_copy_async(here + 2, p, 8);
  software_gpu_copy_commit();
  software_gpu_copy_async(here + 1, p, 4);
})",
                                 1);
  CAPTURE(text);
  CHECK(holds(text, "thread (0,0,0): an asynchronous copy to where another is on its way"));
}

TEST_CASE("work that is put off is done when something waits for it, in the order of the events") {
  setenv("SOFTWARE_GPU_DEFER", "1", 1);
  const Gpu gpu;
  const cuda::Stream second(gpu.context);
  cuda::PinnedBuffer pinned(gpu.context);
  int* host = static_cast<int*>(pinned.at_least(8));
  cuda::DeviceBuffer buffer(gpu.context);
  buffer.at_least(8);
  cuda::Event written(gpu.context);
  host[0] = 1;
  cuda::copy_to_device(gpu.stream, buffer.address(), host, 4);
  host[0] = 2;  // too early: the copy has not been made
  written.record(gpu.stream);
  second.wait(written);
  cuda::copy_to_host(second, host + 1, buffer.address(), 4);
  CHECK(!written.done());
  CHECK(host[1] == -1);
  second.synchronise();
  CHECK(host[1] == 2);
  CHECK(written.done());
  int pageable = 7;
  cuda::copy_to_device(gpu.stream, buffer.address(), &pageable, 4);
  pageable = 8;
  cuda::copy_to_host(gpu.stream, &pageable, buffer.address(), 4);
  CHECK(pageable == 7);
}

TEST_CASE("machine code of a real GPU is refused") {
  const Gpu gpu;
  std::vector<std::byte> image = compile(gpu, "extern \"C\" __global__ void none() {}").bytes;
  const std::uint16_t machine = 190;  // EM_CUDA
  std::memcpy(image.data() + 18, &machine, sizeof(machine));
  std::string text;
  try {
    const cuda::Module module(gpu.context, image, "real.cubin");
  } catch (const DeviceError& error) {
    text = error.what();
  }
  CHECK(holds(text, "CUDA_ERROR_NO_BINARY_FOR_GPU"));
}

TEST_CASE("a text that does not compile says where; options go to the compiler") {
  const Gpu gpu;
  std::string text;
  try {
    compile(gpu, "extern \"C\" __global__ void bad() {\n  absent();\n}\n");
  } catch (const InternalError& error) {
    text = error.what();
  }
  CAPTURE(text);
  CHECK(holds(text, "emitted.cu:2:3: error:"));
  const Array<int> out(gpu, {0, 0});
  jit::CompileOptions options;
  options.defines = {"VALUE=17 + 4"};
  const jit::Cubin cubin = jit::Nvrtc().compile_cubin(
      "extern \"C\" __global__ void value(int* out) { out[0] = VALUE; out[1] = __CUDA_ARCH__; }", "sm_80", options);
  cuda::Module(gpu.context, cubin.bytes, "value.cu").kernel("value").launch(gpu.stream, {1, 1}, out.address());
  CHECK(out.read(gpu) == std::vector<int>{21, 800});
  options.extra = {"--no-such-option"};
  CHECK_THROWS_AS(jit::Nvrtc().compile_cubin("", "sm_80", options), InternalError);
}

}  // namespace
