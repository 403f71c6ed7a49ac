using real = float;

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
#define MLFF_EACH_CHANNEL(c, f, C)                                                          \
  MLFF_UNROLL for (int c = 0; c < slots<(C)>(); ++c) if (const int f = lane() + c * kLanes; \
                                                         slots<(C)>() * kLanes == (C) || f < (C))
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
MLFF_TUNABLE("32,64,128,256") constexpr int kLanes = MLFF_LANES;     // threads that serve one atom
MLFF_TUNABLE("1,2,4,8") constexpr int kTeams = MLFF_TEAMS;           // teams of a block
MLFF_TUNABLE("1,2,3,4") constexpr int kMinBlocks = MLFF_MIN_BLOCKS;  // blocks that must fit on one multiprocessor
constexpr int kBlock = kLanes * kTeams;
constexpr int kWarps = kLanes / 32;  // of a team
constexpr int kMaxTeamSum = 64;      // numbers that one team_sum takes
constexpr int kTeamScratch = kWarps > 1 ? kWarps* kMaxTeamSum : 0;

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
MLFF_DEVICE void linear_threads(int index, int count, int rows, const real* in, const real* MLFF_RESTRICT weights,
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

// What both targets share. `real` is float or double, by the model's precision.

#ifndef MLFF_TILE
#define MLFF_TILE 16
#endif
#ifndef MLFF_PAIR_BATCH
#define MLFF_PAIR_BATCH 4
#endif
MLFF_TUNABLE("1,2,4,8,16,32") constexpr int kTile = MLFF_TILE;       // atoms a block takes at most
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
  constexpr int kTileNumbers = 24;  // of tile arrays, an atom
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair
  constexpr int kTeamReals = kPairBatch * kTeamNumbers + kTeamScratch;
  MLFF_SHARED(shared, kTile * kTileNumbers + kTeams * kTeamReals);
  real* const tile = shared;
  real* const team_array = shared + kTile * kTileNumbers + team() * kTeamReals;
  real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  (void)tile, (void)scratch;
  // Pairs of each atom of the tile.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a6[slots<8>()] = {};
    real a9x[slots<8>()] = {};
    real a9y[slots<8>()] = {};
    real a9z[slots<8>()] = {};
    const auto pairs = [&](auto batch, const int q0) {
      constexpr int E = decltype(batch)::value;
      int j[E];
      real ux[E], uy[E], uz[E], r[E];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        j[e] = pair_neighbour[q0 + e];
        const real* const g = pair_geometry + row_of(q0 + e, 4);
        ux[e] = g[0], uy[e] = g[1], uz[e] = g[2], r[e] = g[3];
      }
      (void)j, (void)ux, (void)uy, (void)uz, (void)r;
      int row[E];
      real basis[E][5 + 1], slope[E][5 + 1];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        const real at = (r[e] - 0.1f) * 26.122449f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 127 ? 127 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 26.122449f;
      }
      MLFF_EACH_CHANNEL(c, f, 8) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v3 = spline_sum<5>(basis[e], c0 + row[e] * 8 + f, 8);
          const real v4 = c1[row_of(element[j[e]], 8) + f];
          const real v5 = v3 * v4;
          const real v7 = spline_sum<5>(basis[e], c2 + row[e] * 8 + f, 8);
          const real v8x = ux[e] * v7;
          const real v8y = uy[e] * v7;
          const real v8z = uz[e] * v7;
          a6[c] += v5;
          a9x[c] += v8x;
          a9y[c] += v8y;
          a9z[c] += v8z;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
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
  constexpr int kTileNumbers = 64;  // of tile arrays, an atom
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair
  constexpr int kTeamReals = kPairBatch * kTeamNumbers + kTeamScratch;
  MLFF_SHARED(shared, kTile * kTileNumbers + kTeams * kTeamReals);
  real* const tile = shared;
  real* const team_array = shared + kTile * kTileNumbers + team() * kTeamReals;
  real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  (void)tile, (void)scratch;
  // Pairs of each atom of the tile.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a27[slots<8>()] = {};
    real a33x[slots<8>()] = {};
    real a33y[slots<8>()] = {};
    real a33z[slots<8>()] = {};
    const auto pairs = [&](auto batch, const int q0) {
      constexpr int E = decltype(batch)::value;
      int j[E];
      real ux[E], uy[E], uz[E], r[E];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        j[e] = pair_neighbour[q0 + e];
        const real* const g = pair_geometry + row_of(q0 + e, 4);
        ux[e] = g[0], uy[e] = g[1], uz[e] = g[2], r[e] = g[3];
      }
      (void)j, (void)ux, (void)uy, (void)uz, (void)r;
      int row[E];
      real basis[E][5 + 1], slope[E][5 + 1];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        const real at = (r[e] - 0.1f) * 26.122449f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 127 ? 127 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 26.122449f;
      }
      MLFF_EACH_CHANNEL(c, f, 8) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v23 = spline_sum<5>(basis[e], c12 + row[e] * 8 + f, 8);
          const real v25 = b3[row_of(j[e], 8) + f];
          const real v26 = v23 * v25;
          const real v24 = spline_sum<5>(basis[e], c13 + row[e] * 8 + f, 8);
          const real v28x = b4[row_of(j[e], 24) + f];
          const real v28y = b4[row_of(j[e], 24) + 8 + f];
          const real v28z = b4[row_of(j[e], 24) + 16 + f];
          const real v29x = v24 * v28x;
          const real v29y = v24 * v28y;
          const real v29z = v24 * v28z;
          const real v30 = spline_sum<5>(basis[e], c14 + row[e] * 8 + f, 8);
          const real v31x = ux[e] * v30;
          const real v31y = uy[e] * v30;
          const real v31z = uz[e] * v30;
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
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
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
  constexpr int kTileNumbers = 56;  // of tile arrays, an atom
  constexpr int kTeamNumbers = 0;   // of team arrays, a pair
  constexpr int kTeamReals = kPairBatch * kTeamNumbers + kTeamScratch;
  MLFF_SHARED(shared, kTile * kTileNumbers + kTeams * kTeamReals);
  real* const tile = shared;
  real* const team_array = shared + kTile * kTileNumbers + team() * kTeamReals;
  real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  (void)tile, (void)scratch;
  // Pairs of each atom of the tile.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a85x[slots<8>()] = {};
    real a85y[slots<8>()] = {};
    real a85z[slots<8>()] = {};
    real a89[slots<8>()] = {};
    const auto pairs = [&](auto batch, const int q0) {
      constexpr int E = decltype(batch)::value;
      int j[E];
      real ux[E], uy[E], uz[E], r[E];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        j[e] = pair_neighbour[q0 + e];
        const real* const g = pair_geometry + row_of(q0 + e, 4);
        ux[e] = g[0], uy[e] = g[1], uz[e] = g[2], r[e] = g[3];
      }
      (void)j, (void)ux, (void)uy, (void)uz, (void)r;
      int row[E];
      real basis[E][5 + 1], slope[E][5 + 1];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        const real at = (r[e] - 0.1f) * 26.122449f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 127 ? 127 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 26.122449f;
      }
      real total0[E * 4] = {};
      MLFF_EACH_CHANNEL(c, f, 8) {
        const real v18 = b3[row_of(i, 8) + f];
        const real v22x = b4[row_of(i, 24) + f];
        const real v22y = b4[row_of(i, 24) + 8 + f];
        const real v22z = b4[row_of(i, 24) + 16 + f];
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v24 = spline_sum<5>(basis[e], c13 + row[e] * 8 + f, 8);
          const real v83x = b7[row_of(j[e], 24) + f];
          const real v83y = b7[row_of(j[e], 24) + 8 + f];
          const real v83z = b7[row_of(j[e], 24) + 16 + f];
          const real v84x = v24 * v83x;
          const real v84y = v24 * v83y;
          const real v84z = v24 * v83z;
          const real v23 = spline_sum<5>(basis[e], c12 + row[e] * 8 + f, 8);
          const real v87 = b6[row_of(j[e], 8) + f];
          const real v88 = v23 * v87;
          const real v118 = spline_sum<5>(slope[e], c14 + row[e] * 8 + f, 8);
          const real v120 = ux[e] * v83x + uy[e] * v83y + uz[e] * v83z;
          const real v121 = v118 * v120;
          const real v122 = -v121;
          const real v116 = spline_sum<5>(slope[e], c12 + row[e] * 8 + f, 8);
          const real v124 = v87 * v116;
          const real v125 = v18 * v124;
          const real v129 = v122 + v125;
          const real v117 = spline_sum<5>(slope[e], c13 + row[e] * 8 + f, 8);
          const real v127 = v83x * v22x + v83y * v22y + v83z * v22z;
          const real v128 = v117 * v127;
          const real v130 = v129 + v128;
          const real v30 = spline_sum<5>(basis[e], c14 + row[e] * 8 + f, 8);
          const real v134x = v30 * v83x;
          const real v134y = v30 * v83y;
          const real v134z = v30 * v83z;
          a85x[c] += v84x;
          a85y[c] += v84y;
          a85z[c] += v84z;
          a89[c] += v88;
          total0[e * 4 + 0] += v130;
          total0[e * 4 + 1] += v134x;
          total0[e * 4 + 2] += v134y;
          total0[e * 4 + 3] += v134z;
        }
      }
      team_sum(total0, scratch);
      MLFF_EACH_CHANNEL(c, f, 1) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v132x = ux[e] * total0[e * 4 + 0];
          const real v132y = uy[e] * total0[e * 4 + 0];
          const real v132z = uz[e] * total0[e * 4 + 0];
          const real v133x = -v132x;
          const real v133y = -v132y;
          const real v133z = -v132z;
          const real v119 = m_reciprocal(r[e]);
          const real v136 = ux[e] * total0[e * 4 + 1] + uy[e] * total0[e * 4 + 2] + uz[e] * total0[e * 4 + 3];
          const real v137x = ux[e] * v136;
          const real v137y = uy[e] * v136;
          const real v137z = uz[e] * v136;
          const real v138x = -v137x;
          const real v138y = -v137y;
          const real v138z = -v137z;
          const real v139x = total0[e * 4 + 1] + v138x;
          const real v139y = total0[e * 4 + 2] + v138y;
          const real v139z = total0[e * 4 + 3] + v138z;
          const real v140x = v119 * v139x;
          const real v140y = v119 * v139y;
          const real v140z = v119 * v139z;
          const real v141x = v133x + v140x;
          const real v141y = v133y + v140y;
          const real v141z = v133z + v140z;
          pair_gradient[row_of(q0 + e, 3)] = v141x;
          pair_gradient[row_of(q0 + e, 3) + 1] = v141y;
          pair_gradient[row_of(q0 + e, 3) + 2] = v141z;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
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
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair
  constexpr int kTeamReals = kPairBatch * kTeamNumbers + kTeamScratch;
  MLFF_SHARED(shared, kTile * kTileNumbers + kTeams * kTeamReals);
  real* const tile = shared;
  real* const team_array = shared + kTile * kTileNumbers + team() * kTeamReals;
  real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  (void)tile, (void)scratch;
  // Pairs of each atom of the tile.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const auto pairs = [&](auto batch, const int q0) {
      constexpr int E = decltype(batch)::value;
      int j[E];
      real ux[E], uy[E], uz[E], r[E];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        j[e] = pair_neighbour[q0 + e];
        const real* const g = pair_geometry + row_of(q0 + e, 4);
        ux[e] = g[0], uy[e] = g[1], uz[e] = g[2], r[e] = g[3];
      }
      (void)j, (void)ux, (void)uy, (void)uz, (void)r;
      int row[E];
      real basis[E][5 + 1], slope[E][5 + 1];
      MLFF_UNROLL for (int e = 0; e < E; ++e) {
        const real at = (r[e] - 0.1f) * 26.122449f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 127 ? 127 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 26.122449f;
      }
      real total0[E * 4] = {};
      MLFF_EACH_CHANNEL(c, f, 8) {
        const real v0 = c1[row_of(element[i], 8) + f];
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v114 = spline_sum<5>(slope[e], c0 + row[e] * 8 + f, 8);
          const real v143 = b8[row_of(j[e], 8) + f];
          const real v144 = v114 * v143;
          const real v145 = v0 * v144;
          const real v115 = spline_sum<5>(slope[e], c2 + row[e] * 8 + f, 8);
          const real v146x = b9[row_of(j[e], 24) + f];
          const real v146y = b9[row_of(j[e], 24) + 8 + f];
          const real v146z = b9[row_of(j[e], 24) + 16 + f];
          const real v147 = ux[e] * v146x + uy[e] * v146y + uz[e] * v146z;
          const real v148 = v115 * v147;
          const real v149 = -v148;
          const real v150 = v145 + v149;
          const real v7 = spline_sum<5>(basis[e], c2 + row[e] * 8 + f, 8);
          const real v154x = v7 * v146x;
          const real v154y = v7 * v146y;
          const real v154z = v7 * v146z;
          total0[e * 4 + 0] += v150;
          total0[e * 4 + 1] += v154x;
          total0[e * 4 + 2] += v154y;
          total0[e * 4 + 3] += v154z;
        }
      }
      team_sum(total0, scratch);
      MLFF_EACH_CHANNEL(c, f, 1) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v152x = ux[e] * total0[e * 4 + 0];
          const real v152y = uy[e] * total0[e * 4 + 0];
          const real v152z = uz[e] * total0[e * 4 + 0];
          const real v153x = -v152x;
          const real v153y = -v152y;
          const real v153z = -v152z;
          const real v119 = m_reciprocal(r[e]);
          const real v156 = ux[e] * total0[e * 4 + 1] + uy[e] * total0[e * 4 + 2] + uz[e] * total0[e * 4 + 3];
          const real v157x = ux[e] * v156;
          const real v157y = uy[e] * v156;
          const real v157z = uz[e] * v156;
          const real v158x = -v157x;
          const real v158y = -v157y;
          const real v158z = -v157z;
          const real v159x = total0[e * 4 + 1] + v158x;
          const real v159y = total0[e * 4 + 2] + v158y;
          const real v159z = total0[e * 4 + 3] + v158z;
          const real v160x = v119 * v159x;
          const real v160y = v119 * v159y;
          const real v160z = v119 * v159z;
          const real v161x = v153x + v160x;
          const real v161y = v153y + v160y;
          const real v161z = v153z + v160z;
          pair_gradient[row_of(q0 + e, 3)] += v161x;
          pair_gradient[row_of(q0 + e, 3) + 1] += v161y;
          pair_gradient[row_of(q0 + e, 3) + 2] += v161z;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
  }
  block_barrier();
}
