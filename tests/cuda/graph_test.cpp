// Graphs: recording, replay, update, and what happens when recording fails.
#include "runtime/cuda/graph.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "runtime/cuda/stream_watch.h"
#include "tests/cuda/child.h"
#include "tests/cuda/device_kernels.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

constexpr const char* kText = R"(
extern "C" __global__ void step(float* values, int n, float what) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k < n) values[k] = values[k] * 1.5f + what;
})";

struct Steps {
  Gpu gpu;
  cuda::Kernel step = module(gpu, kText).kernel("step");
  Array<float> values{gpu, std::vector<float>{1, 2, 3}};

  void enqueue(const cuda::Stream& stream, float what) const {
    step.launch(stream, {1, 32}, values.address(), 3, what);
    cuda::copy_on_device(stream, values.address() + 8, values.address(), 4);
    step.launch(stream, {1, 32}, values.address(), 2, -what);
  }
};

TEST_CASE("a graph does what the same calls do, as often as it is started, and nothing when recorded") {
  const Steps direct, recorded;
  const cuda::Graph graph =
      cuda::Graph::capture(recorded.gpu.stream, [&] { recorded.enqueue(recorded.gpu.stream, 7); });
  CHECK(graph.nodes() == 3);
  CHECK(recorded.values.read(recorded.gpu) == std::vector<float>{1, 2, 3});
  for (int k = 0; k < 5; ++k) {
    direct.enqueue(direct.gpu.stream, 7);
    graph.launch(recorded.gpu.stream);
    CHECK(direct.values.read(direct.gpu) == recorded.values.read(recorded.gpu));
  }
}

TEST_CASE("a graph keeps the arguments and the host's addresses of its recording") {
  const Steps steps;
  cuda::PinnedBuffer host(steps.gpu.context);
  float* in = static_cast<float*>(host.at_least(12));
  float what = 1;
  const cuda::Graph graph = cuda::Graph::capture(steps.gpu.stream, [&] {
    cuda::copy_to_device(steps.gpu.stream, steps.values.address(), in, 12);
    steps.step.launch(steps.gpu.stream, {1, 32}, steps.values.address(), 3, what);
  });
  what = 100;
  for (const float start : {2.0f, 4.0f}) {
    in[0] = in[1] = in[2] = start;
    graph.launch(steps.gpu.stream);
    CHECK(steps.values.read(steps.gpu)[1] == start * 1.5f + 1);
  }
}

TEST_CASE("a watch sees every launch, copy, fill and graph of its stream, in order, and no longer than it lives") {
  const Steps steps;
  const cuda::Stream& stream = steps.gpu.stream;
  const cuda::Graph graph = cuda::Graph::capture(stream, [&] { steps.enqueue(stream, 7); });
  std::vector<std::string> seen;
  {
    const cuda::StreamWatch watch(stream, [&](const cuda::Work& work) {
      seen.push_back(fmt::format("{} {}x{} {}", work.name, work.shape.blocks, work.shape.threads, work.bytes));
    });
    const cuda::Stream other(steps.gpu.context);
    steps.enqueue(other, 1);
    CHECK(seen.empty());
    steps.enqueue(stream, 1);
    cuda::fill_bytes(stream, steps.values.address(), 0, 8);
    float values[3] = {};
    cuda::copy_to_device(stream, steps.values.address(), values, 12);
    cuda::copy_to_host(stream, values, steps.values.address(), 4);
    graph.launch(stream);
    other.synchronise();
    stream.synchronise();
  }
  steps.enqueue(stream, 1);
  CHECK(seen == std::vector<std::string>{"step 1x32 0", "copy on the device 0x0 4", "step 1x32 0", "fill memory 0x0 8",
                                         "copy to the device 0x0 12", "copy to the host 0x0 4", "a graph 0x0 0"});
}

TEST_CASE("an exception in a recording goes on, and the stream works as before") {
  const Steps steps;
  const auto fail = [&] {
    steps.enqueue(steps.gpu.stream, 7);
    throw std::domain_error("stop");
  };
  CHECK_THROWS_AS(cuda::Graph::capture(steps.gpu.stream, fail), std::domain_error);
  CHECK(steps.values.read(steps.gpu) == std::vector<float>{1, 2, 3});
  steps.step.launch(steps.gpu.stream, {1, 32}, steps.values.address(), 1, 0.0f);
  CHECK(steps.values.read(steps.gpu)[0] == 1.5f);
  CHECK(cuda::Graph::capture(steps.gpu.stream, [&] { steps.enqueue(steps.gpu.stream, 7); }).nodes() == 3);
}

