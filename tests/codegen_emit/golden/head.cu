using real = float;

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

// The lane-generic names on a GPU: a team is kLanes threads of a block.

#ifndef __CUDACC_RTC__
typedef unsigned long size_t;
#endif

#if defined(__clang__) && defined(MLFF_PARSE)
// The manifest sees the tunables, and the size of shared memory that a launch must ask for.
#define MLFF_TUNABLE(choices) __attribute__((annotate("mlffgen.tunable:" choices)))
#define MLFF_SHARED(name, count) __shared__ __align__(16) real name[count]
#elif defined(MLFF_SOFTWARE_GPU)
#define MLFF_TUNABLE(choices)
#define MLFF_SHARED(name, count) real* const name = (real*)software_gpu_dynamic_shared()
#else
#define MLFF_TUNABLE(choices)
#define MLFF_SHARED(name, count) extern __shared__ __align__(16) real name[]
#endif
#define MLFF_DEVICE static __device__ __forceinline__
#define MLFF_RESTRICT __restrict__
#define MLFF_UNROLL _Pragma("unroll")
#define MLFF_KERNEL(name, blocks, ...) \
  extern "C" __global__ void __launch_bounds__(kBlock, sizeof(real) == sizeof(float) ? blocks : 1) name(__VA_ARGS__)
#define MLFF_EACH_GROUP(c, f, C)                                                                      \
  MLFF_UNROLL for (int c = 0; c < slots<(C)>();                                                       \
                   c += group_size<(C)>()) if (const int f = lane() * group_size<(C)>() + c * kLanes; \
                                               slots<(C)>() * kLanes == (C) || f < (C))
#define MLFF_EACH_PAIR(e, count) for (int e = lane(); e < (count); e += kLanes)
#define MLFF_EACH_PAIR_CHANNEL(e, f, count, C)                        \
  for (int mlff_k = lane(); mlff_k < (count) * (C); mlff_k += kLanes) \
    if (const int e = mlff_k / (C), f = mlff_k % (C); true)
#define MLFF_EACH_ATOM(t, rows) for (int t = team(); t < (rows); t += kTeams)
#define block_index() ((int)blockIdx.x)

#ifndef MLFF_LANES
#define MLFF_LANES 32
#endif
#ifndef MLFF_TEAMS
#define MLFF_TEAMS 8
#endif
#ifndef MLFF_MIN_BLOCKS
#define MLFF_MIN_BLOCKS 2
#endif
#ifndef MLFF_MIN_PAIR_BLOCKS
#define MLFF_MIN_PAIR_BLOCKS 2
#endif
#ifndef MLFF_PAIR_CHUNK
#define MLFF_PAIR_CHUNK 16
#endif
#ifndef MLFF_TILE
#define MLFF_TILE 8
#endif
#ifndef MLFF_PAIR_BATCH
#define MLFF_PAIR_BATCH 2
#endif
#ifndef MLFF_WEIGHT_STEPS
#define MLFF_WEIGHT_STEPS 4
#endif
MLFF_TUNABLE("32,64,128,256") constexpr int kLanes = MLFF_LANES;  // threads that serve one atom
MLFF_TUNABLE("1,2,4,8") constexpr int kTeams = MLFF_TEAMS;        // teams of a block
// Blocks that must fit on one multiprocessor; of kernels without dense layers, which need fewer registers.
MLFF_TUNABLE("1,2,3,4") constexpr int kMinBlocks = MLFF_MIN_BLOCKS;
MLFF_TUNABLE("1,2,3,4") constexpr int kMinPairBlocks = MLFF_MIN_PAIR_BLOCKS;
MLFF_TUNABLE("16,32,64") constexpr int kPairChunk = MLFF_PAIR_CHUNK;   // pairs whose records a team holds
MLFF_TUNABLE("2,4,8") constexpr int kWeightSteps = MLFF_WEIGHT_STEPS;  // of a dense layer, on their way to a thread
constexpr bool kFewRegisters = true;
constexpr int kBlock = kLanes * kTeams;
constexpr int kRingReals = sizeof(real) == sizeof(float) ? kWeightSteps * kBlock * 8 : 0;
constexpr int kWarps = kLanes / 32;  // of a team
constexpr int kTeamScratch = kWarps > 1 ? kWarps * 32 : 0;

