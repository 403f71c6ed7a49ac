// Declarations of what NVRTC provides without any header, so that clang can parse emitted device code on a machine with
// no CUDA toolkit (and although stock clang 19 rejects CUDA 13's own headers). Only parsed, never run: no bodies. What
// is not declared here must not be used by emitted code; add it here when a template needs it and NVRTC has it built
// in.
#pragma once

// As NVRTC defines them.
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __grid_constant__ __attribute__((grid_constant))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))

typedef decltype(sizeof(0)) size_t;

#define MLFFGEN_VECTOR(name, type, alignment)                                  \
  struct __attribute__((aligned(alignment))) name##2 { type x, y; };           \
  struct name##3 { type x, y, z; };                                            \
  struct __attribute__((aligned(2 * alignment))) name##4 { type x, y, z, w; }; \
  __device__ name##2 make_##name##2(type, type);                               \
  __device__ name##3 make_##name##3(type, type, type);                         \
  __device__ name##4 make_##name##4(type, type, type, type);
MLFFGEN_VECTOR(float, float, 8)
MLFFGEN_VECTOR(int, int, 8)
MLFFGEN_VECTOR(uint, unsigned, 8)
struct __attribute__((aligned(16))) double2 {
  double x, y;
};
struct double3 {
  double x, y, z;
};
__device__ double2 make_double2(double, double);
__device__ double3 make_double3(double, double, double);
#undef MLFFGEN_VECTOR

struct dim3 {
  unsigned x, y, z;
};
extern const __device__ uint3 threadIdx;
extern const __device__ uint3 blockIdx;
extern const __device__ dim3 blockDim;
extern const __device__ dim3 gridDim;
extern const __device__ int warpSize;

// Synchronisation.
extern "C" {
__device__ void __syncthreads();
__device__ int __syncthreads_count(int);
__device__ int __syncthreads_and(int);
__device__ int __syncthreads_or(int);
__device__ void __threadfence();
__device__ void __threadfence_block();
__device__ void __threadfence_system();
__device__ unsigned __activemask();
__device__ unsigned __ballot_sync(unsigned, int);
__device__ int __any_sync(unsigned, int);
__device__ int __all_sync(unsigned, int);
__device__ void __nanosleep(unsigned);
__device__ void __trap();
__device__ long long clock64();
__device__ size_t __cvta_generic_to_shared(const void*);
}
__device__ void __syncwarp(unsigned mask = 0xffffffffu);

// Warp shuffles, reductions and cached loads.
#define MLFFGEN_SHUFFLE(type)                                                             \
  __device__ type __shfl_sync(unsigned mask, type value, int lane, int width = 32);       \
  __device__ type __shfl_xor_sync(unsigned mask, type value, int lanes, int width = 32);  \
  __device__ type __shfl_up_sync(unsigned mask, type value, unsigned by, int width = 32); \
  __device__ type __shfl_down_sync(unsigned mask, type value, unsigned by, int width = 32);
MLFFGEN_SHUFFLE(int)
MLFFGEN_SHUFFLE(unsigned)
MLFFGEN_SHUFFLE(long long)
MLFFGEN_SHUFFLE(unsigned long long)
MLFFGEN_SHUFFLE(float)
MLFFGEN_SHUFFLE(double)
#undef MLFFGEN_SHUFFLE
#define MLFFGEN_LOAD(type)             \
  __device__ type __ldg(const type*);  \
  __device__ type __ldcs(const type*); \
  __device__ type __ldcg(const type*); \
  __device__ void __stcs(type*, type); \
  __device__ void __stcg(type*, type);
MLFFGEN_LOAD(int)
MLFFGEN_LOAD(unsigned)
MLFFGEN_LOAD(float)
MLFFGEN_LOAD(double)
MLFFGEN_LOAD(float2)
MLFFGEN_LOAD(float4)
MLFFGEN_LOAD(int2)
MLFFGEN_LOAD(int4)
MLFFGEN_LOAD(double2)
#undef MLFFGEN_LOAD
__device__ int __reduce_add_sync(unsigned, int);
__device__ int __reduce_min_sync(unsigned, int);
__device__ int __reduce_max_sync(unsigned, int);

// Atomics.
#define MLFFGEN_ATOMIC_INTEGER(type)       \
  __device__ type atomicAdd(type*, type);  \
  __device__ type atomicExch(type*, type); \
  __device__ type atomicMin(type*, type);  \
  __device__ type atomicMax(type*, type);  \
  __device__ type atomicAnd(type*, type);  \
  __device__ type atomicOr(type*, type);   \
  __device__ type atomicCAS(type*, type, type);
