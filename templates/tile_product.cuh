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