// Unsigned divisions by powers of two are shifts.
MLFF_DEVICE int warp_of_block() { return (int)(threadIdx.x / 32); }
MLFF_DEVICE int lane_of_warp() { return (int)(threadIdx.x % 32); }
template <int C>
MLFF_DEVICE constexpr int group_size() {
  return C % (4 * kLanes) == 0 ? 4 : (C % (2 * kLanes) == 0 ? 2 : 1);
}
MLFF_DEVICE int lane() { return (int)(threadIdx.x % kLanes); }
MLFF_DEVICE int team() { return (int)(threadIdx.x / kLanes); }
MLFF_DEVICE void block_barrier() { __syncthreads(); }
template <int TEAM = 0>
MLFF_DEVICE void barrier_of_team() {
  if constexpr (TEAM + 1 == kTeams) {
    named_barrier<TEAM + 1, kLanes>();
  } else if (team() == TEAM) {
    named_barrier<TEAM + 1, kLanes>();
  } else {
    barrier_of_team<TEAM + 1>();
  }
}
MLFF_DEVICE void team_barrier() {
  if constexpr (kLanes == 32) {
    __syncwarp();
  } else {
    barrier_of_team();
  }
}

MLFF_DEVICE int warp() { return lane() / 32; }  // of the team

// Lanes of a warp that hold each of N sums after warp_sum.
template <int N>
MLFF_DEVICE constexpr int lanes_of_sum() {
  static_assert(N <= 32, "a warp holds at most 32 sums");
  return N > 16 ? 1 : (N > 8 ? 2 : (N > 4 ? 4 : (N > 2 ? 8 : (N > 1 ? 16 : 32))));
}

// Sums over the lanes of a warp: number lane / lanes_of_sum<N>() of them, if there are so many. Lanes that differ in
// one bit share out the numbers, one half each, until a lane is left with one; then it is added up over the rest.
template <int N, int LANES = 32>
MLFF_DEVICE real warp_sum(const real (&value)[N]) {
  if constexpr (LANES == 1) {
    return value[0];
  } else {
    constexpr int kHalf = N == 1 ? 1 : 16 / lanes_of_sum<N>();
    const bool upper = N > 1 && lane_of_warp() % LANES >= LANES / 2;
    real share[kHalf];
    MLFF_UNROLL
    for (int n = 0; n < kHalf; ++n) {
      const real low = value[n];
      const real high = N == 1 ? low : (kHalf + n < N ? value[kHalf + n < N ? kHalf + n : 0] : real(0));
      share[n] = (upper ? high : low) + __shfl_xor_sync(0xffffffffu, upper ? low : high, LANES / 2);
    }
    return warp_sum<kHalf, LANES / 2>(share);
  }
}

// The next 32 of N numbers.
template <int FIRST, int N>
MLFF_DEVICE real warp_sum_of_group(const real (&value)[N]) {
  real group[N - FIRST < 32 ? N - FIRST : 32];
  MLFF_UNROLL
  for (int n = 0; n < (N - FIRST < 32 ? N - FIRST : 32); ++n) group[n] = value[FIRST + n];
  return warp_sum(group);
}

// The sums over the lanes of a team, in every lane.
template <int N, int FIRST = 0>
MLFF_DEVICE void team_sum(real (&value)[N], real* scratch) {
  constexpr int kCount = N - FIRST < 32 ? N - FIRST : 32;
  constexpr int kLanesOfSum = lanes_of_sum<kCount>();
  const real sum = warp_sum_of_group<FIRST>(value);
  if constexpr (kWarps == 1) {
    MLFF_UNROLL
    for (int n = 0; n < kCount; ++n) value[FIRST + n] = __shfl_sync(0xffffffffu, sum, n * kLanesOfSum);
  } else {
    team_barrier();
    if (lane() % kLanesOfSum == 0) scratch[lane() / kLanesOfSum] = sum;
    team_barrier();
    MLFF_UNROLL
    for (int n = 0; n < kCount; ++n) {
      real total = scratch[n];
      MLFF_UNROLL
      for (int w = 1; w < kWarps; ++w) total += scratch[w * (32 / kLanesOfSum) + n];
      value[FIRST + n] = total;
    }
  }
  if constexpr (FIRST + 32 < N) team_sum<N, FIRST + 32>(value, scratch);
}

// Sums over the lanes of each warp of NUMBERS numbers a pair, for the pairs p0, p0 + 1, ... of the chunk, left in
// sums[kWarps][kPairChunk][NUMBERS] for all lanes to read after a barrier.
template <int NUMBERS, int N, int FIRST = 0>
MLFF_DEVICE void leave_sums(real* sums, int p0, const real (&part)[N]) {
  constexpr int kCount = N - FIRST < 32 ? N - FIRST : 32;
  const real sum = warp_sum_of_group<FIRST>(part);
  const int n = lane_of_warp() / lanes_of_sum<kCount>();
  if (lane() % lanes_of_sum<kCount>() == 0 && n < kCount) {
    sums[(warp() * kPairChunk + p0) * NUMBERS + FIRST + n] = sum;
  }
  if constexpr (FIRST + 32 < N) leave_sums<NUMBERS, N, FIRST + 32>(sums, p0, part);
}

