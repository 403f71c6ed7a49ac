// What the language gives a kernel means the same on the software GPU as on a real one: the same program runs on both.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/files.h"
#include "tests/cuda/device_kernels.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

// Runs a kernel of one block, `name(out)`, and returns `count` numbers.
template <class T>
std::vector<T> run(const std::string& text, const char* name, unsigned threads, std::size_t count,
                   unsigned shared_bytes = 0) {
  const Gpu gpu;
  const Array<T> out(gpu, std::vector<T>(count));
  module(gpu, text).kernel(name).launch(gpu.stream, {1, threads, shared_bytes}, out.address());
  return out.read(gpu);
}

TEST_CASE("threads of a block see what others wrote before a barrier") {
  const Gpu gpu;
  const cuda::Module code = module(gpu, R"(
extern "C" __global__ void __launch_bounds__(256) block_sum(const float* __restrict__ in, int n, float* out) {
  __shared__ float part[256];
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  part[threadIdx.x] = k < n ? __ldg(in + k) : 0.0f;
  for (int half = 128; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
  }
  if (threadIdx.x == 0) out[blockIdx.x] = part[0];
})");
  std::vector<float> in(1000);
  std::iota(in.begin(), in.end(), 1.0f);
  const Array<float> values(gpu, in), sums(gpu, std::vector<float>(4));
  code.kernel("block_sum").launch(gpu.stream, {4, 256}, values.address(), 1000, sums.address());
  const std::vector<float> out = sums.read(gpu);
  CHECK(out[0] == 256 * 257 / 2);
  CHECK(out[0] + out[1] + out[2] + out[3] == 1000 * 1001 / 2);
}

TEST_CASE("barriers that count, and threads that end early") {
  const auto out = run<int>(R"(
extern "C" __global__ void votes(int* out) {
  const int t = threadIdx.x;
  if (t >= 64) return;
  const int any = __syncthreads_or(t == 40), all = __syncthreads_and(t < 64), none = __syncthreads_or(t > 100);
  const int some = __syncthreads_and(t != 3), count = __syncthreads_count(t % 3 == 0);
  if (t == 63) { out[0] = any != 0; out[1] = all != 0; out[2] = none; out[3] = some; out[4] = count; }
})",
                            "votes", 96, 5);
  CHECK(out == std::vector<int>{1, 1, 0, 0, 22});
}

TEST_CASE("shuffles of every kind move values between lanes, within their widths") {
  const auto out = run<int>(R"(
extern "C" __global__ void shuffles(int* out) {
  const int t = threadIdx.x, lane = t % 32;
  const unsigned all = 0xffffffffu;
  int* row = out + t * 8;
  row[0] = __shfl_sync(all, 100 + t, 5);
  row[1] = __shfl_sync(all, 100 + t, lane + 9, 8);
  row[2] = __shfl_xor_sync(all, 100 + t, 3);
  row[3] = __shfl_up_sync(all, 100 + t, 2);
  row[4] = __shfl_down_sync(all, 100 + t, 2, 16);
  row[5] = (int)__shfl_down_sync(all, 100.5 + t, 1);
  row[6] = (int)(__shfl_up_sync(all, (1ll << 40) + t, 1, 4) >> 32);
  row[7] = __shfl_xor_sync(all, 100 + t, 16, 8);
})",
                            "shuffles", 64, 64 * 8);
  for (int t = 0; t < 64; ++t) {
    CAPTURE(t);
    const int lane = t % 32, base = t - lane;
    const int* row = &out[static_cast<std::size_t>(t) * 8];
    CHECK(row[0] == 100 + base + 5);
    CHECK(row[1] == 100 + base + lane / 8 * 8 + (lane + 9) % 8);
    CHECK(row[2] == 100 + base + (lane ^ 3));
    CHECK(row[3] == 100 + (lane < 2 ? t : t - 2));
    CHECK(row[4] == 100 + (lane % 16 >= 14 ? t : t + 2));
    CHECK(row[5] == 100 + (lane == 31 ? t : t + 1));
    CHECK(row[6] == 256);
    // A source beyond the own segment: behind it the own value, before it the other's.
    CHECK(row[7] == 100 + base + (lane < 16 ? lane : lane - 16));
  }
}

TEST_CASE("parts of a warp work on their own, each under its mask") {
  const auto out = run<int>(R"(
extern "C" __global__ void parts(int* out) {
  const int t = threadIdx.x;
  int value = t;
  if (t < 8) {
    for (int k = 0; k < 5; ++k) value += __shfl_xor_sync(0x000000ffu, value, 1);
  } else if (t < 16) {
    value = __shfl_sync(0x0000ff00u, value, 12);
    __syncwarp(0x0000ff00u);
    value += __popc(__ballot_sync(0x0000ff00u, t % 2));
  } else {
    value = __all_sync(0xffff0000u, t > 15) * 10 + __any_sync(0xffff0000u, t == 3);
  }
  __syncwarp();
  out[t] = value;
})",
                            "parts", 32, 32);
  CHECK(out[0] == 16);
  CHECK(out[7] == 208);
  CHECK(out[8] == 16);
  CHECK(out[15] == 16);
  CHECK(out[16] == 10);
  CHECK(out[31] == 10);
}

