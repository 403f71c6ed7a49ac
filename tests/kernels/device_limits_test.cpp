#include "runtime/kernels/device_limits.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "base/error.h"
#include "tests/kernels/device_list.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::Precision;

namespace {

constexpr unsigned kThreads = 256;  // of a block

cuda::Kernel limit_kernel(const char* name, Precision precision = Precision::single_precision) {
  return gpu().library.kernel("device_limits.cu", name, precision);
}

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values;
  for (std::size_t k = 0; k < count; ++k) values.push_back(static_cast<float>((7 * k + k / 128) % 101));
  return values;
}

cuda::DeviceBuffer with(const std::vector<float>& values) {
  cuda::DeviceBuffer buffer(gpu().context);
  upload(buffer, values);
  return buffer;
}

void check_rate(const Rate& rate) {
  CHECK(rate.median > 0);
  CHECK(rate.low > 0);
  CHECK(rate.low <= rate.median);
  CHECK(rate.median <= rate.high);
  CHECK(std::isfinite(rate.high));
}

}  // namespace

TEST_CASE("a rate is work over time, the slowest times at its low end") {
  const Rate rate = rate_of(3000, {.median = 10, .p5 = 5, .p95 = 30});
  CHECK(rate.median == doctest::Approx(3e8));
  CHECK(rate.low == doctest::Approx(1e8));
  CHECK(rate.high == doctest::Approx(6e8));
  CHECK_THROWS_AS(rate_of(1, {}), InternalError);
}

TEST_CASE("the copy is the same bytes, and not one more") {
  const std::vector<float> values = numbers(4 * 5000);
  const cuda::DeviceBuffer from = with(values), to = with(std::vector<float>(values.size() + 4, -1));
  limit_kernel("limits_copy").launch(gpu().stream, {3, kThreads, 0}, from.address(), to.address(), 5000LL);
  std::vector<float> expected = values;
  expected.insert(expected.end(), 4, -1.0F);
  CHECK(download<float>(to.address(), expected.size()) == expected);
}

TEST_CASE("gathered rows are summed, 48 near each atom") {
  constexpr unsigned kRows = 64, kSums = 32, kShift = 29;
  const std::vector<float> values = numbers(kRows * 128);
  const cuda::DeviceBuffer from = with(values), to = with(std::vector<float>(kSums * 128));
  // Atoms 32 to 39 write what is left of sums 0 to 7.
  limit_kernel("limits_gather")
      .launch(gpu().stream, {2, kThreads, 0}, from.address(), to.address(), int{kRows}, int{kSums}, int{kShift}, 40);
  const auto sums = download<float>(to.address(), kSums * 128);
  for (unsigned i = 8; i < 40; ++i) {
    std::vector<float> expected(128);
    unsigned state = i % kSums;
    for (int k = 0; k < 48; ++k) {
      state = state * 1664525U + 1013904223U;
      CHECK((state >> kShift) < 8);
      const unsigned row = (i + (state >> kShift)) % kRows;
      for (unsigned f = 0; f < 128; ++f) expected[f] += values[row * 128 + f];
    }
    CAPTURE(i);
    CHECK(std::equal(expected.begin(), expected.end(), sums.begin() + i % kSums * 128));
  }
}

TEST_CASE("every block reads all weights, each time") {
  constexpr unsigned kBlocks = 2, kQuads = kThreads * 16 * 2;
  const std::vector<float> values = numbers(4 * kQuads);
  const cuda::DeviceBuffer from = with(values), to = with(std::vector<float>(kBlocks * kThreads * 4));
  limit_kernel("limits_weights")
      .launch(gpu().stream, {kBlocks, kThreads, 0}, from.address(), to.address(), int{kQuads}, 3);
  const auto sums = download<unsigned>(to.address(), kBlocks * kThreads * 4);
  for (unsigned thread = 0; thread < kBlocks * kThreads; ++thread) {
    for (unsigned c = 0; c < 4; ++c) {
      unsigned expected = 0;
      for (unsigned q = thread % kThreads; q < kQuads; q += kThreads) {
        expected += 3 * std::bit_cast<unsigned>(values[4 * q + c]);
      }
      REQUIRE(sums[thread * 4 + c] == expected);
    }
  }
}