MLFFGEN_ATOMIC_INTEGER(int)
MLFFGEN_ATOMIC_INTEGER(unsigned)
MLFFGEN_ATOMIC_INTEGER(unsigned long long)
#undef MLFFGEN_ATOMIC_INTEGER
__device__ float atomicAdd(float*, float);
__device__ double atomicAdd(double*, double);
__device__ float atomicExch(float*, float);

// Mathematics. The C names first, then the overloads of C++.
#define MLFFGEN_UNARY(name)                   \
  extern "C" __device__ float name##f(float); \
  extern "C" __device__ double name(double);  \
  __device__ float name(float);
MLFFGEN_UNARY(sqrt)
MLFFGEN_UNARY(rsqrt)
MLFFGEN_UNARY(cbrt)
MLFFGEN_UNARY(rcbrt)
MLFFGEN_UNARY(exp)
MLFFGEN_UNARY(exp2)
MLFFGEN_UNARY(expm1)
MLFFGEN_UNARY(log)
MLFFGEN_UNARY(log2)
MLFFGEN_UNARY(log1p)
MLFFGEN_UNARY(sin)
MLFFGEN_UNARY(cos)
MLFFGEN_UNARY(tan)
MLFFGEN_UNARY(acos)
MLFFGEN_UNARY(asin)
MLFFGEN_UNARY(atan)
MLFFGEN_UNARY(tanh)
MLFFGEN_UNARY(sinpi)
MLFFGEN_UNARY(cospi)
MLFFGEN_UNARY(erf)
MLFFGEN_UNARY(fabs)
MLFFGEN_UNARY(floor)
MLFFGEN_UNARY(ceil)
MLFFGEN_UNARY(round)
MLFFGEN_UNARY(rint)
MLFFGEN_UNARY(nearbyint)
MLFFGEN_UNARY(trunc)
#undef MLFFGEN_UNARY
#define MLFFGEN_BINARY(name)                         \
  extern "C" __device__ float name##f(float, float); \
  extern "C" __device__ double name(double, double); \
  __device__ float name(float, float);
MLFFGEN_BINARY(fmin)
MLFFGEN_BINARY(fmax)
MLFFGEN_BINARY(pow)
MLFFGEN_BINARY(atan2)
MLFFGEN_BINARY(fmod)
MLFFGEN_BINARY(hypot)
MLFFGEN_BINARY(copysign)
#undef MLFFGEN_BINARY
extern "C" {
__device__ float fmaf(float, float, float);
__device__ double fma(double, double, double);
__device__ void sincosf(float, float*, float*);
__device__ void sincos(double, double*, double*);
__device__ void sincospif(float, float*, float*);
__device__ float __expf(float);
__device__ float __exp10f(float);
__device__ float __logf(float);
__device__ float __log2f(float);
__device__ float __sinf(float);
__device__ float __cosf(float);
__device__ void __sincosf(float, float*, float*);
__device__ float __powf(float, float);
__device__ float __fdividef(float, float);
__device__ float __saturatef(float);
__device__ float __frcp_rn(float);
__device__ float __fsqrt_rn(float);
__device__ float __frsqrt_rn(float);
__device__ float __fadd_rn(float, float);
__device__ float __fmul_rn(float, float);
__device__ float __fmaf_rn(float, float, float);
__device__ float __fdiv_rn(float, float);
__device__ double __dadd_rn(double, double);
__device__ double __dmul_rn(double, double);
__device__ int __float_as_int(float);
__device__ unsigned __float_as_uint(float);
__device__ float __int_as_float(int);
__device__ float __uint_as_float(unsigned);
__device__ long long __double_as_longlong(double);
__device__ double __longlong_as_double(long long);
__device__ int __float2int_rn(float);
__device__ int __float2int_rd(float);
__device__ int __float2int_ru(float);
__device__ int __float2int_rz(float);
__device__ float __int2float_rn(int);
__device__ float __double2float_rn(double);
__device__ int __double2int_rn(double);
__device__ int __double2int_rd(double);
__device__ int __popc(unsigned);
__device__ int __popcll(unsigned long long);
__device__ int __clz(int);
__device__ int __ffs(int);
__device__ unsigned __brev(unsigned);
__device__ int __mulhi(int, int);
__device__ unsigned __umulhi(unsigned, unsigned);
__device__ int abs(int);
}
__device__ float fma(float, float, float);
__device__ float abs(float);
__device__ double abs(double);
#define MLFFGEN_MIN_MAX(type)      \
  __device__ type min(type, type); \
  __device__ type max(type, type);
MLFFGEN_MIN_MAX(int)
MLFFGEN_MIN_MAX(unsigned)
MLFFGEN_MIN_MAX(long long)
MLFFGEN_MIN_MAX(unsigned long long)
MLFFGEN_MIN_MAX(float)
MLFFGEN_MIN_MAX(double)
#undef MLFFGEN_MIN_MAX