TEST_CASE("ballots and bit operations") {
  const auto out = run<unsigned>(R"(
extern "C" __global__ void bits(unsigned* out) {
  const int t = threadIdx.x;
  const unsigned all = 0xffffffffu, third = __ballot_sync(all, t % 3 == 0);
  const unsigned same = __match_any_sync(all, t / 10);
  if (t == 12) {
    out[0] = third; out[1] = same; out[2] = __popc(third & ((1u << t) - 1)); out[3] = __ffs(8); out[4] = __ffs(0);
    out[5] = __clz(1); out[6] = __clz(0); out[7] = __brev(1u); out[8] = __umulhi(0x80000000u, 6u);
    out[9] = (unsigned)__popcll(0xf00000000000000full); out[10] = (unsigned)__ffsll(1ll << 40);
  }
})",
                                 "bits", 32, 11);
  CHECK(out == std::vector<unsigned>{0x49249249u, 0xffc00u, 4, 4, 0, 31, 32, 0x80000000u, 3, 8, 41});
}

TEST_CASE("warp reductions of integers") {
  const auto out = run<int>(R"(
extern "C" __global__ void reduce(int* out) {
  const int t = threadIdx.x;
  const unsigned all = 0xffffffffu;
  const int sum = __reduce_add_sync(all, t - 16), low = __reduce_min_sync(all, t - 16), high = __reduce_max_sync(all, t - 16);
  const unsigned any = __reduce_or_sync(all, 1u << t % 4);
  if (t == 31) { out[0] = sum; out[1] = low; out[2] = high; out[3] = (int)any; }
})",
                            "reduce", 32, 4);
  CHECK(out == std::vector<int>{-16, -16, 15, 15});
}

TEST_CASE("atomics of every type and kind, over many blocks") {
  const Gpu gpu;
  const cuda::Module code = module(gpu, R"(
extern "C" __global__ void count(int* i, unsigned* u, unsigned long long* l, float* f, double* d) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(i, 1); atomicMax(i + 1, k); atomicMin(i + 2, -k); atomicExch(i + 3, 7); atomicOr(i + 4, 1 << k % 8);
  atomicSub(i + 5, 2);
  atomicAdd(u, 2u); atomicMax(u + 1, (unsigned)k); atomicOr(u + 2, 1u << k % 32); atomicAnd(u + 3, ~(1u << k % 4));
  atomicAdd(l, 1ull << 32); atomicMax(l + 1, (unsigned long long)k << 33); atomicMin(l + 2, (unsigned long long)k + 5);
  atomicAdd(f, 0.5f); atomicAdd(d, 0.25); atomicExch(f + 1, 3.0f);
  unsigned long long old = l[3], seen;
  do { seen = old; old = atomicCAS(l + 3, seen, seen + 3); } while (old != seen);
})");
  const Array<int> i(gpu, std::vector<int>(6));
  const Array<unsigned> u(gpu, {0, 0, 0, 0xffu});
  const Array<unsigned long long> l(gpu, {0, 0, 1000, 0});
  const Array<float> f(gpu, std::vector<float>(2));
  const Array<double> d(gpu, std::vector<double>(1));
  code.kernel("count").launch(gpu.stream, {5, 64}, i.address(), u.address(), l.address(), f.address(), d.address());
  CHECK(i.read(gpu) == std::vector<int>{320, 319, -319, 7, 255, -640});
  CHECK(u.read(gpu) == std::vector<unsigned>{640, 319, 0xffffffffu, 0xf0u});
  CHECK(l.read(gpu) == std::vector<unsigned long long>{320ull << 32, 319ull << 33, 5, 960});
  CHECK(f.read(gpu) == std::vector<float>{160, 3});
  CHECK(d.read(gpu) == std::vector<double>{80});
}

