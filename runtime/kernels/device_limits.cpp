#include "runtime/kernels/device_limits.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"

namespace mlffgen::kernels {
namespace {

constexpr const char* kText = "device_limits.cu";

// As in templates/device_limits.cu.
constexpr unsigned kThreads = 256;
constexpr double kWarps = kThreads / 32;
constexpr std::size_t kQuadBytes = 16, kRowBytes = 512;
constexpr double kNeighbours = 48;
constexpr double kMultiplyAdds = 16 * 8;               // of a thread, a round
constexpr double kProductFlops = 8 * 2 * 16 * 8 * 16;  // of a warp, a round

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
constexpr int kMostMebibytes = 512;    // of each of two arrays
constexpr int kRows = 1 << 16;         // 32 MiB: within the L2 cache, beyond L1
constexpr int kNearShift = 24;         // 256 rows
constexpr int kTableRows = 64;         // 32 KiB: within L1
constexpr int kTableShift = 26;        // all of them
constexpr int kWeightQuads = 1 << 16;  // 1 MiB
constexpr int kNodes = 128;            // of the graph
constexpr int kMostPolls = 1 << 20;
constexpr std::uint8_t kFill = 0x3d;  // 0.046 as float

class Limits {
 public:
  Limits(const KernelLibrary& library, runtime::Precision precision, const LimitOptions& options)
      : library_(library),
        precision_(precision),
        options_(options),
        stream_(library.context()),
        begin_(library.context(), true),
        end_(library.context(), true),
        from_(library.context()),
        to_(library.context()) {}

  DeviceLimits measure() {
    DeviceLimits limits;
    limits.multiprocessors = library_.context().device().multiprocessors;
    limits.multiply_adds = multiply_adds();
    limits.products = products();
    limits.table = gather(kTableRows, kTableShift);
    limits.gather = gather(kRows, kNearShift);
    limits.weights = weights(0);
    limits.block_weights = weights(1);
    limits.copy = copy();
    limits.node = node();
    limits.barrier = barrier();
    return limits;
  }

 private:
  cuda::Kernel kernel(const char* name) const { return library_.kernel(kText, name, precision_); }

  // As many blocks as run at once.
  cuda::LaunchShape full(const cuda::Kernel& kernel) const {
    const int each = std::max(1, kernel.blocks_per_multiprocessor(kThreads, 0));
    return {static_cast<unsigned>(library_.context().device().multiprocessors * each), kThreads, 0};
  }

  double time(const std::function<void()>& enqueue) {
    begin_.record(stream_);
    enqueue();
    end_.record(stream_);
    stream_.synchronise();
    return 1e3 * static_cast<double>(cuda::Event::milliseconds(begin_, end_));
  }

  // `enqueue` does something so many times over; returns how many times are enough, and how long they take. What has
  // to be made first is made by the first of two.
  std::pair<int, runtime::Spread> repeat(int most, const std::function<void(int)>& enqueue) {
    const auto run = [&](int times) { return time([&] { enqueue(times); }); };
    int times = 1;
    for (run(times); run(times) < options_.least_microseconds && times <= most / 2; run(times)) times *= 2;
    std::vector<double> samples;
    for (int k = 0; k < options_.repeats; ++k) samples.push_back(run(times));
    return {times, runtime::spread_of(std::move(samples))};
  }

  Rate rate(double work, int most, const std::function<void(int)>& enqueue) {
    const auto [times, spread] = repeat(most, enqueue);
    return rate_of(work * times, spread);
  }

  cuda::DevicePointer filled(cuda::DeviceBuffer& buffer, std::size_t bytes) {
    if (buffer.bytes() < bytes) {
      buffer.at_least(bytes);
      cuda::fill_bytes(stream_, buffer.address(), kFill, bytes);
    }
    return buffer.address();
  }

  Rate multiply_adds() {
    const cuda::Kernel kernel = this->kernel("limits_multiply_adds");
    const cuda::LaunchShape shape = full(kernel);
    const cuda::DevicePointer sums = filled(to_, shape.blocks * kThreads * sizeof(double));
    return rate(2 * kMultiplyAdds * kThreads * shape.blocks, 1 << 20, [&](int rounds) {
      if (precision_ == runtime::Precision::single_precision) {
        kernel.launch(stream_, shape, sums, rounds, -1.0F, 1.0F);
      } else {
        kernel.launch(stream_, shape, sums, rounds, -1.0, 1.0);
      }
    });
  }

  Rate products() {
    const cuda::Kernel kernel = this->kernel("limits_products");
    const cuda::LaunchShape shape = full(kernel);
    const cuda::DevicePointer sums = filled(to_, shape.blocks * kThreads * kQuadBytes);
    return rate(kProductFlops * kWarps * shape.blocks, 1 << 20,
                [&](int rounds) { kernel.launch(stream_, shape, sums, rounds); });
  }

