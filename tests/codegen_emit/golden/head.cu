using real = float;

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
#define MLFF_KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(kBlock, kMinBlocks) name(__VA_ARGS__)
#define MLFF_EACH_CHANNEL(c, f, C)                                                          \
  MLFF_UNROLL for (int c = 0; c < slots<(C)>(); ++c) if (const int f = lane() + c * kLanes; \
                                                         slots<(C)>() * kLanes == (C) || f < (C))
#define MLFF_EACH_PAIR(e, count) for (int e = lane(); e < (count); e += kLanes)
#define MLFF_EACH_PAIR_CHANNEL(e, f, count, C)                        \
  for (int mlff_k = lane(); mlff_k < (count) * (C); mlff_k += kLanes) \
    if (const int e = mlff_k / (C), f = mlff_k % (C); true)
#define MLFF_EACH_ATOM(t, rows) for (int t = team(); t < (rows); t += kTeams)
#define block_index() ((int)blockIdx.x)

#ifndef MLFF_LANES
#define MLFF_LANES 64
#endif
#ifndef MLFF_TEAMS
#define MLFF_TEAMS 4
#endif
#ifndef MLFF_MIN_BLOCKS
#define MLFF_MIN_BLOCKS 1
#endif
#ifndef MLFF_PAIR_CHUNK
#define MLFF_PAIR_CHUNK 32
#endif
MLFF_TUNABLE("32,64,128,256") constexpr int kLanes = MLFF_LANES;      // threads that serve one atom
MLFF_TUNABLE("1,2,4,8") constexpr int kTeams = MLFF_TEAMS;            // teams of a block
MLFF_TUNABLE("1,2,3,4") constexpr int kMinBlocks = MLFF_MIN_BLOCKS;   // blocks that must fit on one multiprocessor
MLFF_TUNABLE("16,32,64") constexpr int kPairChunk = MLFF_PAIR_CHUNK;  // pairs whose records a team holds
constexpr int kBlock = kLanes * kTeams;
constexpr int kWarps = kLanes / 32;  // of a team
constexpr int kTeamScratch = kWarps > 1 ? kWarps * 32 : 0;

MLFF_DEVICE int lane() { return (int)threadIdx.x % kLanes; }
MLFF_DEVICE int team() { return (int)threadIdx.x / kLanes; }
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
    const bool upper = N > 1 && lane() % LANES >= LANES / 2;
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
  const int n = lane() % 32 / lanes_of_sum<kCount>();
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
// Zero at zero, so that the gradient of a norm is zero there.
MLFF_DEVICE real m_rsqrt(real x) { return x == real(0) ? real(0) : real(1) / m_sqrt(x); }

// Rows times a matrix on a GPU: out[rows][OUT] = in[rows][IN] weights[IN][OUT] + bias, or added to out.

// A number as the sum of two that fit TF32 (11 significant bits), to 2^-22 of it: the first is cut off, the second
// rounded.
struct SplitNumber {
  unsigned high, low;
};
MLFF_DEVICE SplitNumber split(float x) {
  const unsigned high = __float_as_uint(x) & 0xffffe000u;
  return {high, __float_as_uint(x - __uint_as_float(high)) + 0x1000u};
}

// 8 * TILES rows times 16 columns by a warp, on tensor cores: the transpose, out' = weights' in'. Each product of two
// numbers is that of their splits without low * low, so that the result is as good as float's ("3xTF32").
//
// The sum over k and the columns may be taken in any order: with g = lane / 4 and t = lane % 4, a lane takes
// k = 4 t .. 4 t + 3 of 16, the columns 2 g and 2 g + 1, which lie side by side in memory, and the rows g of eight.
template <int IN, int OUT, int TILES>
MLFF_DEVICE void product_of_warp(int rows, const float* in, const float* MLFF_RESTRICT weights, float* out,
                                 const float* MLFF_RESTRICT bias, bool add) {
  const int g = (int)threadIdx.x % 32 / 4, t = (int)threadIdx.x % 4;
  float* const mine = out + 2 * t * OUT + 2 * g;  // rows 2 t and 2 t + 1 of each tile
  // Few tiles leave a tensor core waiting for its own sums: they get more sums, which are added at the end.
  constexpr int kChains = TILES <= 2 ? 2 : 1;
  float main_part[kChains][TILES][4] = {}, cross_part[kChains][TILES][4] = {};
  const float2 start = bias ? *(const float2*)(bias + 2 * g) : make_float2(0.0f, 0.0f);
  MLFF_UNROLL
  for (int m = 0; m < TILES; ++m) {
    MLFF_UNROLL
    for (int odd = 0; odd < 2; ++odd) {
      float2 value = start;
      if (add && m * 8 + 2 * t + odd < rows) value = *(const float2*)(mine + (m * 8 + odd) * OUT);
      main_part[0][m][odd] = value.x;
      main_part[0][m][2 + odd] = value.y;
    }
  }
  _Pragma("unroll (TILES > 2 ? 4 : 8)") for (int k = 0; k < IN; k += 16) {
    unsigned w_high[2][4], w_low[2][4];
    MLFF_UNROLL
    for (int c = 0; c < 4; ++c) {
      const float2 w = *(const float2*)(weights + (k + 4 * t + c) * OUT + 2 * g);
      const SplitNumber x = split(w.x), y = split(w.y);
      w_high[c / 2][c % 2 * 2] = x.high;
      w_high[c / 2][c % 2 * 2 + 1] = y.high;
      w_low[c / 2][c % 2 * 2] = x.low;
      w_low[c / 2][c % 2 * 2 + 1] = y.low;
    }
    MLFF_UNROLL
    for (int m = 0; m < TILES; ++m) {
      const int row = m * 8 + g < rows ? m * 8 + g : rows - 1;
      const float4 x = *(const float4*)(in + row * IN + k + 4 * t);
      const SplitNumber x0 = split(x.x), x1 = split(x.y), x2 = split(x.z), x3 = split(x.w);
      const unsigned x_high[2][2] = {{x0.high, x1.high}, {x2.high, x3.high}};
      const unsigned x_low[2][2] = {{x0.low, x1.low}, {x2.low, x3.low}};
      MLFF_UNROLL
      for (int s = 0; s < 2; ++s) {
        mma_tf32(cross_part[s % kChains][m], w_low[s], x_high[s]);
        mma_tf32(main_part[s % kChains][m], w_high[s], x_high[s]);
        mma_tf32(cross_part[s % kChains][m], w_high[s], x_low[s]);
      }
    }
  }
  MLFF_UNROLL
  for (int m = 0; m < TILES; ++m) {
    float sum[4];
    MLFF_UNROLL
    for (int c = 0; c < 4; ++c) {
      sum[c] = main_part[0][m][c] + cross_part[0][m][c];
      if (kChains > 1) sum[c] += main_part[kChains - 1][m][c] + cross_part[kChains - 1][m][c];
    }
    MLFF_UNROLL
    for (int odd = 0; odd < 2; ++odd) {
      if (m * 8 + 2 * t + odd < rows) {
        *(float2*)(mine + (m * 8 + odd) * OUT) = make_float2(sum[odd], sum[2 + odd]);
      }
    }
  }
}