TEST_CASE("named barriers let teams of a block go at their own pace") {
  const auto out = run<int>(read_text_file("templates/ptx.cuh", 1 << 20) + R"(
template <int TEAM>
__device__ void barrier_of(int team) {
  if (team == TEAM) {
    named_barrier<TEAM + 1, 64>();
  } else if constexpr (TEAM < 3) {
    barrier_of<TEAM + 1>(team);
  }
}
extern "C" __global__ void teams(int* out) {
  __shared__ int value[4][64];
  const int team = threadIdx.x / 64, lane = threadIdx.x % 64;
  value[team][lane] = lane;
  for (int round = 0; round < 10 * (team + 1); ++round) {
    barrier_of<0>(team);
    const int next = value[team][(lane + 1) % 64];
    barrier_of<0>(team);
    value[team][lane] = next;
  }
  __syncthreads();
  out[threadIdx.x] = value[team][lane];
})",
                            "teams", 256, 256);
  for (int t = 0; t < 256; ++t) CHECK(out[static_cast<std::size_t>(t)] == (t % 64 + 10 * (t / 64 + 1)) % 64);
}

// Half precision has 11 bits, down to 2^-24.
float rounded(float value) {
  const int places = 11 - std::max(std::ilogb(value) + 1, -13);
  return std::ldexp(std::nearbyint(std::ldexp(value, places)), -places);
}

TEST_CASE("the tensor cores' product is the product of the operands in half precision") {
  const Gpu gpu;
  const cuda::Module code = module(gpu, read_text_file("templates/ptx.cuh", 1 << 20) + R"(
extern "C" __global__ void product(const float* a, const float* b, float* c) {
  const int g = threadIdx.x / 4, t = threadIdx.x % 4;
  const auto of_row = [&](int i, int k) { return halves_of(a[i * 16 + k], a[i * 16 + k + 1]); };
  const auto of_column = [&](int k, int j) { return halves_of(b[k * 8 + j], b[(k + 1) * 8 + j]); };
  const unsigned left[4] = {of_row(g, 2 * t), of_row(g + 8, 2 * t), of_row(g, 2 * t + 8), of_row(g + 8, 2 * t + 8)};
  const unsigned right[2] = {of_column(2 * t, g), of_column(2 * t + 8, g)};
  float sum[4] = {c[g * 8 + 2 * t], c[g * 8 + 2 * t + 1], c[(g + 8) * 8 + 2 * t], c[(g + 8) * 8 + 2 * t + 1]};
  mma_halves(sum, left, right);
  c[g * 8 + 2 * t] = sum[0];
  c[g * 8 + 2 * t + 1] = sum[1];
  c[(g + 8) * 8 + 2 * t] = sum[2];
  c[(g + 8) * 8 + 2 * t + 1] = sum[3];
})");
  std::vector<float> a(16 * 16), b(16 * 8), c(16 * 8);
  for (std::size_t k = 0; k < a.size(); ++k) a[k] = std::sin(static_cast<float>(k * k) + 1);
  for (std::size_t k = 0; k < b.size(); ++k) b[k] = std::cos(3 * static_cast<float>(k * k));
  for (std::size_t k = 0; k < c.size(); ++k) c[k] = static_cast<float>(k) / 16;
  const Array<float> left(gpu, a), right(gpu, b), sums(gpu, c);
  code.kernel("product").launch(gpu.stream, {1, 32}, left.address(), right.address(), sums.address());
  const std::vector<float> found = sums.read(gpu);
  double difference = 0, cut_off = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      double sum = c[i * 8 + j];
      for (std::size_t k = 0; k < 16; ++k) {
        sum += static_cast<double>(rounded(a[i * 16 + k])) * static_cast<double>(rounded(b[k * 8 + j]));
      }
      const double is = found[i * 8 + j];
      difference = std::max(difference, std::abs(sum - is));
      const float size = std::abs(static_cast<float>(sum));
      const double unit = static_cast<double>(std::nextafter(size, 100.0f)) - static_cast<double>(size);
      cut_off += (std::abs(sum) - std::abs(is)) / unit / 128;
    }
  }
  // Tensor cores drop what does not fit, half a unit of the last place on average; with rounding it is 0 +- 0.03.
  CHECK(cut_off > 0.25);
  CHECK(difference < 2e-5);  // rounding of sums up to 8; with operands that are not rounded it is 2e-3
}

TEST_CASE("numbers become halves and numbers again, rounded to nearest even, and beyond the largest infinite") {
  const Gpu gpu;
  const cuda::Module code = module(gpu, read_text_file("templates/ptx.cuh", 1 << 20) + R"(
extern "C" __global__ void halves(float* numbers, unsigned* bits) {
  const int k = threadIdx.x;
  bits[k] = halves_of(numbers[2 * k], numbers[2 * k + 1]);
  const float2 back = numbers_of_halves(bits[k]);
  numbers[2 * k] = back.x;
  numbers[2 * k + 1] = back.y;
})");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> in = {1,        -2,         65519,     -65520, kInfinity, -kInfinity, 1 + 0x1p-11f, 1 + 0x1.8p-10f,
                           0x1p-25f, 0x1.8p-25f, -0x1p-24f, 1e-30f};
  std::vector<float> expected = {1, -2,          65504, -kInfinity, kInfinity, -kInfinity,
                                 1, 1 + 0x1p-9f, 0,     0x1p-24f,   -0x1p-24f, 0};
  for (int k = 1; k < 21; ++k) {
    in.push_back(std::sin(static_cast<float>(k)) * std::ldexp(1.0f, 14 - 2 * k));
    expected.push_back(rounded(in.back()));
  }
  const Array<float> numbers(gpu, in);
  const Array<unsigned> bits(gpu, std::vector<unsigned>(in.size() / 2));
  code.kernel("halves").launch(gpu.stream, {1, static_cast<unsigned>(in.size() / 2)}, numbers.address(),
                               bits.address());
  CHECK(numbers.read(gpu) == expected);
  CHECK(bits.read(gpu)[0] == 0xc0003c00u);  // the first in the lower bits
}