// The sum over the team of number n of a pair.
template <int NUMBERS>
MLFF_DEVICE real left_sum(const real* sums, int pair, int n) {
  real sum = sums[pair * NUMBERS + n];
  MLFF_UNROLL
  for (int w = 1; w < kWarps; ++w) sum += sums[(w * kPairChunk + pair) * NUMBERS + n];
  return sum;
}

MLFF_DEVICE float m_exp(float x) { return expf(x); }
MLFF_DEVICE double m_exp(double x) { return exp(x); }
MLFF_DEVICE float m_log(float x) { return logf(x); }
MLFF_DEVICE double m_log(double x) { return log(x); }
MLFF_DEVICE float m_log1p(float x) { return log1pf(x); }
MLFF_DEVICE double m_log1p(double x) { return log1p(x); }
// sin and cos as host_shim.h has them, for |x| < 1e5: CUDA's own need a stack to reduce larger arguments.
MLFF_DEVICE float m_sin_quarter(float x, int turn) {
  const float n = rintf(x * 0.63661977236758134f);
  const float r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188216e-8f;
  const float z = r * r;
  const float s = r + r * z * (-1.0f / 6.0f + z * (1.0f / 120.0f + z * (-1.0f / 5040.0f + z * (1.0f / 362880.0f))));
  const float c = 1.0f - 0.5f * z + z * z * (1.0f / 24.0f + z * (-1.0f / 720.0f + z * (1.0f / 40320.0f)));
  const int quadrant = (int)n + turn;
  const float value = (quadrant & 1) ? c : s;
  return (quadrant & 2) ? -value : value;
}
MLFF_DEVICE float m_sin(float x) { return m_sin_quarter(x, 0); }
MLFF_DEVICE double m_sin(double x) { return sin(x); }
MLFF_DEVICE float m_cos(float x) { return m_sin_quarter(x, 1); }
MLFF_DEVICE double m_cos(double x) { return cos(x); }
MLFF_DEVICE float m_tanh(float x) { return tanhf(x); }
MLFF_DEVICE double m_tanh(double x) { return tanh(x); }
MLFF_DEVICE float m_sqrt(float x) { return sqrtf(x); }
MLFF_DEVICE double m_sqrt(double x) { return sqrt(x); }
// x / y for y >= 1, also infinite, to 2 units in the last place.
MLFF_DEVICE float m_quotient(float x, float y) { return __fdividef(x, y); }
MLFF_DEVICE double m_quotient(double x, double y) { return x / y; }
// Zero at zero, so that the gradient of a norm is zero there.
MLFF_DEVICE float m_rsqrt(float x) { return x == 0.0f ? 0.0f : rsqrtf(x); }
MLFF_DEVICE double m_rsqrt(double x) { return x == 0.0 ? 0.0 : 1.0 / sqrt(x); }

// What both targets share. `real` is float or double, by the model's precision.

#ifndef MLFF_TILE
#define MLFF_TILE 16
#endif
#ifndef MLFF_PAIR_BATCH
#define MLFF_PAIR_BATCH 4
#endif
MLFF_TUNABLE("4,8,16,32") constexpr int kTile = MLFF_TILE;           // atoms a block takes at most
MLFF_TUNABLE("1,2,4,8") constexpr int kPairBatch = MLFF_PAIR_BATCH;  // pairs a team works on at once
// The same where both sums over neighbours and sums over channels are held.
constexpr int kHeavyPairBatch = kFewRegisters && kPairBatch > 1 ? kPairBatch / 2 : kPairBatch;

// A compile-time count, for loops over a full batch of pairs or over one pair.
template <int N>
struct Count {
  static constexpr int value = N;
};

// Channels that a lane holds of C.
template <int C>
MLFF_DEVICE constexpr int slots() {
  return (C + kLanes - 1) / kLanes;
}

// Neighbouring channels of C that a lane takes at once, as MLFF_EACH_GROUP(c, f, C) does: channels f, f + 1, ... in
// slots c, c + 1, ...
template <int C>
struct alignas(group_size<C>() * sizeof(real) < 16 ? group_size<C>() * sizeof(real) : 16) Group {
  real value[group_size<C>()];
};
template <int C>
MLFF_DEVICE Group<C> group_at(const real* from) {
  return *(const Group<C>*)from;
}
template <int C>
MLFF_DEVICE void put_group(real* to, const Group<C>& group) {
  *(Group<C>*)to = group;
}
#define MLFF_EACH_OF_GROUP(u, C) MLFF_UNROLL for (int u = 0; u < group_size<(C)>(); ++u)
template <int C>
MLFF_DEVICE Group<C> group_of_slots(const real (&slot)[slots<C>()], int c) {
  Group<C> group;
  MLFF_EACH_OF_GROUP(u, C) group.value[u] = slot[c + u];
  return group;
}
template <int C>
MLFF_DEVICE void add_multiple(Group<C>& sum, real x, const Group<C>& group) {
  MLFF_EACH_OF_GROUP(u, C) sum.value[u] += x * group.value[u];
}

