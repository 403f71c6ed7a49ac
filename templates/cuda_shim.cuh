// The lane-generic names on a GPU: a team is kLanes threads of a block.

#ifndef __CUDACC_RTC__
typedef unsigned long size_t;
#endif

#if defined(__clang__) && defined(MLFF_PARSE)
// The manifest sees the tunables, and the size of shared memory that a launch must ask for.
#define MLFF_TUNABLE(choices) __attribute__((annotate("mlffgen.tunable:" choices)))
#define MLFF_SHARED(name, count) __shared__ __align__(16) real name[count]
#else
#define MLFF_TUNABLE(choices)
#define MLFF_SHARED(name, count) extern __shared__ __align__(16) real name[]
#endif
#define MLFF_DEVICE static __device__ __forceinline__
#define MLFF_RESTRICT __restrict__
#define MLFF_UNROLL _Pragma("unroll")
#define MLFF_KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(kBlock, kMinBlocks) name(__VA_ARGS__)
#define MLFF_EACH_CHANNEL(c, f, C) \
  MLFF_UNROLL for (int c = 0; c < slots<(C)>(); ++c) if (const int f = lane() + c * kLanes; slots<(C)>() * kLanes == (C) || f < (C))
#define MLFF_EACH_ATOM(t, rows) for (int t = team(); t < (rows); t += kTeams)
#define block_index() ((int)blockIdx.x)

#ifndef MLFF_LANES
#define MLFF_LANES 128
#endif
#ifndef MLFF_TEAMS
#define MLFF_TEAMS 2
#endif
#ifndef MLFF_MIN_BLOCKS
#define MLFF_MIN_BLOCKS 1
#endif
MLFF_TUNABLE("32,64,128,256") constexpr int kLanes = MLFF_LANES;   // threads that serve one atom
MLFF_TUNABLE("1,2,4,8") constexpr int kTeams = MLFF_TEAMS;         // teams of a block
MLFF_TUNABLE("1,2,3,4") constexpr int kMinBlocks = MLFF_MIN_BLOCKS;  // blocks that must fit on one multiprocessor
constexpr int kBlock = kLanes * kTeams;
constexpr int kWarps = kLanes / 32;  // of a team
constexpr int kMaxTeamSum = 64;      // numbers that one team_sum takes
constexpr int kTeamScratch = kWarps > 1 ? kWarps * kMaxTeamSum : 0;

MLFF_DEVICE int lane() { return (int)threadIdx.x % kLanes; }
MLFF_DEVICE int team() { return (int)threadIdx.x / kLanes; }
MLFF_DEVICE void block_barrier() { __syncthreads(); }
MLFF_DEVICE void team_barrier() {
  if constexpr (kLanes == 32) {
    __syncwarp();
  } else {
    asm volatile("bar.sync %0, %1;" ::"r"(team() + 1), "n"(kLanes) : "memory");
  }
}

// The sums over the lanes of a team, in every lane.
template <int N>
MLFF_DEVICE void team_sum(real (&value)[N], real* scratch) {
  static_assert(N <= kMaxTeamSum, "team_sum takes at most kMaxTeamSum numbers");
  MLFF_UNROLL
  for (int n = 0; n < N; ++n) {
    MLFF_UNROLL
    for (int offset = 16; offset > 0; offset /= 2) value[n] += __shfl_xor_sync(0xffffffffu, value[n], offset);
  }
  if constexpr (kWarps > 1) {
    team_barrier();
    if (lane() % 32 == 0) {
      MLFF_UNROLL
      for (int n = 0; n < N; ++n) scratch[(lane() / 32) * N + n] = value[n];
    }
    team_barrier();
    MLFF_UNROLL
    for (int n = 0; n < N; ++n) {
      real sum = scratch[n];
      MLFF_UNROLL
      for (int w = 1; w < kWarps; ++w) sum += scratch[w * N + n];
      value[n] = sum;
    }
  }
}

MLFF_DEVICE float m_exp(float x) { return expf(x); }
MLFF_DEVICE double m_exp(double x) { return exp(x); }
MLFF_DEVICE float m_log(float x) { return logf(x); }
MLFF_DEVICE double m_log(double x) { return log(x); }
MLFF_DEVICE float m_log1p(float x) { return log1pf(x); }
MLFF_DEVICE double m_log1p(double x) { return log1p(x); }
MLFF_DEVICE float m_sin(float x) { return sinf(x); }
MLFF_DEVICE double m_sin(double x) { return sin(x); }
MLFF_DEVICE float m_cos(float x) { return cosf(x); }
MLFF_DEVICE double m_cos(double x) { return cos(x); }
MLFF_DEVICE float m_tanh(float x) { return tanhf(x); }
MLFF_DEVICE double m_tanh(double x) { return tanh(x); }
MLFF_DEVICE float m_sqrt(float x) { return sqrtf(x); }
MLFF_DEVICE double m_sqrt(double x) { return sqrt(x); }
// Zero at zero, so that the gradient of a norm is zero there.
MLFF_DEVICE real m_rsqrt(real x) { return x == real(0) ? real(0) : real(1) / m_sqrt(x); }

// Rows times a matrix by `count` threads of which this is number `index`: each takes a column of a few rows.
template <int IN, int OUT>
MLFF_DEVICE void linear_threads(int index, int count, int rows, const real* in, const real* MLFF_RESTRICT weights, real* out,
                                const real* MLFF_RESTRICT bias, bool add) {
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

// Rows times a matrix: out[rows][OUT] = in[rows][IN] weights[IN][OUT] + bias, or added to out; by the whole block.
template <int IN, int OUT>
MLFF_DEVICE void linear_tile(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  linear_threads<IN, OUT>((int)threadIdx.x, kBlock, rows, in, weights, out, bias, add);
}

// The same for the pairs of a team.
template <int IN, int OUT>
MLFF_DEVICE void linear_team(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  linear_threads<IN, OUT>(lane(), kLanes, rows, in, weights, out, bias, add);
}