TEST_CASE("dynamic and static shared memory, of any type, side by side") {
  const auto out = run<double>(R"(
template <int N> __device__ double rotate(double value) {
  __shared__ __align__(16) double ring[N];
  __syncthreads();
  ring[threadIdx.x] = value;
  __syncthreads();
  return ring[(threadIdx.x + 1) % N];
}
extern "C" __global__ void memories(double* out) {
  extern __shared__ __align__(16) float4 rows[];
  rows[threadIdx.x] = make_float4(threadIdx.x, 2.0f, 3.0f, 4.0f);
  __syncthreads();
  const float4 other = rows[63 - threadIdx.x];
  out[threadIdx.x] = rotate<64>(other.x + other.w) + rotate<64>(100.0);
})",
                               "memories", 64, 64, 64 * 16);
  for (int t = 0; t < 64; ++t) CHECK(out[static_cast<std::size_t>(t)] == 63 - (t + 1) % 64 + 4 + 100);
}

TEST_CASE("arithmetic that CUDA adds to C++") {
  const auto out = run<float>(R"(
extern "C" __global__ void arithmetic(float* out) {
  int k = 0;
  float s, c;
  sincosf(0.5f, &s, &c);
  out[k++] = s * s + c * c;
  out[k++] = __fmaf_rn(3.0f, 4.0f, 5.0f);
  out[k++] = rsqrtf(16.0f);
  out[k++] = __uint_as_float(__float_as_uint(1.5f) + 1u) > 1.5f;
  out[k++] = (float)(__float_as_int(-0.0f) == (int)0x80000000);
  out[k++] = (float)(__longlong_as_double(__double_as_longlong(2.25)));
  out[k++] = min(3, 5) + max(2.0f, 1.0f) + fminf(1.0f, 2.0f);
  out[k++] = (float)max(1.0, 4.0) + (float)min(7u, 9u);
  out[k++] = fabsf(-2.0f) + floorf(2.7f) + (float)floor(-0.5);
  out[k++] = (float)__double2int_rn(2.5) + (float)__float2int_rd(-0.5f);
  out[k++] = expf(0.0f) + (float)exp(0.0) + logf(1.0f) + tanhf(0.0f);
  out[k++] = (float)(int4{1, 2, 3, 4}.w + make_int2(5, 6).y) + (float)make_double2(1.0, 2.0).y;
  out[k++] = (float)isfinite(1.0f / (out[0] - out[0])) + (float)sizeof(float3) + (float)alignof(double2);
})",
                              "arithmetic", 1, 13);
  CHECK(out[0] == doctest::Approx(1));
  CHECK(std::vector<float>(out.begin() + 1, out.end()) ==
        std::vector<float>{17, 0.25, 1, 1, 2.25, 6, 11, 3, 1, 2, 12, 28});
}

TEST_CASE("products are not fused where a kernel says so") {
  const auto out = run<float>(R"(
extern "C" __global__ void rounding(float* out) {
  const float a = 1.0f + 1.0f / 4096.0f, b = out[0] + a;
  out[1] = __fadd_rn(__fmul_rn(b, b), -1.0f);
  out[2] = __fmaf_rn(b, b, -1.0f);
})",
                              "rounding", 1, 3);
  const float a = 1.0f + 1.0f / 4096.0f;
  const volatile float square = a * a;
  CHECK(out[1] == square - 1.0f);
  CHECK(out[2] == std::fma(a, a, -1.0f));
  CHECK(out[1] != out[2]);
}

TEST_CASE("blocks and threads have up to three indices") {
  const auto out = run<int>(R"(
extern "C" __global__ void where(int* out) {
  atomicAdd(out, (int)(blockDim.x * 100 + blockDim.y * 10 + gridDim.z) * (threadIdx.y == 0 && threadIdx.z == 0));
  atomicAdd(out + 1, (int)(threadIdx.x + 1000 * blockIdx.y));
})",
                            "where", 4, 2);
  CHECK(out == std::vector<int>{4 * 411, 6});
}

}  // namespace