// Four numbers that are read at once.
struct alignas(16) Quad {
  real x, y, z, w;
};
// So many numbers, rounded up to whole quads.
MLFF_DEVICE constexpr int whole_quads(int numbers) { return (numbers + 3) / 4 * 4; }

// Index of an atom's row of `numbers` numbers.
MLFF_DEVICE size_t row_of(int atom, int numbers) { return (size_t)atom * (size_t)numbers; }

// x ** N by repeated squaring.
template <int N>
MLFF_DEVICE real power(real x) {
  if constexpr (N < 0) {
    return real(1) / power<-N>(x);
  } else if constexpr (N == 0) {
    return real(1);
  } else if constexpr (N % 2 == 1) {
    return x * power<N - 1>(x);
  } else {
    const real half = power<N / 2>(x);
    return half * half;
  }
}

MLFF_DEVICE real m_reciprocal(real x) { return real(1) / x; }
MLFF_DEVICE real m_sigmoid(real x) { return m_quotient(real(1), real(1) + m_exp(-x)); }
MLFF_DEVICE real m_silu(real x) { return m_quotient(x, real(1) + m_exp(-x)); }
MLFF_DEVICE real m_softplus(real x) {
  const real magnitude = x < real(0) ? -x : x;
  return (x > real(0) ? x : real(0)) + m_log1p(m_exp(-magnitude));
}
MLFF_DEVICE real m_power(real x, real exponent) { return m_exp(exponent * m_log(x)); }

// The interval of a uniform grid that a point lies in, in units of an interval; the outer ones reach beyond the grid.
MLFF_DEVICE int spline_interval(real at, int intervals) {
  const int interval = (int)at;
  return at < real(0) ? 0 : (interval > intervals - 1 ? intervals - 1 : interval);
}

// Cox-de Boor on uniform knots: the DEGREE + 1 basis values at t in an interval, and their derivatives in units of
// 1 / interval. Coefficient row + k belongs to value k.
template <int DEGREE>
MLFF_DEVICE void spline_basis(real t, real (&basis)[DEGREE + 1], real (&slope)[DEGREE + 1]) {
  basis[0] = real(1);
  MLFF_UNROLL
  for (int k = 1; k <= DEGREE; ++k) basis[k] = real(0);
  MLFF_UNROLL
  for (int d = 1; d <= DEGREE; ++d) {
    if (d == DEGREE) {
      MLFF_UNROLL
      for (int k = 0; k <= DEGREE; ++k) {
        slope[k] = (k > 0 ? basis[k > 0 ? k - 1 : 0] : real(0)) - (k < DEGREE ? basis[k] : real(0));
      }
    }
    MLFF_UNROLL
    for (int k = DEGREE; k >= 0; --k) {
      if (k <= d) {
        const real left = k > 0 ? (t + real(d - k)) * basis[k > 0 ? k - 1 : 0] : real(0);
        const real right = k < d ? (real(k + 1) - t) * basis[k] : real(0);
        basis[k] = (left + right) * (real(1) / real(d));
      }
    }
  }
}

// sum over k of weight[k] * table[k][C], from a channel on.
template <int DEGREE, int C>
MLFF_DEVICE Group<C> spline_sum(const real (&weight)[DEGREE + 1], const real* table) {
  Group<C> sum;
  const Group<C> first = group_at<C>(table);
  MLFF_EACH_OF_GROUP(u, C) sum.value[u] = weight[0] * first.value[u];
  MLFF_UNROLL
  for (int k = 1; k <= DEGREE; ++k) add_multiple<C>(sum, weight[k], group_at<C>(table + k * C));
  return sum;
}

// Rows times matrices on a GPU: out[rows][OUT] = in[rows][IN] weights[IN][OUT] + bias, or added to out.
//
// On tensor cores, in half precision: a number times a power of two is the sum of two halves to 2^-23 of it, and a
// product of two numbers is that of their halves without low * low, with float sums, so that the result is as good as
// float's. The powers of two bring the largest number of a row, and of a matrix, to 2^13 .. 2^14: nothing overflows,
// and what is below the smallest half is below 2^-37 of the largest number. Both sides are split before: the weights
// when they are uploaded (runtime/cuda_model/fragments.h), rows of tile arrays by split_rows.
template <int IN, int OUT>
MLFF_DEVICE constexpr bool on_tensor_cores() {
  return sizeof(real) == sizeof(float) && IN % 16 == 0 && OUT % 16 == 0;
}