template <int IN, int OUT>
MLFF_DEVICE void product_by_tensor_cores(int rows, const float* in, const float* weights, float* out, const float* bias,
                                         bool add) {
  constexpr int kWarpsOfBlock = kBlock / 32, kColumns = OUT / 16;
  constexpr int kRowParts = kWarpsOfBlock > kColumns ? kWarpsOfBlock / kColumns : 1;  // warps that share columns
  const int warp = (int)threadIdx.x / 32;
  const int part = (rows + 8 * kRowParts - 1) / (8 * kRowParts) * 8;
  const int first = warp / (kWarpsOfBlock / kRowParts) * part;
  const int last = first + part < rows ? first + part : rows;
  for (int n = warp % (kWarpsOfBlock / kRowParts) * 16; n < OUT; n += kWarpsOfBlock / kRowParts * 16) {
    const float* const b = bias ? bias + n : nullptr;
    for (int row = first; row < last; row += 48) {
      const float* const x = in + row * IN;
      float* const y = out + row * OUT + n;
      if (last - row <= 8) {
        product_of_warp<IN, OUT, 1>(last - row, x, weights + n, y, b, add);
      } else if (last - row <= 16) {
        product_of_warp<IN, OUT, 2>(last - row, x, weights + n, y, b, add);
      } else if (last - row <= 24) {
        product_of_warp<IN, OUT, 3>(last - row, x, weights + n, y, b, add);
      } else {
        product_of_warp<IN, OUT, 6>(last - row, x, weights + n, y, b, add);
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
  for (int unit = (int)threadIdx.x / 32; unit < rows * OUT; unit += kBlock / 32) {
    const int r = unit / OUT, n = unit % OUT;
    real sum = real(0);
    for (int k = (int)threadIdx.x % 32; k < IN; k += 32) sum += in[r * IN + k] * weights[k * OUT + n];
    MLFF_UNROLL
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (threadIdx.x % 32 == 0) out[r * OUT + n] = sum + (add ? out[r * OUT + n] : (bias ? bias[n] : real(0)));
  }
}

// By the whole block. Not inlined: a model has dozens of products of a few shapes.
template <int IN, int OUT>
static __device__ __noinline__ void linear_tile(int rows, const real* in, const real* weights, real* out,
                                                const real* bias, bool add) {
  if constexpr (sizeof(real) == sizeof(float) && IN % 16 == 0 && OUT % 16 == 0) {
    product_by_tensor_cores<IN, OUT>(rows, in, weights, out, bias, add);
  } else if constexpr (OUT < 8 && IN >= 32) {
    product_by_rows<IN, OUT>(rows, in, weights, out, bias, add);
  } else {
    product_by_threads<IN, OUT>((int)threadIdx.x, kBlock, rows, in, weights, out, bias, add);
  }
}

// The same for the pairs of a team.
template <int IN, int OUT>
MLFF_DEVICE void linear_team(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  product_by_threads<IN, OUT>(lane(), kLanes, rows, in, weights, out, bias, add);
}

// What both targets share. `real` is float or double, by the model's precision.

#ifndef MLFF_TILE
#define MLFF_TILE 16
#endif
#ifndef MLFF_PAIR_BATCH
#define MLFF_PAIR_BATCH 4
#endif
MLFF_TUNABLE("4,8,16,32") constexpr int kTile = MLFF_TILE;           // atoms a block takes at most
MLFF_TUNABLE("1,2,4,8") constexpr int kPairBatch = MLFF_PAIR_BATCH;  // pairs a team works on at once

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
MLFF_DEVICE real m_sigmoid(real x) { return real(1) / (real(1) + m_exp(-x)); }
MLFF_DEVICE real m_silu(real x) { return x / (real(1) + m_exp(-x)); }
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

// sum over k of weight[k] * table[k * stride].
template <int DEGREE>
MLFF_DEVICE real spline_sum(const real (&weight)[DEGREE + 1], const real* table, int stride) {
  real sum = weight[0] * table[0];
  MLFF_UNROLL
  for (int k = 1; k <= DEGREE; ++k) sum += weight[k] * table[k * stride];
  return sum;
}

