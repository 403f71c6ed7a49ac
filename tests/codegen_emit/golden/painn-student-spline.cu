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

MLFF_KERNEL(phase_0, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2,
            real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 24;  // of tile arrays, an atom
  constexpr int kSumNumbers = 0;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair of a batch
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const tile = shared;
  [[maybe_unused]] Record* const record = (Record*)(shared + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a6[slots<8>()] = {};
    real a9x[slots<8>()] = {};
    real a9y[slots<8>()] = {};
    real a9z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, 128);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v3 = spline_sum<5>(p.basis, c0 + p.row * 8 + f, 8);
            const real v4 = c1[row_of(element[p.j], 8) + f];
            const real v5 = v3 * v4;
            const real v7 = spline_sum<5>(p.basis, c2 + p.row * 8 + f, 8);
            const real v8x = p.ux * v7;
            const real v8y = p.uy * v7;
            const real v8z = p.uz * v7;
            a6[c] += v5;
            a9x[c] += v8x;
            a9y[c] += v8y;
            a9z[c] += v8z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a6[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      b0[row_of(i, 24) + f] = a9x[c];
      b0[row_of(i, 24) + 8 + f] = a9y[c];
      b0[row_of(i, 24) + 16 + f] = a9z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c1[row_of(element[i], 8) + f];
      const real v6 = tile[0 * kTile + t * 8 + f];
      const real v10 = v0 + v6;
      const real v9x = b0[row_of(i, 24) + f];
      const real v9y = b0[row_of(i, 24) + 8 + f];
      const real v9z = b0[row_of(i, 24) + 16 + f];
      const real v11 = v9x * v9x + v9y * v9y + v9z * v9z;
      const real v12 = m_sqrt(v11);
      tile[8 * kTile + t * 8 + f] = v10;
      tile[16 * kTile + t * 8 + f] = v12;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 8 * kTile, c4, tile + 0 * kTile, c3, false);
  linear_tile<8, 8>(rows, tile + 16 * kTile, c5, tile + 0 * kTile, nullptr, true);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v13 = tile[0 * kTile + t * 8 + f];
      const real v14 = m_silu(v13);
      const real v97 = m_sigmoid(v13);
      const real v98 = -v97;
      const real v99 = 1.0f + v98;
      const real v100 = v13 * v99;
      const real v101 = 1.0f + v100;
      const real v102 = v97 * v101;
      tile[16 * kTile + t * 8 + f] = v14;
      b5[row_of(i, 8) + f] = v102;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 16 * kTile, c7, b1 + row_of(first, 8), c6, false);
  linear_tile<8, 8>(rows, tile + 16 * kTile, c9, b2 + row_of(first, 8), c8, false);
  linear_tile<8, 8>(rows, tile + 16 * kTile, c11, tile + 0 * kTile, c10, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v10 = tile[8 * kTile + t * 8 + f];
      const real v17 = tile[0 * kTile + t * 8 + f];
      const real v18 = v10 + v17;
      const real v9x = b0[row_of(i, 24) + f];
      const real v9y = b0[row_of(i, 24) + 8 + f];
      const real v9z = b0[row_of(i, 24) + 16 + f];
      const real v15 = b1[row_of(i, 8) + f];
      const real v19x = v9x * v15;
      const real v19y = v9y * v15;
      const real v19z = v9z * v15;
      const real v16 = b2[row_of(i, 8) + f];
      const real v20x = 0.484821283f * v9x + 0.204203539f * v9y + 0.654162232f * v9z;
      const real v20y = (-0.248573005f) * v9x + 0.365251871f * v9y + (-0.879563111f) * v9z;
      const real v20z = (-0.413928028f) * v9x + 0.790083147f * v9y + 0.165228596f * v9z;
      const real v21x = v16 * v20x;
      const real v21y = v16 * v20y;
      const real v21z = v16 * v20z;
      const real v22x = v19x + v21x;
      const real v22y = v19y + v21y;
      const real v22z = v19z + v21z;
      b3[row_of(i, 8) + f] = v18;
      b4[row_of(i, 24) + f] = v22x;
      b4[row_of(i, 24) + 8 + f] = v22y;
      b4[row_of(i, 24) + 16 + f] = v22z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT c28,
            const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 64;  // of tile arrays, an atom
  constexpr int kSumNumbers = 0;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair of a batch
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const tile = shared;
  [[maybe_unused]] Record* const record = (Record*)(shared + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a27[slots<8>()] = {};
    real a33x[slots<8>()] = {};
    real a33y[slots<8>()] = {};
    real a33z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, 128);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v23 = spline_sum<5>(p.basis, c12 + p.row * 8 + f, 8);
            const real v25 = b3[row_of(p.j, 8) + f];
            const real v26 = v23 * v25;
            const real v24 = spline_sum<5>(p.basis, c13 + p.row * 8 + f, 8);
            const real v28x = b4[row_of(p.j, 24) + f];
            const real v28y = b4[row_of(p.j, 24) + 8 + f];
            const real v28z = b4[row_of(p.j, 24) + 16 + f];
            const real v29x = v24 * v28x;
            const real v29y = v24 * v28y;
            const real v29z = v24 * v28z;
            const real v30 = spline_sum<5>(p.basis, c14 + p.row * 8 + f, 8);
            const real v31x = p.ux * v30;
            const real v31y = p.uy * v30;
            const real v31z = p.uz * v30;
            const real v32x = v29x + v31x;
            const real v32y = v29y + v31y;
            const real v32z = v29z + v31z;
            a27[c] += v26;
            a33x[c] += v32x;
            a33y[c] += v32y;
            a33z[c] += v32z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a27[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a33x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a33y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a33z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v18 = b3[row_of(i, 8) + f];
      const real v27 = tile[0 * kTile + t * 8 + f];
      const real v35 = v18 + v27;
      const real v22x = b4[row_of(i, 24) + f];
      const real v22y = b4[row_of(i, 24) + 8 + f];
      const real v22z = b4[row_of(i, 24) + 16 + f];
      const real v33x = tile[8 * kTile + t * 24 + f];
      const real v33y = tile[8 * kTile + t * 24 + 8 + f];
      const real v33z = tile[8 * kTile + t * 24 + 16 + f];
      const real v34x = v22x + v33x;
      const real v34y = v22y + v33y;
      const real v34z = v22z + v33z;
      const real v36 = v34x * v34x + v34y * v34y + v34z * v34z;
      const real v37 = m_sqrt(v36);
      tile[32 * kTile + t * 8 + f] = v35;
      tile[40 * kTile + t * 8 + f] = v36;
      tile[48 * kTile + t * 8 + f] = v37;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 32 * kTile, c16, tile + 0 * kTile, c15, false);
  linear_tile<8, 8>(rows, tile + 48 * kTile, c17, tile + 0 * kTile, nullptr, true);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v38 = tile[0 * kTile + t * 8 + f];
      const real v39 = m_silu(v38);
      tile[48 * kTile + t * 8 + f] = v39;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 48 * kTile, c19, tile + 56 * kTile, c18, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v35 = tile[32 * kTile + t * 8 + f];
      const real v40 = tile[56 * kTile + t * 8 + f];
      const real v41 = v35 + v40;
      tile[48 * kTile + t * 8 + f] = v41;
    }
  }
  block_barrier();
  linear_tile<8, 6>(rows, tile + 48 * kTile, c21, tile + 32 * kTile, c20, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 6) {
      const real v42 = tile[32 * kTile + t * 6 + f];
      const real v43 = m_silu(v42);
      tile[48 * kTile + t * 6 + f] = v43;
    }
  }
  block_barrier();
  linear_tile<6, 4>(rows, tile + 48 * kTile, c23, tile + 54 * kTile, c22, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 4) {
      const real v44 = tile[54 * kTile + t * 4 + f];
      const real v45 = m_silu(v44);
      const real v49 = c24[f];
      const real v50 = m_sigmoid(v44);
      const real v51 = -v50;
      const real v52 = 1.0f + v51;
      const real v53 = v44 * v52;
      const real v54 = 1.0f + v53;
      const real v55 = v50 * v54;
      const real v56 = v49 * v55;
      tile[48 * kTile + t * 4 + f] = v45;
      tile[58 * kTile + t * 4 + f] = v56;
    }
  }
  block_barrier();
  linear_tile<4, 1>(rows, tile + 48 * kTile, c25, tile + 38 * kTile, nullptr, false);
  linear_tile<4, 6>(rows, tile + 58 * kTile, c26, tile + 52 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 6) {
      const real v57 = tile[52 * kTile + t * 6 + f];
      const real v42 = tile[32 * kTile + t * 6 + f];
      const real v58 = m_sigmoid(v42);
      const real v59 = -v58;
      const real v60 = 1.0f + v59;
      const real v61 = v42 * v60;
      const real v62 = 1.0f + v61;
      const real v63 = v58 * v62;
      const real v64 = v57 * v63;
      tile[58 * kTile + t * 6 + f] = v64;
    }
    MLFF_EACH_CHANNEL(c, f, 1) {
      const real v46 = tile[38 * kTile + t * 1];
      atom_energy[i] = v46;
    }
  }
  block_barrier();
  linear_tile<6, 8>(rows, tile + 58 * kTile, c27, tile + 32 * kTile, nullptr, false);
  block_barrier();
  linear_tile<8, 8>(rows, tile + 32 * kTile, c28, tile + 48 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v66 = tile[48 * kTile + t * 8 + f];
      const real v38 = tile[0 * kTile + t * 8 + f];
      const real v67 = m_sigmoid(v38);
      const real v68 = -v67;
      const real v69 = 1.0f + v68;
      const real v70 = v38 * v69;
      const real v71 = 1.0f + v70;
      const real v72 = v67 * v71;
      const real v73 = v66 * v72;
      tile[56 * kTile + t * 8 + f] = v73;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 56 * kTile, c29, tile + 0 * kTile, nullptr, false);
  linear_tile<8, 8>(rows, tile + 56 * kTile, c30, tile + 48 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v65 = tile[32 * kTile + t * 8 + f];
      const real v74 = tile[0 * kTile + t * 8 + f];
      const real v75 = v65 + v74;
      const real v22x = b4[row_of(i, 24) + f];
      const real v22y = b4[row_of(i, 24) + 8 + f];
      const real v22z = b4[row_of(i, 24) + 16 + f];
      const real v33x = tile[8 * kTile + t * 24 + f];
      const real v33y = tile[8 * kTile + t * 24 + 8 + f];
      const real v33z = tile[8 * kTile + t * 24 + 16 + f];
      const real v34x = v22x + v33x;
      const real v34y = v22y + v33y;
      const real v34z = v22z + v33z;
      const real v76 = tile[48 * kTile + t * 8 + f];
      const real v36 = tile[40 * kTile + t * 8 + f];
      const real v77 = m_rsqrt(v36);
      const real v79 = v77 * 0.5f;
      const real v80 = v76 * v79;
      const real v81x = v34x * v80;
      const real v81y = v34y * v80;
      const real v81z = v34z * v80;
      const real v82x = v81x + v81x;
      const real v82y = v81y + v81y;
      const real v82z = v81z + v81z;
      b6[row_of(i, 8) + f] = v75;
      b7[row_of(i, 24) + f] = v82x;
      b7[row_of(i, 24) + 8 + f] = v82y;
      b7[row_of(i, 24) + 16 + f] = v82z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_2, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c31, const real* MLFF_RESTRICT c32,
            const real* MLFF_RESTRICT c33, const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35,
            const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2,
            const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8,
            real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 56;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair of a batch
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const tile = shared;
  [[maybe_unused]] Record* const record = (Record*)(shared + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a85x[slots<8>()] = {};
    real a85y[slots<8>()] = {};
    real a85z[slots<8>()] = {};
    real a89[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, 128);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 26.122449f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v18 = b3[row_of(i, 8) + f];
          const real v22x = b4[row_of(i, 24) + f];
          const real v22y = b4[row_of(i, 24) + 8 + f];
          const real v22z = b4[row_of(i, 24) + 16 + f];
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v24 = spline_sum<5>(p.basis, c13 + p.row * 8 + f, 8);
            const real v83x = b7[row_of(p.j, 24) + f];
            const real v83y = b7[row_of(p.j, 24) + 8 + f];
            const real v83z = b7[row_of(p.j, 24) + 16 + f];
            const real v84x = v24 * v83x;
            const real v84y = v24 * v83y;
            const real v84z = v24 * v83z;
            const real v23 = spline_sum<5>(p.basis, c12 + p.row * 8 + f, 8);
            const real v87 = b6[row_of(p.j, 8) + f];
            const real v88 = v23 * v87;
            const real v118 = spline_sum<5>(p.slope, c14 + p.row * 8 + f, 8);
            const real v120 = p.ux * v83x + p.uy * v83y + p.uz * v83z;
            const real v121 = v118 * v120;
            const real v122 = -v121;
            const real v116 = spline_sum<5>(p.slope, c12 + p.row * 8 + f, 8);
            const real v124 = v87 * v116;
            const real v125 = v18 * v124;
            const real v129 = v122 + v125;
            const real v117 = spline_sum<5>(p.slope, c13 + p.row * 8 + f, 8);
            const real v127 = v83x * v22x + v83y * v22y + v83z * v22z;
            const real v128 = v117 * v127;
            const real v130 = v129 + v128;
            const real v30 = spline_sum<5>(p.basis, c14 + p.row * 8 + f, 8);
            const real v134x = v30 * v83x;
            const real v134y = v30 * v83y;
            const real v134z = v30 * v83z;
            a85x[c] += v84x;
            a85y[c] += v84y;
            a85z[c] += v84z;
            a89[c] += v88;
            part0[e * 4 + 0] += v130;
            part0[e * 4 + 1] += v134x;
            part0[e * 4 + 2] += v134y;
            part0[e * 4 + 3] += v134z;
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v131 = left_sum<4>(sums, e, 0);
        const real v135x = left_sum<4>(sums, e, 1);
        const real v135y = left_sum<4>(sums, e, 2);
        const real v135z = left_sum<4>(sums, e, 3);
        const real v132x = p.ux * v131;
        const real v132y = p.uy * v131;
        const real v132z = p.uz * v131;
        const real v133x = -v132x;
        const real v133y = -v132y;
        const real v133z = -v132z;
        const real v119 = m_reciprocal(p.r);
        const real v136 = p.ux * v135x + p.uy * v135y + p.uz * v135z;
        const real v137x = p.ux * v136;
        const real v137y = p.uy * v136;
        const real v137z = p.uz * v136;
        const real v138x = -v137x;
        const real v138y = -v137y;
        const real v138z = -v137z;
        const real v139x = v135x + v138x;
        const real v139y = v135y + v138y;
        const real v139z = v135z + v138z;
        const real v140x = v119 * v139x;
        const real v140y = v119 * v139y;
        const real v140z = v119 * v139z;
        const real v141x = v133x + v140x;
        const real v141y = v133y + v140y;
        const real v141z = v133z + v140z;
        pair_gradient[row_of(q, 3)] = v141x;
        pair_gradient[row_of(q, 3) + 1] = v141y;
        pair_gradient[row_of(q, 3) + 2] = v141z;
      }
    }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[0 * kTile + t * 24 + f] = a85x[c];
      tile[0 * kTile + t * 24 + 8 + f] = a85y[c];
      tile[0 * kTile + t * 24 + 16 + f] = a85z[c];
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[24 * kTile + t * 8 + f] = a89[c]; }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v75 = b6[row_of(i, 8) + f];
      const real v89 = tile[24 * kTile + t * 8 + f];
      const real v90 = v75 + v89;
      const real v9x = b0[row_of(i, 24) + f];
      const real v9y = b0[row_of(i, 24) + 8 + f];
      const real v9z = b0[row_of(i, 24) + 16 + f];
      const real v20x = 0.484821283f * v9x + 0.204203539f * v9y + 0.654162232f * v9z;
      const real v20y = (-0.248573005f) * v9x + 0.365251871f * v9y + (-0.879563111f) * v9z;
      const real v20z = (-0.413928028f) * v9x + 0.790083147f * v9y + 0.165228596f * v9z;
      const real v82x = b7[row_of(i, 24) + f];
      const real v82y = b7[row_of(i, 24) + 8 + f];
      const real v82z = b7[row_of(i, 24) + 16 + f];
      const real v85x = tile[0 * kTile + t * 24 + f];
      const real v85y = tile[0 * kTile + t * 24 + 8 + f];
      const real v85z = tile[0 * kTile + t * 24 + 16 + f];
      const real v86x = v82x + v85x;
      const real v86y = v82y + v85y;
      const real v86z = v82z + v85z;
      const real v91 = v20x * v86x + v20y * v86y + v20z * v86z;
      const real v95 = v9x * v86x + v9y * v86y + v9z * v86z;
      tile[32 * kTile + t * 8 + f] = v90;
      tile[40 * kTile + t * 8 + f] = v91;
      tile[48 * kTile + t * 8 + f] = v95;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 40 * kTile, c31, tile + 24 * kTile, nullptr, false);
  linear_tile<8, 8>(rows, tile + 48 * kTile, c32, tile + 24 * kTile, nullptr, true);
  linear_tile<8, 8>(rows, tile + 32 * kTile, c33, tile + 24 * kTile, nullptr, true);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v96 = tile[24 * kTile + t * 8 + f];
      const real v102 = b5[row_of(i, 8) + f];
      const real v103 = v96 * v102;
      tile[40 * kTile + t * 8 + f] = v103;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 40 * kTile, c34, tile + 24 * kTile, nullptr, false);
  linear_tile<8, 8>(rows, tile + 40 * kTile, c35, tile + 48 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v90 = tile[32 * kTile + t * 8 + f];
      const real v104 = tile[24 * kTile + t * 8 + f];
      const real v105 = v90 + v104;
      const real v9x = b0[row_of(i, 24) + f];
      const real v9y = b0[row_of(i, 24) + 8 + f];
      const real v9z = b0[row_of(i, 24) + 16 + f];
      const real v106 = tile[48 * kTile + t * 8 + f];
      const real v11 = v9x * v9x + v9y * v9y + v9z * v9z;
      const real v107 = m_rsqrt(v11);
      const real v108 = 0.5f * v107;
      const real v109 = v106 * v108;
      const real v110x = v9x * v109;
      const real v110y = v9y * v109;
      const real v110z = v9z * v109;
      const real v16 = b2[row_of(i, 8) + f];
      const real v82x = b7[row_of(i, 24) + f];
      const real v82y = b7[row_of(i, 24) + 8 + f];
      const real v82z = b7[row_of(i, 24) + 16 + f];
      const real v85x = tile[0 * kTile + t * 24 + f];
      const real v85y = tile[0 * kTile + t * 24 + 8 + f];
      const real v85z = tile[0 * kTile + t * 24 + 16 + f];
      const real v86x = v82x + v85x;
      const real v86y = v82y + v85y;
      const real v86z = v82z + v85z;
      const real v92x = v16 * v86x;
      const real v92y = v16 * v86y;
      const real v92z = v16 * v86z;
      const real v93x = 0.484821283f * v92x + (-0.248573005f) * v92y + (-0.413928028f) * v92z;
      const real v93y = 0.204203539f * v92x + 0.365251871f * v92y + 0.790083147f * v92z;
      const real v93z = 0.654162232f * v92x + (-0.879563111f) * v92y + 0.165228596f * v92z;
      const real v111x = v110x + v93x;
      const real v111y = v110y + v93y;
      const real v111z = v110z + v93z;
      const real v15 = b1[row_of(i, 8) + f];
      const real v94x = v15 * v86x;
      const real v94y = v15 * v86y;
      const real v94z = v15 * v86z;
      const real v112x = v111x + v94x;
      const real v112y = v111y + v94y;
      const real v112z = v111z + v94z;
      const real v113x = v112x + v110x;
      const real v113y = v112y + v110y;
      const real v113z = v112z + v110z;
      b8[row_of(i, 8) + f] = v105;
      b9[row_of(i, 24) + f] = v113x;
      b9[row_of(i, 24) + 8 + f] = v113y;
      b9[row_of(i, 24) + 16 + f] = v113z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c0,
            const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT b8,
            const real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const tile = shared;
  [[maybe_unused]] Record* const record = (Record*)(shared + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, 128);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 26.122449f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v0 = c1[row_of(element[i], 8) + f];
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v114 = spline_sum<5>(p.slope, c0 + p.row * 8 + f, 8);
            const real v143 = b8[row_of(p.j, 8) + f];
            const real v144 = v114 * v143;
            const real v145 = v0 * v144;
            const real v115 = spline_sum<5>(p.slope, c2 + p.row * 8 + f, 8);
            const real v146x = b9[row_of(p.j, 24) + f];
            const real v146y = b9[row_of(p.j, 24) + 8 + f];
            const real v146z = b9[row_of(p.j, 24) + 16 + f];
            const real v147 = p.ux * v146x + p.uy * v146y + p.uz * v146z;
            const real v148 = v115 * v147;
            const real v149 = -v148;
            const real v150 = v145 + v149;
            const real v7 = spline_sum<5>(p.basis, c2 + p.row * 8 + f, 8);
            const real v154x = v7 * v146x;
            const real v154y = v7 * v146y;
            const real v154z = v7 * v146z;
            part0[e * 4 + 0] += v150;
            part0[e * 4 + 1] += v154x;
            part0[e * 4 + 2] += v154y;
            part0[e * 4 + 3] += v154z;
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v151 = left_sum<4>(sums, e, 0);
        const real v155x = left_sum<4>(sums, e, 1);
        const real v155y = left_sum<4>(sums, e, 2);
        const real v155z = left_sum<4>(sums, e, 3);
        const real v152x = p.ux * v151;
        const real v152y = p.uy * v151;
        const real v152z = p.uz * v151;
        const real v153x = -v152x;
        const real v153y = -v152y;
        const real v153z = -v152z;
        const real v119 = m_reciprocal(p.r);
        const real v156 = p.ux * v155x + p.uy * v155y + p.uz * v155z;
        const real v157x = p.ux * v156;
        const real v157y = p.uy * v156;
        const real v157z = p.uz * v156;
        const real v158x = -v157x;
        const real v158y = -v157y;
        const real v158z = -v157z;
        const real v159x = v155x + v158x;
        const real v159y = v155y + v158y;
        const real v159z = v155z + v158z;
        const real v160x = v119 * v159x;
        const real v160y = v119 * v159y;
        const real v160z = v119 * v159z;
        const real v161x = v153x + v160x;
        const real v161y = v153y + v160y;
        const real v161z = v153z + v160z;
        pair_gradient[row_of(q, 3)] += v161x;
        pair_gradient[row_of(q, 3) + 1] += v161y;
        pair_gradient[row_of(q, 3) + 2] += v161z;
      }
    }
  }
  block_barrier();
}
