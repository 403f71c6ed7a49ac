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
            real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2) {
  constexpr int kTileNumbers = 9;  // of tile arrays, an atom
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
    real a7[slots<9>()] = {};
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
        const real at = (r[e] - 0.1f) * 13.0612245f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 63 ? 63 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 13.0612245f;
      }
      MLFF_EACH_CHANNEL(c, f, 9) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v3 = spline_sum<5>(basis[e], c0 + row[e] * 9 + f, 9);
          const real v5 = c1[row_of(element[j[e]], 9) + f];
          const real v6 = v3 * v5;
          a7[c] += v6;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
    MLFF_EACH_CHANNEL(c, f, 9) { tile[0 * kTile + t * 9 + f] = a7[c]; }
  }
  block_barrier();
  linear_tile<9, 8>(rows, tile + 0 * kTile, c3, b0 + row_of(first, 8), c2, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v8 = b0[row_of(i, 8) + f];
      const real v9 = m_softplus(v8);
      const real v10 = (-0.693147181f) + v9;
      tile[0 * kTile + t * 8 + f] = v10;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 0 * kTile, c5, b1 + row_of(first, 8), c4, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c6[row_of(element[i], 8) + f];
      const real v11 = b1[row_of(i, 8) + f];
      const real v12 = v0 + v11;
      tile[0 * kTile + t * 8 + f] = v12;
    }
  }
  block_barrier();
  linear_tile<8, 9>(rows, tile + 0 * kTile, c7, b2 + row_of(first, 9), nullptr, false);
  block_barrier();
}

MLFF_KERNEL(phase_1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c6,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3,
            real* MLFF_RESTRICT b4) {
  constexpr int kTileNumbers = 27;  // of tile arrays, an atom
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
    real a17[slots<9>()] = {};
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
        const real at = (r[e] - 0.1f) * 13.0612245f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 63 ? 63 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 13.0612245f;
      }
      MLFF_EACH_CHANNEL(c, f, 9) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v13 = spline_sum<5>(basis[e], c8 + row[e] * 9 + f, 9);
          const real v15 = b2[row_of(j[e], 9) + f];
          const real v16 = v13 * v15;
          a17[c] += v16;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
    MLFF_EACH_CHANNEL(c, f, 9) { tile[0 * kTile + t * 9 + f] = a17[c]; }
  }
  block_barrier();
  linear_tile<9, 8>(rows, tile + 0 * kTile, c10, tile + 9 * kTile, c9, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v18 = tile[9 * kTile + t * 8 + f];
      const real v19 = m_softplus(v18);
      const real v20 = (-0.693147181f) + v19;
      tile[0 * kTile + t * 8 + f] = v20;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 0 * kTile, c12, tile + 17 * kTile, c11, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c6[row_of(element[i], 8) + f];
      const real v11 = b1[row_of(i, 8) + f];
      const real v12 = v0 + v11;
      const real v21 = tile[17 * kTile + t * 8 + f];
      const real v22 = v12 + v21;
      tile[0 * kTile + t * 8 + f] = v22;
    }
  }
  block_barrier();
  linear_tile<8, 5>(rows, tile + 0 * kTile, c14, tile + 17 * kTile, c13, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 5) {
      const real v23 = tile[17 * kTile + t * 5 + f];
      const real v24 = m_silu(v23);
      const real v28 = c15[f];
      const real v29 = m_sigmoid(v23);
      const real v30 = -v29;
      const real v31 = 1.0f + v30;
      const real v32 = v23 * v31;
      const real v33 = 1.0f + v32;
      const real v34 = v29 * v33;
      const real v35 = v28 * v34;
      tile[0 * kTile + t * 5 + f] = v24;
      tile[22 * kTile + t * 5 + f] = v35;
    }
  }
  block_barrier();
  linear_tile<5, 1>(rows, tile + 0 * kTile, c16, tile + 5 * kTile, nullptr, false);
  linear_tile<5, 8>(rows, tile + 22 * kTile, c17, b3 + row_of(first, 8), nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 1) {
      const real v25 = tile[5 * kTile + t * 1];
      atom_energy[i] = v25;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, b3 + row_of(first, 8), c18, tile + 0 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v37 = tile[0 * kTile + t * 8 + f];
      const real v18 = tile[9 * kTile + t * 8 + f];
      const real v38 = m_sigmoid(v18);
      const real v39 = v37 * v38;
      tile[17 * kTile + t * 8 + f] = v39;
    }
  }
  block_barrier();
  linear_tile<8, 9>(rows, tile + 17 * kTile, c19, b4 + row_of(first, 9), nullptr, false);
  block_barrier();
}

