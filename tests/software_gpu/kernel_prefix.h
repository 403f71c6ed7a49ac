// The second part of every kernel text that the software NVRTC compiles: CUDA C++ in terms of C++17 and kernel_abi.h.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

#define MLFF_SOFTWARE_GPU 1

extern "C" {
__attribute__((visibility("default"))) software_gpu::Device* software_gpu_device = nullptr;
// The static shared memory of the module; the linker knows where it is.
extern char __start_software_gpu_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_software_gpu_shared[] __attribute__((weak, visibility("hidden")));
__attribute__((visibility("default"))) char* software_gpu_shared_begin() { return __start_software_gpu_shared; }
__attribute__((visibility("default"))) char* software_gpu_shared_end() { return __stop_software_gpu_shared; }
}

// How the host calls a kernel.
namespace software_gpu {
template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<const T> {
  using type = T;
};
template <auto kFunction, class... P, int... I>
void call_with(void (*)(P...), void** arguments, std::integer_sequence<int, I...>) {
  kFunction(*static_cast<typename Plain<P>::type*>(arguments[I])...);
}
template <auto kFunction>
struct Entry;
template <class... P, void (*kFunction)(P...)>
struct Entry<kFunction> {
  static_assert(sizeof...(P) <= kMaxParameters, "too many kernel parameters");
  static void call(void** arguments) {
    call_with<kFunction>(kFunction, arguments, std::make_integer_sequence<int, int(sizeof...(P))>());
  }
  static constexpr Kernel kernel = {&call, int(sizeof...(P)), {unsigned(sizeof(P))...}};
};
}  // namespace software_gpu

// Words of the language. The mark is what the compiler's driver looks for.
#define __global__ __attribute__((software_gpu_kernel, visibility("default")))
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static __attribute__((section("software_gpu_shared")))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __grid_constant__
#undef __forceinline__
#define __forceinline__ inline
#undef __noinline__
#define __noinline__ __attribute__((noinline))

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
};
#define threadIdx (software_gpu_device->thread->index)
#define blockIdx (software_gpu_device->block)
#define blockDim (software_gpu_device->block_dim)
#define gridDim (software_gpu_device->grid_dim)
constexpr int warpSize = 32;

#define SOFTWARE_GPU_VECTOR(type, name, a2, a4)                                      \
  struct __attribute__((aligned(a2))) name##2 { type x, y; };                        \
  struct name##3 { type x, y, z; };                                                  \
  struct __attribute__((aligned(a4))) name##4 { type x, y, z, w; };                  \
  static inline name##2 make_##name##2(type x, type y) { return {x, y}; }            \
  static inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; } \
  static inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
SOFTWARE_GPU_VECTOR(float, float, 8, 16)
SOFTWARE_GPU_VECTOR(double, double, 16, 16)
SOFTWARE_GPU_VECTOR(int, int, 8, 16)
#undef SOFTWARE_GPU_VECTOR
struct __attribute__((aligned(8))) uint2 {
  unsigned x, y;
};
struct __attribute__((aligned(16))) uint4 {
  unsigned x, y, z, w;
};
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// Barriers and fences.
static inline void software_gpu_barrier(int name, int threads) { software_gpu_device->barrier(name, threads, 0); }
static inline void* software_gpu_dynamic_shared() { return software_gpu_device->dynamic_shared; }
static inline void __syncthreads() { software_gpu_device->barrier(0, 0, 0); }
static inline int __syncthreads_or(int value) { return software_gpu_device->barrier(0, 0, value != 0).any; }
static inline int __syncthreads_and(int value) { return software_gpu_device->barrier(0, 0, value != 0).all; }
static inline int __syncthreads_count(int value) { return software_gpu_device->barrier(0, 0, value != 0).sum; }
static inline void __threadfence() { asm volatile("" ::: "memory"); }
static inline void __threadfence_block() { __threadfence(); }
static inline void __threadfence_system() { __threadfence(); }
static inline void __trap() { software_gpu_device->fail("__trap()"); }