// Rows whose neighbours swap neighbouring quads of quads, so that two rows are read from different banks.
template <int C>
MLFF_DEVICE int quads_swapped(int row) {
  return C % 32 == 0 ? row & 1 : 0;
}

// One row by a warp: each quad of numbers becomes their first halves, then their second ones. Returns the power of two
// that turns sums of products back.
template <int C>
MLFF_DEVICE float split_row(float* row, int swapped) {
  constexpr int kQuads = C / 4, kEach = (kQuads + 31) / 32;
  float4 quad[kEach];
  unsigned most = 0;
  MLFF_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int q = lane_of_warp() + 32 * n;
    quad[n] = q < kQuads ? *(const float4*)(row + 4 * q) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    const float high = fmaxf(fmaxf(fabsf(quad[n].x), fabsf(quad[n].y)), fmaxf(fabsf(quad[n].z), fabsf(quad[n].w)));
    most = most > __float_as_uint(high) ? most : __float_as_uint(high);
  }
  // The exponent's bits of the largest number; rows below 2^-87 keep some of their zeros.
  const unsigned exponent = __reduce_max_sync(0xffffffffu, most) >> 23, e = exponent > 40 ? exponent : 40;
  const float scale = __uint_as_float((267 - e) << 23);
  __syncwarp();
  MLFF_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int q = lane_of_warp() + 32 * n;
    const float x = quad[n].x * scale, y = quad[n].y * scale, z = quad[n].z * scale, w = quad[n].w * scale;
    const unsigned xy = halves_of(x, y), zw = halves_of(z, w);
    const float2 of_xy = numbers_of_halves(xy), of_zw = numbers_of_halves(zw);
    const uint4 split = {xy, zw, halves_of(x - of_xy.x, y - of_xy.y), halves_of(z - of_zw.x, w - of_zw.y)};
    if (q < kQuads) *(uint4*)(row + 4 * (q ^ 4 * swapped)) = split;
  }
  return __uint_as_float((e - 13) << 23);
}

// The rows of atom t in a tile array [kTile][ROWS][C], by its team, which wrote them, and in back[kTile][ROWS] what
// turns sums of products back.
template <int C, int ROWS>
MLFF_DEVICE void split_rows(real* array, real* back, int t) {
  if constexpr (sizeof(real) == sizeof(float)) {
    team_barrier();
    MLFF_UNROLL
    for (int n = warp(); n < ROWS; n += kWarps) {
      const int row = t * ROWS + n;
      const float scale = split_row<C>((float*)array + row * C, quads_swapped<C>(row));
      if (lane_of_warp() == 0) back[row] = scale;
    }
  }
}

constexpr int kStep = 256;  // numbers of a step of weights: 16 rows and 16 columns

// How the warps of a block share the product of ROWS rows an atom with COUNT matrices: some of the columns each, and
// parts of the rows if there are more warps than columns.
template <int IN, int OUT, int COUNT, int ROWS>
struct WarpShare {
  static constexpr int kTiles = (ROWS * kTile + 7) / 8;                                    // of 8 rows
  static constexpr int kColumns = OUT / 16 * COUNT, kAll = kBlock / 32, kSteps = IN / 16;  // columns of steps
  static constexpr int kMost = kColumns / kAll < kWeightSteps ? kColumns / kAll : kWeightSteps;
  static constexpr int kFit = 9 / kTiles;  // columns whose sums fit into registers
  static constexpr int kWide = kMost > 2 && kFit > 2 && kColumns % 3 == 0
                                   ? 3
                                   : (kMost > 1 && kFit > 1 && kColumns % 2 == 0 ? 2 : 1);
  static constexpr int kUnits = kColumns / kWide;
  static constexpr int kRowParts = kAll > kUnits ? kAll / kUnits : 1;
  static constexpr int kAtOnce = kAll / kRowParts;             // warps side by side
  static constexpr int kRows = 8 * (kTiles < 6 ? kTiles : 6);  // of a warp at a time
  MLFF_DEVICE constexpr int ahead() {                          // steps on their way
    int count = kWeightSteps > kWide ? kWeightSteps / kWide : 1;
    while (kSteps % count != 0) --count;
    return count;
  }
  MLFF_DEVICE int row_part() { return kRowParts > 1 ? warp_of_block() / kAtOnce : 0; }
  MLFF_DEVICE int first_unit() {
    const int unit = kRowParts > 1 ? warp_of_block() % kAtOnce : warp_of_block();
    return row_part() < kRowParts && unit < kUnits ? unit : kUnits;
  }
};

