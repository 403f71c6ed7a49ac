// What a GPU can do and CUDA C++ has no word for. Other texts hold no PTX: with MLFF_SOFTWARE_GPU, which tests define,
// functions of the same meaning stand in, and the kernels run on machines without a GPU.

#ifdef MLFF_SOFTWARE_GPU

template <int NAME, int THREADS>
static __device__ __forceinline__ void named_barrier() {
  software_gpu_barrier(NAME, THREADS);
}
static __device__ __forceinline__ void mma_halves(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  software_gpu_mma_m16n8k16_f16(d, a, b);
}
static __device__ __forceinline__ unsigned halves_of(float low, float high) { return software_gpu_halves(low, high); }
static __device__ __forceinline__ float2 numbers_of_halves(unsigned halves) {
  return make_float2(software_gpu_half(halves), software_gpu_half(halves >> 16));
}
static __device__ __forceinline__ void copy_quad_ahead(float* to, const float* from) {
  software_gpu_copy_async(to, from, 16);
}
static __device__ __forceinline__ void end_group_of_copies() { software_gpu_copy_commit(); }
template <int LATER>
static __device__ __forceinline__ void wait_for_copies() {
  software_gpu_copy_wait(LATER);
}
static __device__ __forceinline__ void assume_shared(const void*) {}
static __device__ __forceinline__ uint4 read_copied(const float* from) { return *(const uint4*)from; }
static __device__ __forceinline__ uint4 read_once(const float* from) { return *(const uint4*)from; }

#else

// A barrier of THREADS threads, whole warps, that shares nothing with barriers of other names (1 to 15). The name is in
// the instruction: with one from a register, all sixteen count as used, and tools lose track of which is meant.
template <int NAME, int THREADS>
static __device__ __forceinline__ void named_barrier() {
  asm volatile("bar.sync %0, %1;" ::"n"(NAME), "n"(THREADS) : "memory");
}

// d[16][8] += a[16][16] b[16][8] by a warp, of half precision; its float sums are cut off, not rounded. With g = lane /
// 4 and t = lane % 4, a lane holds a: rows g, g + 8, g, g + 8 of columns 2t and 2t + 1, and in the last two 2t + 8 and
// 2t + 9; b: rows 2t and 2t + 1, then 2t + 8 and 2t + 9 of column g; d: row g, columns 2t, 2t + 1, then row g + 8 of
// the same.
static __device__ __forceinline__ void mma_halves(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
// Two numbers rounded to half precision, the first in the lower bits, and back.
static __device__ __forceinline__ unsigned halves_of(float low, float high) {
  unsigned halves;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(halves) : "f"(high), "f"(low));
  return halves;
}
static __device__ __forceinline__ float2 numbers_of_halves(unsigned halves) {
  float2 numbers;
  asm("{.reg .f16 low, high; mov.b32 {low, high}, %2; cvt.f32.f16 %0, low; cvt.f32.f16 %1, high;}"
      : "=f"(numbers.x), "=f"(numbers.y)
      : "r"(halves));
  return numbers;
}

// Four numbers from global to shared memory, past L1, without waiting for them. A thread's copies form groups;
// wait_for_copies<LATER> waits until all but its LATER last groups are there, for this thread to read by read_copied.
// These four stay in order among themselves and let everything else move past them.
static __device__ __forceinline__ void copy_quad_ahead(float* to, const float* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((unsigned)__cvta_generic_to_shared(to)), "l"(from));
}
static __device__ __forceinline__ void end_group_of_copies() { asm volatile("cp.async.commit_group;"); }
template <int LATER>
static __device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(LATER));
}
// Constant numbers that this multiprocessor does not want again.
static __device__ __forceinline__ uint4 read_once(const float* from) {
  uint4 x;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
               : "l"(from));
  return x;
}
// Lets the compiler read through a pointer as what it is.
static __device__ __forceinline__ void assume_shared([[maybe_unused]] const void* pointer) {
#ifndef __clang__
  __builtin_assume(__isShared(pointer));
#endif
}
static __device__ __forceinline__ uint4 read_copied(const float* from) {
  uint4 x;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
               : "r"((unsigned)__cvta_generic_to_shared(from)));
  return x;
}

#endif