// Between the lanes of a warp.
static inline int software_gpu_lane() { return int(software_gpu_device->thread->number % 32); }
static inline const software_gpu::Slot* software_gpu_exchange(unsigned mask, unsigned long word) {
  return software_gpu_device->exchange(mask, &word, 1);
}
static inline void __syncwarp(unsigned mask = 0xffffffffu) { software_gpu_exchange(mask, 0); }
static inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const software_gpu::Slot* slots = software_gpu_exchange(mask, predicate != 0);
  unsigned votes = 0;
  for (int k = 0; k < 32; ++k) {
    if (mask >> k & 1) votes |= unsigned(slots[k].words[0]) << k;
  }
  return votes;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask; }

// A lane outside the mask has nothing to give; all ones (NaN) makes that visible.
template <class T>
static inline T software_gpu_shuffle(unsigned mask, T value, int source) {
  static_assert(sizeof(T) <= 8, "shuffles move up to 8 bytes");
  unsigned long word = 0;
  std::memcpy(&word, &value, sizeof(T));
  const software_gpu::Slot* slots = software_gpu_exchange(mask, word);
  word = mask >> source & 1 ? slots[source].words[0] : ~0ul;
  std::memcpy(&value, &word, sizeof(T));
  return value;
}
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  const int lane = software_gpu_lane();
  return software_gpu_shuffle(mask, value, lane / width * width + (source & (width - 1)));
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
  const int lane = software_gpu_lane(), source = lane ^ bits;
  return software_gpu_shuffle(mask, value, source / width > lane / width ? lane : source);
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  const int lane = software_gpu_lane(), source = lane + int(distance);
  return software_gpu_shuffle(mask, value, source / width != lane / width ? lane : source);
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32) {
  const int lane = software_gpu_lane(), source = lane - int(distance);
  return software_gpu_shuffle(mask, value, source < lane / width * width ? lane : source);
}
template <class T>
static inline unsigned __match_any_sync(unsigned mask, T value) {
  static_assert(sizeof(T) <= 8, "matches compare up to 8 bytes");
  unsigned long word = 0;
  std::memcpy(&word, &value, sizeof(T));
  const software_gpu::Slot* slots = software_gpu_exchange(mask, word);
  unsigned same = 0;
  for (int k = 0; k < 32; ++k) {
    if (mask >> k & 1) same |= unsigned(slots[k].words[0] == word) << k;
  }
  return same;
}
#define SOFTWARE_GPU_REDUCE(name, type, expression)                                        \
  static inline type name(unsigned mask, type value) {                                     \
    const software_gpu::Slot* slots = software_gpu_exchange(mask, (unsigned long)(value)); \
    bool first = true;                                                                     \
    type a{};                                                                              \
    for (int k = 0; k < 32; ++k) {                                                         \
      if (!(mask >> k & 1)) continue;                                                      \
      const type b = type(slots[k].words[0]);                                              \
      a = first ? b : type(expression);                                                    \
      first = false;                                                                       \
    }                                                                                      \
    return a;                                                                              \
  }
SOFTWARE_GPU_REDUCE(__reduce_add_sync, int, unsigned(a) + unsigned(b))
SOFTWARE_GPU_REDUCE(__reduce_add_sync, unsigned, a + b)
SOFTWARE_GPU_REDUCE(__reduce_min_sync, int, a < b ? a : b)
SOFTWARE_GPU_REDUCE(__reduce_min_sync, unsigned, a < b ? a : b)
SOFTWARE_GPU_REDUCE(__reduce_max_sync, int, a > b ? a : b)
SOFTWARE_GPU_REDUCE(__reduce_max_sync, unsigned, a > b ? a : b)
SOFTWARE_GPU_REDUCE(__reduce_or_sync, unsigned, a | b)
SOFTWARE_GPU_REDUCE(__reduce_and_sync, unsigned, a& b)
#undef SOFTWARE_GPU_REDUCE

// Atomics: threads change places at barriers and between lanes only, so that plain code is atomic.
#define SOFTWARE_GPU_ATOMIC(name, expression)                                 \
  template <class T>                                                          \
  static inline T name(T* address, typename software_gpu::Plain<T>::type b) { \
    const T a = *address;                                                     \
    *address = (expression);                                                  \
    return a;                                                                 \
  }
