// Rows times matrices on a GPU: out[rows][OUT] = in[rows][IN] weights[IN][OUT] + bias, or added to out.

// Rows that are known to lie in shared memory, which is cheaper to read.
struct SharedRows {
  const real* numbers;
};
MLFF_DEVICE SharedRows in_shared(const real* rows) { return {rows}; }
MLFF_DEVICE const real* numbers_of(SharedRows rows) {
  assume_shared(rows.numbers);
  return rows.numbers;
}
MLFF_DEVICE const real* numbers_of(const real* rows) { return rows; }

// For tensor cores a matrix lies in the order of fragments (runtime/cuda_model/fragments.h): steps of 16 rows and 16
// columns, the steps of 16 columns one behind another. In a step, with g = lane / 4 and t = lane % 4, a lane's numbers
// are of rows 4 t .. 4 t + 3 and columns 2 g and 2 g + 1.
constexpr int kStep = 256;  // numbers of a step
template <int IN, int OUT>
MLFF_DEVICE constexpr bool on_tensor_cores() {
  return sizeof(real) == sizeof(float) && IN % 16 == 0 && OUT % 16 == 0;
}

// How the warps of a block share the product with COUNT matrices: some of the columns each, and parts of the rows if
// there are more warps than columns.
template <int IN, int OUT, int COUNT>
struct WarpShare {
  static constexpr int kColumns = OUT / 16 * COUNT, kAll = kBlock / 32, kSteps = IN / 16;  // columns of steps
  static constexpr int kMost = kColumns / kAll < kWeightSteps ? kColumns / kAll : kWeightSteps;
  static constexpr int kWide = kMost > 2 && kColumns % 3 == 0 ? 3 : (kMost > 1 && kColumns % 2 == 0 ? 2 : 1);
  static constexpr int kUnits = kColumns / kWide;
  static constexpr int kRowParts = kAll > kUnits ? kAll / kUnits : 1;
  static constexpr int kAtOnce = kAll / kRowParts;                      // warps side by side
  static constexpr int kRows = kWide > 2 || 3 * kTile <= 24 ? 24 : 48;  // of a warp at a time
  MLFF_DEVICE constexpr int ahead() {                                   // steps on their way
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
// start of a product the first places hold its first steps, and their copies are the thread's last groups.
struct Steps {
  const float* from;  // null: none
  int wide, stride;   // columns of steps, and numbers from one to the next
  int count;
};
MLFF_DEVICE Steps no_steps() { return {nullptr, 0, 0, 0}; }
template <int IN, int OUT, int COUNT>
MLFF_DEVICE Steps first_steps(const real* weights) {
  if constexpr (on_tensor_cores<IN, OUT>()) {
    using Share = WarpShare<IN, OUT, COUNT>;
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

// A number as the sum of two that tensor cores take, which ignore all but 11 significant bits, to 2^-22 of it: the
// first is cut off, the second rounded, as errors of one sign would add up.
struct SplitNumber {
  unsigned high, low;
};
MLFF_DEVICE SplitNumber split(float x) {
  const unsigned bits = __float_as_uint(x);
  return {bits, __float_as_uint(x - __uint_as_float(bits & 0xffffe000u)) + 0x1000u};
}

// 8 * TILES rows times 16 * WIDE columns by a warp, on tensor cores: the transpose, out' = weights' in'. Each product
// of two numbers is that of their splits without low * low, so that the result is as good as float's ("3xTF32"). The
// sum over k may be taken in any order: a lane takes what lies side by side in memory.
template <int TILES, int WIDE>
struct WarpProduct {
  // Few sums leave a tensor core waiting for them: each is then taken in two parts.
  static constexpr int kChains = TILES * WIDE <= 2 ? 2 : 1;
  // Tiles whose products alternate, for the same reason.
  static constexpr int kGroup = TILES % 2 == 0 ? 2 : TILES;
  float main_part[kChains][WIDE][TILES][4] = {}, cross_part[kChains][WIDE][TILES][4] = {};

  // 16 numbers of each row times the step at a place of the ring.
  __device__ __forceinline__ void step(const float* const (&rows)[TILES], int k, const float* place) {
    unsigned w_high[WIDE][2][4], w_low[WIDE][2][4];
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      MLFF_UNROLL
      for (int half = 0; half < 2; ++half) {
        const float4 w = read_copied(place + c * kStep + half * (kStep / 2));
        const float numbers[4] = {w.x, w.y, w.z, w.w};
        MLFF_UNROLL
        for (int n = 0; n < 4; ++n) {
          const SplitNumber part = split(numbers[n]);
          w_high[c][half][n] = part.high;
          w_low[c][half][n] = part.low;
        }
      }
    }
    MLFF_UNROLL
    for (int m = 0; m < TILES; m += kGroup) {
      unsigned x_high[kGroup][2][2], x_low[kGroup][2][2];
      MLFF_UNROLL
      for (int n = 0; n < kGroup; ++n) {
        const float4 x = *(const float4*)(rows[m + n] + k * 16);
        const float numbers[4] = {x.x, x.y, x.z, x.w};
        MLFF_UNROLL
        for (int q = 0; q < 4; ++q) {
          const SplitNumber part = split(numbers[q]);
          x_high[n][q / 2][q % 2] = part.high;
          x_low[n][q / 2][q % 2] = part.low;
        }
      }
      MLFF_UNROLL
      for (int half = 0; half < 2; ++half) {
        MLFF_UNROLL
        for (int term = 0; term < 3; ++term) {
          MLFF_UNROLL
          for (int c = 0; c < WIDE; ++c) {
            MLFF_UNROLL
            for (int n = 0; n < kGroup; ++n) {
              float(&sum)[4] = term == 1 ? main_part[half % kChains][c][m + n] : cross_part[half % kChains][c][m + n];
              mma_tf32(sum, term == 0 ? w_low[c][half] : w_high[c][half], term == 2 ? x_low[n][half] : x_high[n][half]);
            }
          }
        }
      }
    }
  }

  // `start` and `out` tell where columns c of the warp begin.
  template <int IN, int OUT, int AHEAD, class Start, class Out>
  __device__ __forceinline__ void run(int count, const float* in, bool add, const Start& start, const Out& out,
                                      real* ring, const float* weights, Steps next) {
    const int g = lane_of_warp() / 4, t = lane_of_warp() % 4;
    const float* rows[TILES];
    MLFF_UNROLL
    for (int m = 0; m < TILES; ++m) rows[m] = in + (m * 8 + g < count ? m * 8 + g : count - 1) * IN + 4 * t;
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      const float2 first = start(c) ? *(const float2*)(start(c) + 2 * g) : make_float2(0.0f, 0.0f);
      MLFF_UNROLL
      for (int m = 0; m < TILES; ++m) {
        MLFF_UNROLL
        for (int odd = 0; odd < 2; ++odd) {
          const int row = m * 8 + 2 * t + odd;
          float2 value = first;
          if (add && row < count) value = *(const float2*)(out(c) + row * OUT + 2 * g);
          main_part[0][c][m][odd] = value.x;
          main_part[0][c][m][2 + odd] = value.y;
        }
      }
    }
    float* const places = own_places(ring);
    constexpr int kUnroll = TILES * WIDE > 6 ? 1 : (TILES * WIDE > 2 ? 2 : 4);
    _Pragma("unroll kUnroll") for (int k = 0; k < IN / 16; ++k) {
      float* const place = places + k % AHEAD * (WIDE * kStep);
      wait_for_copies<AHEAD - 1>();
      step(rows, k, place);
      if (k + AHEAD < IN / 16) {
        MLFF_UNROLL
        for (int c = 0; c < WIDE; ++c) fetch(place + c * kStep, weights + c * (IN * 16) + (k + AHEAD) * kStep);
      }
      end_group_of_copies();
    }
    fetch_ahead(ring, next);
    MLFF_UNROLL
    for (int c = 0; c < WIDE; ++c) {
      MLFF_UNROLL
      for (int m = 0; m < TILES; ++m) {
        float sum[4];
        MLFF_UNROLL
        for (int n = 0; n < 4; ++n) {
          sum[n] = main_part[0][c][m][n] + cross_part[0][c][m][n];
          if (kChains > 1) sum[n] += main_part[kChains - 1][c][m][n] + cross_part[kChains - 1][c][m][n];
        }
        MLFF_UNROLL
        for (int odd = 0; odd < 2; ++odd) {
          const int row = m * 8 + 2 * t + odd;
          if (row < count) *(float2*)(out(c) + row * OUT + 2 * g) = make_float2(sum[odd], sum[2 + odd]);
        }
      }
    }
  }
};

template <int IN, int OUT, int COUNT>
MLFF_DEVICE void product_by_tensor_cores(int rows, const float* in, const float* weights, const float* bias, bool add,
                                         real* ring, Steps next, float* out, float* out_1, float* out_2) {
  using Share = WarpShare<IN, OUT, COUNT>;
  constexpr int kWide = Share::kWide, kAhead = Share::ahead();
  const int part = (rows + 8 * Share::kRowParts - 1) / (8 * Share::kRowParts) * 8;
  const int first = Share::row_part() * part;
  const int last = first + part < rows ? first + part : rows;
  const Steps begin = first_steps<IN, OUT, COUNT>(weights);
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
      WarpProduct<decltype(tiles)::value, kWide>().template run<IN, OUT, kAhead>(last - row, in + row * IN, add, start,
                                                                                 target, ring, from, after);
    };
    if (last - row <= 8) {
      run(Count<1>());
    } else if (kTile > 8 && last - row <= 16) {  // each form of a product costs time to compile
      run(Count<(kTile > 8) ? 2 : 3>());
    } else if constexpr (Share::kRows == 24) {
      run(Count<3>());
    } else if (last - row <= 24) {
      run(Count<3>());
    } else {
      run(Count<6>());
    }
  };
  if constexpr (Share::kUnits <= Share::kAtOnce && 3 * kTile <= Share::kRows) {
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
// has dozens of products of a few shapes. At most three rows for each atom of a tile. `ring` holds the first steps of
// the weights; afterwards those called next.
template <int IN, int OUT, int COUNT, class Rows>
static __device__ __noinline__ void linear_tile(int rows, Rows input, const real* weights, const real* bias, bool add,
                                                real* ring, Steps next, real* out, real* out_1 = nullptr,
                                                real* out_2 = nullptr) {
  const real* const in = numbers_of(input);
  if constexpr (on_tensor_cores<IN, OUT>()) {
    product_by_tensor_cores<IN, OUT, COUNT>(rows, in, weights, bias, add, ring, next, out, out_1, out_2);
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