TEST_CASE("multiply-adds are as many as are counted: 16 chains of 8 a round") {
  constexpr unsigned kBlocks = 2;
  const cuda::DeviceBuffer to = with(std::vector<float>(kBlocks * kThreads * 2));
  limit_kernel("limits_multiply_adds").launch(gpu().stream, {kBlocks, kThreads, 0}, to.address(), 5, 1.0F, 1.0F);
  const auto sums = download<float>(to.address(), kBlocks * kThreads);
  for (unsigned k = 0; k < sums.size(); ++k) {
    REQUIRE(sums[k] == static_cast<float>(16 * (k % kThreads) + 15 * 16 / 2 + 5 * 8 * 16));
  }
  limit_kernel("limits_multiply_adds", Precision::double_precision)
      .launch(gpu().stream, {1, kThreads, 0}, to.address(), 3, -1.0, 1.0);
  // An even number of steps leads back to the start.
  CHECK(download<double>(to.address(), 2)[1] == 16 + 15 * 16 / 2);
}

TEST_CASE("products on tensor cores are as many as are counted: 8 tiles of 16 x 8 x 16 a warp and round") {
  constexpr int kRounds = 3;
  const cuda::DeviceBuffer to = with(std::vector<float>(kThreads * 4));
  limit_kernel("limits_products").launch(gpu().stream, {1, kThreads, 0}, to.address(), kRounds);
  const auto sums = download<float>(to.address(), kThreads * 4);
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    const unsigned g = thread % 32 / 4, t = thread % 4;
    for (unsigned k = 0; k < 4; ++k) {
      const unsigned column = 2 * t + k % 2;
      const float row = static_cast<float>(g % 4 + 1) / 4, of_column = static_cast<float>(column % 4 + 1) / 4;
      const float expected = kRounds * 16 * row * 4 * (2 * of_column + 0.25F);
      CAPTURE(thread);
      REQUIRE(sums[4 * thread + k] == expected);
    }
  }
}

TEST_CASE("a launch counts once; a barrier counts every arrival, or says that blocks did not run side by side") {
  cuda::DeviceBuffer state(gpu().context);
  upload(state, std::vector<unsigned>{0, 0});
  for (int k = 0; k < 3; ++k) limit_kernel("limits_node").launch(gpu().stream, {1, kThreads, 0}, state.address());
  CHECK(download<unsigned>(state.address(), 2) == std::vector<unsigned>{3, 0});
  upload(state, std::vector<unsigned>{0, 0});
  limit_kernel("limits_barrier").launch(gpu().stream, {1, kThreads, 0}, state.address(), 7, 1000);
  CHECK(download<unsigned>(state.address(), 2) == std::vector<unsigned>{7, 0});
  upload(state, std::vector<unsigned>{0, 0});
  limit_kernel("limits_barrier").launch(gpu().stream, {2, kThreads, 0}, state.address(), 7, 1 << 20);
  const auto counted = download<unsigned>(state.address(), 2);
  if (gpu().is_real()) {
    CHECK(counted == std::vector<unsigned>{14, 0});
  } else {
    CHECK(counted[1] == 1);  // its blocks run one behind the other
  }
}

TEST_CASE("all limits are measured, and a block alone reads no faster than all of them") {
  for (const Precision precision : {Precision::single_precision, Precision::double_precision}) {
    const DeviceLimits limits = measure_limits(gpu().library, precision, {.repeats = 3, .least_microseconds = 50});
    CHECK(limits.multiprocessors == gpu().context.device().multiprocessors);
    for (const Rate* rate : {&limits.copy, &limits.gather, &limits.table, &limits.weights, &limits.block_weights,
                             &limits.multiply_adds, &limits.products}) {
      check_rate(*rate);
    }
    CHECK(limits.node.median > 0);
    CHECK(limits.barrier.has_value() == gpu().is_real());
    if (!gpu().is_real()) continue;
    CHECK(limits.block_weights.median < limits.weights.median);
    CHECK(limits.table.median > limits.gather.median);
    CHECK(limits.gather.median > limits.copy.median);
    CHECK(limits.products.median > limits.multiply_adds.median);
    CHECK(limits.barrier->median > 0);
  }
}