SOFTWARE_GPU_ATOMIC(atomicAdd, a + b)
SOFTWARE_GPU_ATOMIC(atomicSub, a - b)
SOFTWARE_GPU_ATOMIC(atomicMin, b < a ? b : a)
SOFTWARE_GPU_ATOMIC(atomicMax, a < b ? b : a)
SOFTWARE_GPU_ATOMIC(atomicExch, b)
SOFTWARE_GPU_ATOMIC(atomicOr, a | b)
SOFTWARE_GPU_ATOMIC(atomicAnd, a& b)
SOFTWARE_GPU_ATOMIC(atomicXor, a ^ b)
SOFTWARE_GPU_ATOMIC(atomicInc, a >= b ? 0 : a + 1)
#undef SOFTWARE_GPU_ATOMIC
template <class T>
static inline T atomicCAS(T* address, typename software_gpu::Plain<T>::type expected,
                          typename software_gpu::Plain<T>::type value) {
  const T old = *address;
  if (old == expected) *address = value;
  return old;
}

// Asynchronous copies to shared memory: each happens when it is waited for and not before, so that a missing wait
// shows.
static inline void software_gpu_copy_async(void* shared, const void* global, int bytes) {
  software_gpu_device->copy_async(shared, global, bytes);
}
static inline void software_gpu_copy_commit() { software_gpu_device->copy_commit(); }
static inline void software_gpu_copy_wait(int groups) { software_gpu_device->copy_wait(groups); }

// Half precision: a number in the lower 16 bits, and two of them.
static inline float software_gpu_half(unsigned bits) {
  const auto lower = (unsigned short)bits;
  _Float16 value;
  std::memcpy(&value, &lower, sizeof(value));
  return (float)value;
}
static inline unsigned software_gpu_halves(float low, float high) {
  const _Float16 values[2] = {(_Float16)low, (_Float16)high};
  unsigned bits;
  std::memcpy(&bits, values, sizeof(bits));
  return bits;
}

static inline float software_gpu_towards_zero(double x) {
  const float nearest = (float)x;
  unsigned bits;
  std::memcpy(&bits, &nearest, sizeof(bits));
  if ((nearest > 0 ? nearest : -nearest) > (x > 0 ? x : -x)) --bits;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// d[16][8] += a[16][16] b[16][8] by a warp, as mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 lays them out. Tensor
// cores drop what does not fit into a sum, where arithmetic elsewhere rounds: measured for V100, T4 and A100 by Fasi et
// al., PeerJ Comput. Sci. 7, e330 (2021), and for an H100 by tests/cuda/kernels_test.cpp. How many products make a sum
// differs between them; here it is all 16.
static inline void software_gpu_mma_m16n8k16_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  const auto pack = [](unsigned low, unsigned high) { return (unsigned long)low | (unsigned long)high << 32; };
  const unsigned long given[3] = {pack(a[0], a[1]), pack(a[2], a[3]), pack(b[0], b[1])};
  const software_gpu::Slot* slots = software_gpu_device->exchange(0xffffffffu, given, 3);
  const int g = software_gpu_lane() / 4, t = software_gpu_lane() % 4;
  for (int r = 0; r < 2; ++r) {
    for (int c = 0; c < 2; ++c) {
      double sum = d[2 * r + c];
      for (int k = 0; k < 16; ++k) {
        const int lane = k % 8 / 2, half = k / 8, odd = k % 2;
        const auto left = unsigned(slots[g * 4 + lane].words[half] >> (32 * r)) >> (16 * odd);
        const auto right = unsigned(slots[(2 * t + c) * 4 + lane].words[2] >> (32 * half)) >> (16 * odd);
        sum += (double)software_gpu_half(left) * (double)software_gpu_half(right);
      }
      d[2 * r + c] = software_gpu_towards_zero(sum);
    }
  }
}