TEST_CASE("allocating or waiting in a recording is an error, and the stream works as before") {
  const Steps steps;
  cuda::DeviceBuffer buffer(steps.gpu.context);
  const auto error_of = [&](const std::function<void()>& enqueue) {
    try {
      cuda::Graph::capture(steps.gpu.stream, enqueue);
    } catch (const DeviceError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(holds(error_of([&] { buffer.at_least(100); }), "operation not permitted when stream is capturing"));
  CHECK(holds(error_of([&] { steps.gpu.stream.synchronise(); }), "operation not permitted when stream is capturing"));
  buffer.at_least(100);
  steps.enqueue(steps.gpu.stream, 7);
  CHECK(steps.values.read(steps.gpu)[0] != 1);
}

TEST_CASE("other threads may allocate and launch while one records") {
  const Steps steps;
  const cuda::Graph graph = cuda::Graph::capture(steps.gpu.stream, [&] {
    steps.enqueue(steps.gpu.stream, 7);
    std::thread([] {
      const Steps others;
      others.enqueue(others.gpu.stream, 1);
      others.gpu.stream.synchronise();
    }).join();
    steps.enqueue(steps.gpu.stream, 7);
  });
  CHECK(graph.nodes() == 6);
}

TEST_CASE("a recording spans streams that wait for it, when it waits for them in the end") {
  const Steps steps;
  const cuda::Stream second(steps.gpu.context);
  cuda::Event fork(steps.gpu.context), join(steps.gpu.context);
  const auto enqueue = [&](bool joined) {
    steps.step.launch(steps.gpu.stream, {1, 32}, steps.values.address(), 1, 0.0f);
    fork.record(steps.gpu.stream);
    second.wait(fork);
    steps.step.launch(second, {1, 32}, steps.values.address(), 1, 1.0f);
    join.record(second);
    if (joined) steps.gpu.stream.wait(join);
  };
  const cuda::Graph graph = cuda::Graph::capture(steps.gpu.stream, [&] { enqueue(true); });
  CHECK(graph.nodes() == 2);
  graph.launch(steps.gpu.stream);
  CHECK(steps.values.read(steps.gpu)[0] == 3.25f);
  CHECK_THROWS_AS(cuda::Graph::capture(steps.gpu.stream, [&] { enqueue(false); }), DeviceError);
  second.synchronise();
  CHECK(steps.values.read(steps.gpu)[0] == 3.25f);
}

TEST_CASE("an update takes over arguments and shapes, and refuses another structure") {
  const Steps direct, updated;
  const auto capture = [&](float what) {
    return cuda::Graph::capture(updated.gpu.stream, [&] { updated.enqueue(updated.gpu.stream, what); });
  };
  cuda::Graph graph = capture(7);
  CHECK(graph.update(capture(9)));
  const cuda::Graph shorter = cuda::Graph::capture(
      updated.gpu.stream, [&] { updated.step.launch(updated.gpu.stream, {1, 32}, updated.values.address(), 3, 1.0f); });
  CHECK(!graph.update(shorter));
  CHECK(graph.nodes() == 3);
  graph.launch(updated.gpu.stream);
  direct.enqueue(direct.gpu.stream, 9);
  CHECK(direct.values.read(direct.gpu) == updated.values.read(updated.gpu));
}

TEST_CASE("a graph moves") {
  const Steps steps;
  cuda::Graph first = cuda::Graph::capture(steps.gpu.stream, [&] { steps.enqueue(steps.gpu.stream, 7); });
  cuda::Graph second = std::move(first);
  first = cuda::Graph::capture(steps.gpu.stream,
                               [&] { cuda::fill_bytes(steps.gpu.stream, steps.values.address(), 0, 12); });
  first.launch(steps.gpu.stream);
  second.launch(steps.gpu.stream);
  CHECK(steps.values.read(steps.gpu)[1] == 7 * 1.5f - 7);
}

}  // namespace