// Weights on their way from global memory, some steps ahead of the product and across the ends of products: `ring` has
// places for kWeightSteps steps of each warp, and each thread copies the numbers that it multiplies by itself. At the
// start of a product the first places hold its first steps, and their copies are the thread's last groups. Its later
// steps go to registers, past shared memory, whose pipe is the busiest.
struct Steps {
  const float* from;  // null: none
  int wide, stride;   // columns of steps, and numbers from one to the next
  int count;
};
MLFF_DEVICE Steps no_steps() { return {nullptr, 0, 0, 0}; }
template <int IN, int OUT, int COUNT, int ROWS>
MLFF_DEVICE Steps first_steps(const real* weights) {
  if constexpr (on_tensor_cores<IN, OUT>()) {
    using Share = WarpShare<IN, OUT, COUNT, ROWS>;
    const int unit = Share::first_unit();
    const float* const from = (const float*)weights + unit * Share::kWide * (IN * 16) + lane_of_warp() * 4;
    return {unit < Share::kUnits ? from : nullptr, Share::kWide, IN * 16, Share::ahead()};
  } else {
    return no_steps();
  }
}
MLFF_DEVICE float* own_places(real* ring) {
  return (float*)ring + warp_of_block() * (kWeightSteps * kStep) + lane_of_warp() * 4;
}
MLFF_DEVICE void fetch(float* place, const float* step) {
  copy_quad_ahead(place, step);
  copy_quad_ahead(place + kStep / 2, step + kStep / 2);
}
template <int WIDE>
MLFF_DEVICE void fetch_ahead(float* place, Steps steps) {
  MLFF_UNROLL
  for (int k = 0; k < kWeightSteps / WIDE; ++k) {
    if (k >= steps.count) break;
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      fetch(place + (k * WIDE + c) * kStep, steps.from + c * steps.stride + k * kStep);
    }
    end_group_of_copies();
  }
}
MLFF_DEVICE void fetch_ahead(real* ring, Steps steps) {
  float* const place = own_places(ring);
  if (!steps.from) return;
  if (steps.wide == 1) {
    fetch_ahead<1>(place, steps);
  } else if (steps.wide == 2) {
    fetch_ahead<2>(place, steps);
  } else {
    fetch_ahead<3>(place, steps);
  }
}

// 8 * TILES rows times 16 * WIDE columns by a warp, on tensor cores: the transpose, out' = weights' in'. The sum over k
// may be taken in any order: a lane takes what lies side by side in memory.
template <int TILES, int WIDE>
struct WarpProduct {
  float main_part[WIDE][TILES][4] = {}, cross_part[WIDE][TILES][4] = {};