// Arithmetic.
template <class T>
static inline T __ldg(const T* address) {
  return *address;
}
template <class T>
static inline T __ldcg(const T* address) {
  return *address;
}
template <class T>
static inline T __ldcs(const T* address) {
  return *address;
}
template <class T>
static inline void __stcs(T* address, typename software_gpu::Plain<T>::type value) {
  *address = value;
}
template <class To, class From>
static inline To software_gpu_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same size");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}
static inline unsigned __float_as_uint(float x) { return software_gpu_bits<unsigned>(x); }
static inline int __float_as_int(float x) { return software_gpu_bits<int>(x); }
static inline float __uint_as_float(unsigned x) { return software_gpu_bits<float>(x); }
static inline float __int_as_float(int x) { return software_gpu_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return software_gpu_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return software_gpu_bits<double>(x); }
static inline int __double2hiint(double x) { return int(software_gpu_bits<unsigned long>(x) >> 32); }
static inline int __double2loint(double x) { return int(software_gpu_bits<unsigned long>(x)); }
static inline double __hiloint2double(int high, int low) {
  return software_gpu_bits<double>((unsigned long)unsigned(high) << 32 | unsigned(low));
}
static inline int __float2int_rn(float x) { return int(__builtin_rintf(x)); }
static inline int __float2int_rd(float x) { return int(__builtin_floorf(x)); }
static inline int __double2int_rd(double x) { return int(__builtin_floor(x)); }
static inline int __double2int_rn(double x) { return int(__builtin_rint(x)); }
static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
static inline __attribute__((optimize("fp-contract=off"))) float __fadd_rn(float a, float b) { return a + b; }
static inline __attribute__((optimize("fp-contract=off"))) float __fsub_rn(float a, float b) { return a - b; }
static inline __attribute__((optimize("fp-contract=off"))) float __fmul_rn(float a, float b) { return a * b; }
static inline __attribute__((optimize("fp-contract=off"))) double __dadd_rn(double a, double b) { return a + b; }
static inline __attribute__((optimize("fp-contract=off"))) double __dsub_rn(double a, double b) { return a - b; }
static inline __attribute__((optimize("fp-contract=off"))) double __dmul_rn(double a, double b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
// The C library has functions of these names.
#define __expf(x) __builtin_expf(x)
#define __logf(x) __builtin_logf(x)
#define __sinf(x) __builtin_sinf(x)
#define __cosf(x) __builtin_cosf(x)
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float rsqrtf(float x) { return 1.0f / __builtin_sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / __builtin_sqrt(x); }
static inline float rsqrt(float x) { return rsqrtf(x); }
static inline void sincospif(float x, float* s, float* c) {
  *s = float(__builtin_sin(M_PI * double(x)));
  *c = float(__builtin_cos(M_PI * double(x)));
}
static inline void sincospi(double x, double* s, double* c) {
  *s = __builtin_sin(M_PI * x);
  *c = __builtin_cos(M_PI * x);
}
static inline float sinpif(float x) { return float(__builtin_sin(M_PI * double(x))); }
static inline float cospif(float x) { return float(__builtin_cos(M_PI * double(x))); }
static inline double sinpi(double x) { return __builtin_sin(M_PI * x); }
static inline double cospi(double x) { return __builtin_cos(M_PI * x); }
using std::exp, std::log, std::log1p, std::sin, std::cos, std::tan, std::tanh, std::sqrt, std::fabs, std::floor,
    std::ceil, std::rint, std::pow, std::atan2, std::acos, std::asin, std::cbrt, std::fma, std::fmin, std::fmax,
    std::isfinite, std::isnan, std::isinf, std::signbit, std::copysign, std::erf, std::erfc, std::abs, std::expm1,
    std::exp2, std::log2, std::nearbyint, std::round, std::trunc, std::fmod, std::ldexp;
template <class A, class B>
static inline std::common_type_t<A, B> min(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmin(T(a), T(b));
  return T(b) < T(a) ? T(b) : T(a);
}
template <class A, class B>
static inline std::common_type_t<A, B> max(A a, B b) {
  using T = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<T>) return std::fmax(T(a), T(b));
  return T(a) < T(b) ? T(b) : T(a);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)(x)); }
static inline unsigned __brev(unsigned x) {
  unsigned y = 0;
  for (int k = 0; k < 32; ++k) y |= (x >> k & 1) << (31 - k);
  return y;
}
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}

// What NVRTC defines; the standard headers must not see it.
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
