// The objects of runtime/cuda: what each promises, on the software GPU and on a real one.
#include <doctest/doctest.h>

#include <chrono>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "tests/cuda/allocations.h"
#include "tests/cuda/child.h"
#include "tests/cuda/device_kernels.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

constexpr const char* kText = R"(
extern "C" __global__ void add(float* values, int n, float what, double factor) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k < n) values[k] = float(values[k] * factor) + what;
}
extern "C" __global__ void last_of_dynamic(int* out, int count) {
  extern __shared__ int memory[];
  memory[count - 1] = 42;
  __syncthreads();
  *out = memory[count - 1];
})";

// The message of the DeviceError that a call throws; "" if it throws none.
template <class Call>
std::string device_error(const Call& call) {
  try {
    call();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("arguments of every type reach the kernel by value") {
  const Gpu gpu;
  const Array<float> values(gpu, {1, 2, 3});
  module(gpu, kText).kernel("add").launch(gpu.stream, {1, 32}, values.address(), 2, 0.5f, 10.0);
  CHECK(values.read(gpu) == std::vector<float>{10.5, 20.5, 3});
}

TEST_CASE("a buffer grows, keeps its address when it need not, and never shrinks") {
  const Gpu gpu;
  cuda::DeviceBuffer buffer(gpu.context);
  CHECK(buffer.address() == 0);
  CHECK(buffer.bytes() == 0);
  const cuda::DevicePointer first = buffer.at_least(1000);
  CHECK(first % 256 == 0);
  CHECK(buffer.at_least(10) == first);
  CHECK(buffer.bytes() == 1000);
  buffer.at_least(5000);
  CHECK(buffer.bytes() == 5000);
  cuda::DeviceBuffer other = std::move(buffer);
  CHECK(other.bytes() == 5000);
  CHECK(buffer.address() == 0);
  cuda::PinnedBuffer pinned(gpu.context);
  void* host = pinned.at_least(100);
  CHECK(pinned.at_least(50) == host);
  CHECK(pinned.as<char>() == host);
}

TEST_CASE("buffers give their memory back") {
  const Gpu gpu;
  const std::size_t before = gpu.context.memory().free;
  const std::size_t bytes = std::size_t{256} << 20;
  {
    cuda::DeviceBuffer buffer(gpu.context);
    buffer.at_least(bytes);
    CHECK(gpu.context.memory().free <= before - bytes);
    buffer = cuda::DeviceBuffer(gpu.context);
  }
  CHECK(gpu.context.memory().free == before);
}

TEST_CASE("too little memory is an error with the bytes asked for, free and in all, and leaves the buffer usable") {
  const Gpu gpu;
  cuda::DeviceBuffer buffer(gpu.context);
  buffer.at_least(1000);
  const std::size_t bytes = gpu.context.memory().total + 1;
  const std::string text = device_error([&] { buffer.at_least(bytes); });
  CAPTURE(text);
  CHECK(holds(text, "allocating " + std::to_string(bytes) + " bytes of device memory on " + gpu.context.device().name));
  CHECK(holds(text, "out of memory (CUDA_ERROR_OUT_OF_MEMORY, 2)"));
  CHECK(holds(text, " of " + std::to_string(gpu.context.memory().total) + " bytes of the GPU are free"));
  CHECK(buffer.bytes() == 0);
  buffer.at_least(2000);
  CHECK(buffer.bytes() == 2000);
}

TEST_CASE("copies and fills run in the order of their stream") {
  const Gpu gpu;
  const std::vector<unsigned> in = {1, 2, 3, 4};
  const Array<unsigned> a(gpu, in), b(gpu, std::vector<unsigned>(4));
  cuda::fill_bytes(gpu.stream, b.address(), 0xab, 16);
  cuda::copy_on_device(gpu.stream, b.address() + 4, a.address(), 8);
  cuda::copy_to_host(gpu.stream, nullptr, 0, 0);
  CHECK(b.read(gpu) == std::vector<unsigned>{0xabababab, 1, 2, 0xabababab});
}

TEST_CASE("a copy out of bounds is an error") {
  const Gpu gpu;
  if (gpu.context.device().name != "Software GPU") return;  // a real GPU rounds allocations up
  const Array<int> a(gpu, {1, 2});
  int more[3];
  CHECK(
      holds(device_error([&] { cuda::copy_to_host(gpu.stream, more, a.address(), 12); }), "CUDA_ERROR_INVALID_VALUE"));
}

TEST_CASE("a launch with more shared memory or threads than there are names kernel, GPU and shape") {
  const Gpu gpu;
  cuda::Kernel kernel = module(gpu, kText).kernel("last_of_dynamic");
  const Array<int> out(gpu, {0});
  const cuda::LaunchShape large{3, 64, 60000};
  std::string text = device_error([&] { kernel.launch(gpu.stream, large, out.address(), 15000); });
  CAPTURE(text);
  CHECK(text == "last_of_dynamic on " + gpu.context.device().name +
                    " (GPU 0): invalid argument (CUDA_ERROR_INVALID_VALUE, 1); launch 3 blocks of 64 threads, 60000 "
                    "bytes of shared memory");
  kernel.allow_shared(60000);
  kernel.launch(gpu.stream, large, out.address(), 15000);
  CHECK(out.read(gpu)[0] == 42);
  text = device_error([&] { kernel.allow_shared(1 << 24); });
  CHECK(holds(text, "last_of_dynamic: allowing 16777216 bytes of shared memory on "));
  CHECK(
      holds(text, "the GPU has " + std::to_string(gpu.context.device().shared_bytes_per_block) + " bytes for a block"));
  CHECK(!device_error([&] { kernel.launch(gpu.stream, {1, 1025}, out.address(), 1); }).empty());
}

TEST_CASE("what a kernel needs and how many blocks fit are known before it runs") {
  const Gpu gpu;
  cuda::Kernel kernel = module(gpu, kText).kernel("last_of_dynamic");
  CHECK(kernel.resources().registers > 0);
  CHECK(kernel.resources().max_threads == 1024);
  const int few = kernel.blocks_per_multiprocessor(1024, 0);
  CHECK(few >= 1);
  CHECK(kernel.blocks_per_multiprocessor(128, 0) > few);
  kernel.allow_shared(100000);
  CHECK(kernel.blocks_per_multiprocessor(128, 100000) < kernel.blocks_per_multiprocessor(128, 0));
}

TEST_CASE("a module that the GPU cannot run, and a kernel that it has not, are named") {
  const Gpu gpu;
  std::vector<std::byte> rubbish(4096, std::byte{1});
  rubbish.back() = std::byte{0};  // a driver may take it for text
  const std::string text = device_error([&] { cuda::Module(gpu.context, rubbish, "bad.cubin"); });
  CHECK(holds(text, "loading bad.cubin on " + gpu.context.device().name));
  CHECK(holds(text, "it needs code for " + gpu.context.device().arch));
  const cuda::Module good = module(gpu, kText);
  CHECK(holds(device_error([&] { good.kernel("absent"); }), "looking for kernel absent in test.cu on "));
}

TEST_CASE("a kernel keeps its module, a stream its context") {
  const Gpu gpu;
  const Array<float> values(gpu, {1});
  const cuda::Kernel kernel = module(gpu, kText).kernel("add");
  const cuda::Stream stream = [] { return cuda::Stream(cuda::Context(0)); }();
  kernel.launch(stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
  stream.synchronise();
  CHECK(values.read(gpu) == std::vector<float>{2});
}

TEST_CASE("a borrowed stream works and is not destroyed") {
  const Gpu gpu;
  const Array<float> values(gpu, {1});
  const cuda::Kernel kernel = module(gpu, kText).kernel("add");
  {
    const cuda::Stream borrowed = cuda::Stream::borrow(gpu.context, gpu.stream.handle());
    kernel.launch(borrowed, {1, 32}, values.address(), 1, 1.0f, 1.0);
    borrowed.synchronise();
  }
  kernel.launch(gpu.stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
  CHECK(values.read(gpu) == std::vector<float>{3});
  const cuda::Stream standard = cuda::Stream::borrow(gpu.context, nullptr);
  kernel.launch(standard, {1, 32}, values.address(), 1, 1.0f, 1.0);
  standard.synchronise();
  CHECK(values.read(gpu) == std::vector<float>{4});
}

TEST_CASE("a stream waits for an event of another, and events tell the time") {
  const Gpu gpu;
  const Array<float> values(gpu, {1});
  const cuda::Kernel kernel = module(gpu, kText).kernel("add");
  const cuda::Stream second(gpu.context);
  cuda::Event from(gpu.context, true), between(gpu.context), to(gpu.context, true);
  CHECK(between.done());
  from.record(gpu.stream);
  kernel.launch(gpu.stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
  between.record(gpu.stream);
  second.wait(between);
  kernel.launch(second, {1, 32}, values.address(), 1, 0.0f, 10.0);
  to.record(second);
  to.synchronise();
  CHECK(between.done());
  CHECK(values.read(gpu) == std::vector<float>{20});
  CHECK(cuda::Event::milliseconds(from, to) >= 0);
  CHECK(cuda::Event::milliseconds(from, to) < 60000);
}

TEST_CASE("the caller's context is current again after a scope, on every thread by itself") {
  const cuda::Context context;
  CHECK(!device_error([&] { context.memory(); }).empty());
  {
    const cuda::CurrentContext outer(context);
    {
      const cuda::CurrentContext inner(context);
    }
    CHECK(context.memory().total > 0);
    std::string elsewhere;
    std::thread([&] { elsewhere = device_error([&] { context.memory(); }); }).join();
    CHECK(holds(elsewhere, "CUDA_ERROR_INVALID_CONTEXT"));
  }
  CHECK(!device_error([&] { context.memory(); }).empty());
}

TEST_CASE("destructors do without a current context") {
  const cuda::Context context;
  std::size_t before = 0;
  {
    const cuda::CurrentContext current(context);
    before = context.memory().free;
  }
  auto* scope = new cuda::CurrentContext(context);
  auto buffer = std::make_unique<cuda::DeviceBuffer>(context);
  buffer->at_least(std::size_t{256} << 20);
  delete scope;
  buffer.reset();
  const cuda::CurrentContext current(context);
  CHECK(context.memory().free == before);
}

TEST_CASE("threads work side by side, each with a stream of its own") {
  const Gpu gpu;
  const cuda::Kernel kernel = module(gpu, kText).kernel("add");
  std::vector<float> results(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([&, t] {
      const Gpu mine;
      const Array<float> values(mine, {static_cast<float>(t)});
      for (int k = 0; k < 100; ++k) kernel.launch(mine.stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
      results[t] = values.read(mine)[0];
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(results == std::vector<float>{100, 101, 102, 103});
}

TEST_CASE("a launch allocates nothing on the host") {
  const Gpu gpu;
  const Array<float> values(gpu, {0});
  const cuda::Kernel kernel = module(gpu, kText).kernel("add");
  kernel.launch(gpu.stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
  gpu.stream.synchronise();
  const long before = allocations();
  const auto start = std::chrono::steady_clock::now();
  for (int k = 0; k < 1000; ++k) kernel.launch(gpu.stream, {1, 32}, values.address(), 1, 1.0f, 1.0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(allocations() == before);
  CHECK(values.read(gpu) == std::vector<float>{1001});
  MESSAGE("a launch takes the host " << seconds * 1e3 << " us");
}

}  // namespace
