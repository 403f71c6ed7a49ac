// What a GPU can do and CUDA C++ has no word for. Other texts hold no PTX: with MLFF_SOFTWARE_GPU, which tests define,
// functions of the same meaning stand in, and the kernels run on machines without a GPU.

#ifdef MLFF_SOFTWARE_GPU

template <int NAME, int THREADS>
static __device__ __forceinline__ void named_barrier() {
  software_gpu_barrier(NAME, THREADS);
}
static __device__ __forceinline__ void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  software_gpu_mma_m16n8k8_tf32(d, a, b);
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
static __device__ __forceinline__ float4 read_copied(const float* from) { return *(const float4*)from; }

#else

// A barrier of THREADS threads, whole warps, that shares nothing with barriers of other names (1 to 15). The name is in
// the instruction: with one from a register, all sixteen count as used, and tools lose track of which is meant.
template <int NAME, int THREADS>
static __device__ __forceinline__ void named_barrier() {
  asm volatile("bar.sync %0, %1;" ::"n"(NAME), "n"(THREADS) : "memory");
}

// d[16][8] += a[16][8] b[8][8] by a warp, in TF32 with float sums. With g = lane / 4 and t = lane % 4, a lane holds
// a: rows g, g + 8, g, g + 8 of columns t, t, t + 4, t + 4; b: rows t, t + 4 of column g; d: row g, columns 2t, 2t + 1,
// then row g + 8 of the same. Of a and b, the lowest 13 bits are ignored.
static __device__ __forceinline__ void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
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
// Lets the compiler read through a pointer as what it is.
static __device__ __forceinline__ void assume_shared([[maybe_unused]] const void* pointer) {
#ifndef __clang__
  __builtin_assume(__isShared(pointer));
#endif
}
static __device__ __forceinline__ float4 read_copied(const float* from) {
  float4 x;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(x.x), "=f"(x.y), "=f"(x.z), "=f"(x.w)
               : "r"((unsigned)__cvta_generic_to_shared(from)));
  return x;
}

#endif