  Rate gather(int rows, int shift) {
    const cuda::Kernel kernel = this->kernel("limits_gather");
    const cuda::LaunchShape shape = full(kernel);
    const int atoms = static_cast<int>(kWarps) * static_cast<int>(shape.blocks);
    const cuda::DevicePointer from = filled(from_, rows * kRowBytes), to = filled(to_, kRows * kRowBytes);
    return rate(kNeighbours * kRowBytes * atoms, 1 << 12,
                [&](int rounds) { kernel.launch(stream_, shape, from, to, rows, kRows, shift, atoms * rounds); });
  }

  // blocks = 0: as many as run at once.
  Rate weights(unsigned blocks) {
    const cuda::Kernel kernel = this->kernel("limits_weights");
    const cuda::LaunchShape shape = blocks > 0 ? cuda::LaunchShape{blocks, kThreads, 0} : full(kernel);
    const cuda::DevicePointer from = filled(from_, kWeightQuads * kQuadBytes);
    const cuda::DevicePointer to = filled(to_, shape.blocks * kThreads * kQuadBytes);
    return rate(static_cast<double>(kWeightQuads * kQuadBytes) * shape.blocks, 1 << 12,
                [&](int rounds) { kernel.launch(stream_, shape, from, to, kWeightQuads, rounds); });
  }

  Rate copy() {
    const cuda::Kernel kernel = this->kernel("limits_copy");
    const cuda::LaunchShape shape = full(kernel);
    const auto free = static_cast<double>(library_.context().memory().free / 8 / kMebibyte);
    const int most = std::clamp(static_cast<int>(std::min<double>(free, kMostMebibytes)), 1, kMostMebibytes);
    return rate(2.0 * kMebibyte, most, [&](int mebibytes) {
      const std::size_t bytes = static_cast<std::size_t>(mebibytes) * kMebibyte;
      const cuda::DevicePointer from = filled(from_, bytes), to = filled(to_, bytes);
      kernel.launch(stream_, shape, from, to, static_cast<long long>(bytes / kQuadBytes));
    });
  }

  runtime::Spread node() {
    const cuda::Kernel kernel = this->kernel("limits_node");
    const cuda::DevicePointer count = filled(to_, sizeof(unsigned));
    const cuda::Graph graph = cuda::Graph::capture(stream_, [&] {
      for (int k = 0; k < kNodes; ++k) kernel.launch(stream_, {1, kThreads, 0}, count);
    });
    const auto [times, spread] = repeat(1 << 8, [&](int launches) {
      for (int k = 0; k < launches; ++k) graph.launch(stream_);
    });
    return scaled(spread, times * kNodes);
  }

  std::optional<runtime::Spread> barrier() {
    const cuda::Kernel kernel = this->kernel("limits_barrier");
    const cuda::LaunchShape shape = {static_cast<unsigned>(library_.context().device().multiprocessors), kThreads, 0};
    const cuda::DevicePointer state = filled(to_, 2 * sizeof(unsigned));
    const auto wait = [&](int rounds) {
      cuda::fill_bytes(stream_, state, 0, 2 * sizeof(unsigned));
      kernel.launch(stream_, shape, state, rounds, kMostPolls);
    };
    const auto failed = [&] {
      unsigned counted[2] = {};
      cuda::copy_to_host(stream_, counted, state, sizeof(counted));
      stream_.synchronise();
      return counted[1] != 0;
    };
    wait(1);
    if (failed()) return std::nullopt;
    const auto [rounds, spread] = repeat(1 << 16, wait);
    if (failed()) return std::nullopt;
    return scaled(spread, rounds);
  }

  static runtime::Spread scaled(const runtime::Spread& time, int parts) {
    return {time.median / parts, time.p5 / parts, time.p95 / parts};
  }

  const KernelLibrary& library_;
  runtime::Precision precision_;
  LimitOptions options_;
  cuda::Stream stream_;
  cuda::Event begin_, end_;
  cuda::DeviceBuffer from_, to_;
};

}  // namespace

Rate rate_of(double work, const runtime::Spread& time) {
  constexpr double kPerSecond = 1e6;
  internal_check(time.p5 > 0, "work that takes no time has no rate");
  return {kPerSecond * work / time.median, kPerSecond * work / time.p95, kPerSecond * work / time.p5};
}

DeviceLimits measure_limits(const KernelLibrary& library, runtime::Precision precision, const LimitOptions& options) {
  internal_check(options.repeats > 0, "limits are measured at least once");
  return Limits(library, precision, options).measure();
}

}  // namespace mlffgen::kernels