  // A step's weights of a lane: first halves, and second ones.
  struct Weights {
    uint4 high[WIDE], low[WIDE];
  };
  static __device__ __forceinline__ Weights copied(const float* place) {
    Weights w;
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      w.high[c] = read_copied(place + c * kStep);
      w.low[c] = read_copied(place + c * kStep + kStep / 2);
    }
    return w;
  }
  static __device__ __forceinline__ Weights read(const float* step, int stride) {
    Weights w;
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      w.high[c] = read_once(step + c * stride);
      w.low[c] = read_once(step + c * stride + kStep / 2);
    }
    return w;
  }

  // 16 numbers of each row times a step. A tensor core cuts off what does not fit into a sum, towards zero, which over
  // a whole row can cost more than all other rounding. So it takes sums of 16 products of high halves only, and these
  // are added by arithmetic that rounds. Of the products with low halves, 2^-11 of those, it may keep the sum.
  __device__ __forceinline__ void step(const float* const (&rows)[TILES], int k, const Weights& w) {
    unsigned high[WIDE][4], low[WIDE][4];
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      high[c][0] = w.high[c].x, high[c][1] = w.high[c].y, high[c][2] = w.high[c].z, high[c][3] = w.high[c].w;
      low[c][0] = w.low[c].x, low[c][1] = w.low[c].y, low[c][2] = w.low[c].z, low[c][3] = w.low[c].w;
    }
    MLFF_UNROLL
    for (int m = 0; m < TILES; ++m) {
      const uint4 x = *(const uint4*)(rows[m] + k * 16);
      const unsigned x_high[2] = {x.x, x.y}, x_low[2] = {x.z, x.w};
      float part[WIDE][4] = {};
      MLFF_UNROLL
      for (int c = 0; c < WIDE; ++c) mma_halves(part[c], high[c], x_high);
      MLFF_UNROLL
      for (int c = 0; c < WIDE; ++c) mma_halves(cross_part[c][m], low[c], x_high);
      MLFF_UNROLL
      for (int c = 0; c < WIDE; ++c) mma_halves(cross_part[c][m], high[c], x_low);
      MLFF_UNROLL
      for (int c = 0; c < WIDE; ++c) {
        MLFF_UNROLL
        for (int n = 0; n < 4; ++n) main_part[c][m][n] += part[c][n];
      }
    }
  }

  // `back` turns sums back, a number for each row; `start` and `out` tell where columns c of the warp begin.
  template <int IN, int OUT, int AHEAD, class Start, class Out>
  __device__ __forceinline__ void run(int count, const float* in, const float* back, float back_of_weights, bool add,
                                      const Start& start, const Out& out, real* ring, const float* weights,
                                      Steps next) {
    const int g = lane_of_warp() / 4, t = lane_of_warp() % 4, swapped = quads_swapped<IN>(g);
    const float* rows[TILES];
    MLFF_UNROLL
    for (int m = 0; m < TILES; ++m) rows[m] = in + (m * 8 + g < count ? m * 8 + g : 0) * IN + 4 * t;
    float2 first[WIDE];
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) first[c] = start(c) ? *(const float2*)(start(c) + 2 * g) : make_float2(0.0f, 0.0f);
    // The first steps are in the ring, or on their way there; each of the others is on its way to registers while as
    // many in front of it are multiplied.
    constexpr int kSteps = IN / 16;
    constexpr int kDepth = WIDE > 2 && TILES == 1 ? 2 : AHEAD;  // as many as registers hold
    Weights later[kDepth];
    MLFF_UNROLL
    for (int j = 0; j < kDepth; ++j) {
      if (AHEAD + j < kSteps) later[j] = read(weights + (AHEAD + j) * kStep, IN * 16);
    }
    const float* const places = own_places(ring);
    wait_for_copies<0>();
    MLFF_UNROLL
    for (int k = 0; k < AHEAD; ++k) step(rows, k ^ swapped, copied(places + k * (WIDE * kStep)));
    if (kSteps == AHEAD) fetch_ahead(ring, next);
    _Pragma("unroll 1") for (int k0 = AHEAD; k0 < kSteps; k0 += kDepth) {
      if (k0 + kDepth >= kSteps) fetch_ahead(ring, next);
      MLFF_UNROLL
      for (int j = 0; j < kDepth; ++j) {
        const Weights w = later[j];
        const int k = k0 + j;
        if ((kSteps - AHEAD) % kDepth != 0 && k >= kSteps) break;
        if (k + kDepth < kSteps) later[j] = read(weights + (k + kDepth) * kStep, IN * 16);
        step(rows, k ^ swapped, w);
      }
    }
    MLFF_UNROLL
    for (int m = 0; m < TILES; ++m) {
      MLFF_UNROLL
      for (int odd = 0; odd < 2; ++odd) {
        const int row = m * 8 + 2 * t + odd;
        if (row >= count) continue;
        const float scale = back[row] * back_of_weights;
        MLFF_UNROLL
        for (int c = 0; c < WIDE; ++c) {
          float2* const to = (float2*)(out(c) + row * OUT + 2 * g);
          float2 sum = add ? *to : first[c];
          sum.x += (main_part[c][m][odd] + cross_part[c][m][odd]) * scale;
          sum.y += (main_part[c][m][2 + odd] + cross_part[c][m][2 + odd]) * scale;
          *to = sum;
        }
      }
    }
  }
};

template <int IN, int OUT, int COUNT, int ROWS>
MLFF_DEVICE void product_by_tensor_cores(int rows, const float* in, const float* back, const float* weights,
                                         float back_of_weights, const float* bias, bool add, real* ring, Steps next,
                                         float* out, float* out_1, float* out_2) {
  using Share = WarpShare<IN, OUT, COUNT, ROWS>;
  constexpr int kWide = Share::kWide, kAhead = Share::ahead();
  assume_shared(in);
  assume_shared(back);
  const int part = (rows + 8 * Share::kRowParts - 1) / (8 * Share::kRowParts) * 8;
  const int first = Share::row_part() * part;
  const int last = first + part < rows ? first + part : rows;
  const Steps begin = first_steps<IN, OUT, COUNT, ROWS>(weights);
  if (!begin.from || first >= last) {
    wait_for_copies<0>();  // of steps that this warp has no rows for
    fetch_ahead(ring, next);
    return;
  }
  const auto product = [&](int row, int unit, const float* from, Steps after) {
    const auto run = [&](auto tiles) {
      const auto start = [&](int c) { return bias ? bias + (unit * kWide + c) * 16 : nullptr; };
      const auto target = [&](int c) {
        const int column = unit * kWide + c, matrix = column / (OUT / 16);
        float* const to = matrix == 0 ? out : (matrix == 1 ? out_1 : out_2);
        return to + row * OUT + column % (OUT / 16) * 16;
      };
      WarpProduct<decltype(tiles)::value, kWide>().template run<IN, OUT, kAhead>(
          last - row, in + row * IN, back + row, back_of_weights, add, start, target, ring, from, after);
    };
    // Each form of a product costs time to compile.
    if (last - row <= 8) {
      run(Count<1>());
    } else if (Share::kRows > 24 && last - row <= 24) {
      run(Count<(Share::kRows > 24) ? 3 : 1>());
    } else {
      run(Count<Share::kRows / 8>());
    }
  };
  if constexpr (Share::kUnits <= Share::kAtOnce && ROWS * kTile <= Share::kRows) {
    product(first, Share::first_unit(), begin.from, next);
  } else {
    for (int row = first; row < last; row += Share::kRows) {
      Steps own = begin;
      for (int unit = Share::first_unit(); unit < Share::kUnits; unit += Share::kAtOnce) {
        const bool last_unit = unit + Share::kAtOnce >= Share::kUnits;
        Steps after = last_unit ? (row + Share::kRows >= last ? next : begin) : own;
        if (!last_unit) after.from += Share::kAtOnce * kWide * (IN * 16);
        product(row, unit, own.from, after);
        own = after;
      }
    }
  }
}