MLFF_KERNEL(phase_2, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c20,
            const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT b0,
            const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4,
            real* MLFF_RESTRICT b5) {
  constexpr int kTileNumbers = 17;  // of tile arrays, an atom
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
    real a43[slots<9>()] = {};
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
        const real at = (r[e] - 0.1f) * 13.0612245f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 63 ? 63 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 13.0612245f;
      }
      real total0[E * 1] = {};
      MLFF_EACH_CHANNEL(c, f, 9) {
        const real v14 = b2[row_of(i, 9) + f];
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v13 = spline_sum<5>(basis[e], c8 + row[e] * 9 + f, 9);
          const real v41 = b4[row_of(j[e], 9) + f];
          const real v42 = v13 * v41;
          const real v51 = spline_sum<5>(slope[e], c8 + row[e] * 9 + f, 9);
          const real v54 = v41 * v51;
          const real v55 = v14 * v54;
          a43[c] += v42;
          total0[e * 1 + 0] += v55;
        }
      }
      team_sum(total0, scratch);
      MLFF_EACH_CHANNEL(c, f, 1) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v57x = ux[e] * total0[e * 1 + 0];
          const real v57y = uy[e] * total0[e * 1 + 0];
          const real v57z = uz[e] * total0[e * 1 + 0];
          const real v58x = -v57x;
          const real v58y = -v57y;
          const real v58z = -v57z;
          pair_gradient[row_of(q0 + e, 3)] = v58x;
          pair_gradient[row_of(q0 + e, 3) + 1] = v58y;
          pair_gradient[row_of(q0 + e, 3) + 2] = v58z;
        }
      }
    };
    const int end = pair_begin[i + 1];
    int q = pair_begin[i];
    for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
    for (; q < end; ++q) pairs(Count<1>(), q);
    MLFF_EACH_CHANNEL(c, f, 9) { tile[0 * kTile + t * 9 + f] = a43[c]; }
  }
  block_barrier();
  linear_tile<9, 8>(rows, tile + 0 * kTile, c20, tile + 9 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v36 = b3[row_of(i, 8) + f];
      const real v44 = tile[9 * kTile + t * 8 + f];
      const real v45 = v36 + v44;
      tile[0 * kTile + t * 8 + f] = v45;
    }
  }
  block_barrier();
  linear_tile<8, 8>(rows, tile + 0 * kTile, c21, tile + 8 * kTile, nullptr, false);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v46 = tile[8 * kTile + t * 8 + f];
      const real v8 = b0[row_of(i, 8) + f];
      const real v47 = m_sigmoid(v8);
      const real v48 = v46 * v47;
      tile[0 * kTile + t * 8 + f] = v48;
    }
  }
  block_barrier();
  linear_tile<8, 9>(rows, tile + 0 * kTile, c22, b5 + row_of(first, 9), nullptr, false);
  block_barrier();
}

MLFF_KERNEL(phase_3, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c0,
            const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT b5) {
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
        const real at = (r[e] - 0.1f) * 13.0612245f;
        const int interval = (int)at;
        row[e] = at < 0.0f ? 0 : (interval > 63 ? 63 : interval);
        spline_basis<5>(at - (real)row[e], basis[e], slope[e]);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) slope[e][k] *= 13.0612245f;
      }
      real total0[E * 1] = {};
      MLFF_EACH_CHANNEL(c, f, 9) {
        const real v4 = c1[row_of(element[i], 9) + f];
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v50 = spline_sum<5>(slope[e], c0 + row[e] * 9 + f, 9);
          const real v60 = b5[row_of(j[e], 9) + f];
          const real v61 = v50 * v60;
          const real v62 = v4 * v61;
          total0[e * 1 + 0] += v62;
        }
      }
      team_sum(total0, scratch);
      MLFF_EACH_CHANNEL(c, f, 1) {
        MLFF_UNROLL for (int e = 0; e < E; ++e) {
          const real v64x = ux[e] * total0[e * 1 + 0];
          const real v64y = uy[e] * total0[e * 1 + 0];
          const real v64z = uz[e] * total0[e * 1 + 0];
          const real v65x = -v64x;
          const real v65y = -v64y;
          const real v65z = -v64z;
          pair_gradient[row_of(q0 + e, 3)] += v65x;
          pair_gradient[row_of(q0 + e, 3) + 1] += v65y;
          pair_gradient[row_of(q0 + e, 3) + 2] += v65z;
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
