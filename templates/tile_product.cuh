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

  // 16 numbers of each row times a step. A tensor core cuts off what does not fit into a sum, towards zero, which over a
  // whole row can cost more than all other rounding. So it takes sums of 16 products of high halves only, and these are
  // added by arithmetic that rounds. Of the products with low halves, 2^-11 of those, it may keep the sum.
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