// By `count` threads of which this is number `index`: each takes a column of a few rows.
template <int IN, int OUT>
MLFF_DEVICE void product_by_threads(int index, int count, int rows, const real* in, const real* MLFF_RESTRICT weights,
                                    real* out, const real* MLFF_RESTRICT bias, bool add) {
  constexpr int kRows = 4;
  const int blocks = (rows + kRows - 1) / kRows;
  for (int unit = index; unit < blocks * OUT; unit += count) {
    const int n = unit % OUT;
    const int r0 = unit / OUT * kRows;
    real sum[kRows];
    MLFF_UNROLL
    for (int r = 0; r < kRows; ++r) {
      sum[r] = add ? (r0 + r < rows ? out[(r0 + r) * OUT + n] : real(0)) : (bias ? bias[n] : real(0));
    }
    for (int k = 0; k < IN; ++k) {
      const real w = weights[k * OUT + n];
      MLFF_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r] += (r0 + r < rows ? in[(r0 + r) * IN + k] : real(0)) * w;
    }
    MLFF_UNROLL
    for (int r = 0; r < kRows; ++r) {
      if (r0 + r < rows) out[(r0 + r) * OUT + n] = sum[r];
    }
  }
}

// Few columns: a warp takes the dot product of a row and a column.
template <int IN, int OUT>
MLFF_DEVICE void product_by_rows(int rows, const real* in, const real* MLFF_RESTRICT weights, real* out,
                                 const real* MLFF_RESTRICT bias, bool add) {
  for (int unit = warp_of_block(); unit < rows * OUT; unit += kBlock / 32) {
    const int r = unit / OUT, n = unit % OUT;
    real sum = real(0);
    for (int k = lane_of_warp(); k < IN; k += 32) sum += in[r * IN + k] * weights[k * OUT + n];
    MLFF_UNROLL
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (lane_of_warp() == 0) out[r * OUT + n] = sum + (add ? out[r * OUT + n] : (bias ? bias[n] : real(0)));
  }
}

// Rows times COUNT matrices, which lie one behind another, as do their biases, by the whole block. Not inlined: a model
// has dozens of products of a few shapes. At most ROWS rows for each atom of a tile; on tensor cores those that
// split_rows has split, and `weights` holds 1 / back_of_weights times the weights. `ring` holds the first steps of the
// weights; afterwards those called next.
template <int IN, int OUT, int COUNT, int ROWS>
static __device__ __noinline__ void linear_tile(int rows, const real* in, const real* back, const real* weights,
                                                real back_of_weights, const real* bias, bool add, real* ring,
                                                Steps next, real* out, real* out_1 = nullptr, real* out_2 = nullptr) {
  if constexpr (on_tensor_cores<IN, OUT>()) {
    product_by_tensor_cores<IN, OUT, COUNT, ROWS>(rows, in, back, weights, back_of_weights, bias, add, ring, next, out,
                                                  out_1, out_2);
  } else {
    fetch_ahead(ring, next);
    MLFF_UNROLL
    for (int k = 0; k < COUNT; ++k) {
      const real* const w = weights + k * IN * OUT;
      const real* const b = bias ? bias + k * OUT : nullptr;
      real* const to = k == 0 ? out : (k == 1 ? out_1 : out_2);
      if constexpr (OUT < 8 && IN >= 32) {
        product_by_rows<IN, OUT>(rows, in, w, to, b, add);
      } else {
        product_by_threads<IN, OUT>((int)threadIdx.x, kBlock, rows, in, w, to, b, add);
      }
    }
  }
}

// The same for the pairs of a team.
template <int IN, int OUT>
MLFF_DEVICE void linear_team(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  product_by_threads<IN, OUT>(lane(), kLanes, rows, in, weights, out, bias, add);
}

