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
