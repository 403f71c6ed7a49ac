// The lane-generic names on a CPU: a block is one thread, a team is one lane, and loops over channels vectorise.

typedef unsigned long size_t;

#define MLFF_TUNABLE(choices)
// Inlined before loops are vectorised: a read in a function of its own is not known to be safe.
#define MLFF_DEVICE static inline __attribute__((always_inline))
#define MLFF_RESTRICT __restrict__
#define MLFF_UNROLL _Pragma("clang loop unroll(full)")
#define MLFF_KERNEL(name, blocks, ...) static void name(const int mlff_block, __VA_ARGS__)
#define MLFF_SHARED(name, count) alignas(64) real name[(count) + 1]
#define MLFF_EACH_GROUP(c, f, C)                                                              \
  _Pragma("clang loop vectorize(assume_safety) interleave(disable)") for (int c = 0; c < (C); \
                                                                          ++c) if (const int f = c; true)
#define MLFF_EACH_PAIR(e, count) for (int e = 0; e < (count); ++e)
#define MLFF_EACH_PAIR_CHANNEL(e, f, count, C) \
  for (int e = 0; e < (count); ++e) _Pragma("clang loop vectorize(assume_safety)") for (int f = 0; f < (C); ++f)
// One copy of the code for all atoms of a tile: copies that vectorise or contract otherwise would give an atom other
// bits by its place in the tile.
#define MLFF_EACH_ATOM(t, rows) \
  _Pragma("clang loop vectorize(disable) unroll(disable)") for (int t = 0; t < (rows); ++t)
#define block_index() mlff_block

constexpr int kLanes = 1;
constexpr int kTeams = 1;
constexpr int kTeamScratch = 0;
constexpr int kWarps = 1;
constexpr int kPairChunk = 4;
constexpr bool kFewRegisters = false;

template <int C>
MLFF_DEVICE constexpr int group_size() {
  return 1;
}
MLFF_DEVICE constexpr int lane() { return 0; }
MLFF_DEVICE constexpr int team() { return 0; }
MLFF_DEVICE void team_barrier() {}
MLFF_DEVICE void block_barrier() {}

// The sum over the lanes of a team, in every lane.
template <int N>
MLFF_DEVICE void team_sum(real (&)[N], real*) {}

// NUMBERS sums over the lanes for each of the pairs p0, p0 + 1, ... of the chunk, left in sums[kPairChunk][NUMBERS].
template <int NUMBERS, int N>
MLFF_DEVICE void leave_sums(real* sums, int p0, const real (&part)[N]) {
  MLFF_UNROLL
  for (int n = 0; n < N; ++n) sums[p0 * NUMBERS + n] = part[n];
}
template <int NUMBERS>
MLFF_DEVICE real left_sum(const real* sums, int pair, int n) {
  return sums[pair * NUMBERS + n];
}

// Functions as polynomials without branches, so that loops over channels vectorise; each within 2 units in the last
// place (log1p and what uses it: 3) over the ranges that models meet (tests/codegen_emit checks them against libm).
// Results below the smallest normal number are zero. What follows counts on the order of its sums: remainders in
// several pieces, what 1 + x lost, and rows of products whose bits do not depend on how many there are.
#pragma clang fp reassociate(off)

template <typename To, typename From>
MLFF_DEVICE To bits_of(From value) {
  return __builtin_bit_cast(To, value);
}

// exp(x) = 2^n exp(r), r = x - n ln 2 in two pieces, |r| <= ln(2) / 2, by a Taylor polynomial. n is added to the
// exponent's bits: 2^n alone overflows at n = 128, where exp(r) < 1.
MLFF_DEVICE float m_exp(float x) {
  constexpr float kLow = -87.3365f, kHigh = 88.7228317f;  // where values become subnormal, and infinite
  const float clamped = x < kLow ? kLow : (x > kHigh ? kHigh : x);
  const float n = __builtin_rintf(clamped * 1.44269504088896341f);
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const float scaled = bits_of<float>(bits_of<int>(p) + (int)((unsigned)(int)n << 23));
  return x != x ? x : (x < kLow ? 0.0f : (x > kHigh ? __builtin_inff() : scaled));
}
MLFF_DEVICE double m_exp(double x) {
  constexpr double kLow = -708.396418532264, kHigh = 709.782712893383;
  const double clamped = x < kLow ? kLow : (x > kHigh ? kHigh : x);
  const double n = __builtin_rint(clamped * 1.44269504088896340736);
  const double r = (clamped - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const double scaled = bits_of<double>(bits_of<long>(p) + (long)((unsigned long)(long)n << 52));
  return x != x ? x : (x < kLow ? 0.0 : (x > kHigh ? __builtin_inf() : scaled));
}

// log(x) for normal x: x = 2^n m, m = 1 + f in [sqrt(1/2), sqrt(2)), and with s = f / (2 + f), log(m) = 2 atanh(s) =
// f - s (f - 2 s^2 (1/3 + s^2/5 + ...)), where f is exact.
MLFF_DEVICE float m_log(float x) {
  const int bits = bits_of<int>(x);
  const int n = (bits - 0x3f3504f3) >> 23;
  const float m = bits_of<float>(bits - (int)((unsigned)n << 23));
  const float f = m - 1.0f, s = f / (2.0f + f), z = s * s;
  const float series = 1.0f / 3.0f + z * (1.0f / 5.0f + z * (1.0f / 7.0f + z * (1.0f / 9.0f + z * (1.0f / 11.0f))));
  const float value = (float)n * 0.693359375f + (f - (s * (f - 2.0f * z * series) + (float)n * 2.12194440e-4f));
  return x > 0.0f ? (x < __builtin_inff() ? value : x) : (x == 0.0f ? -__builtin_inff() : __builtin_nanf(""));
}
MLFF_DEVICE double m_log(double x) {
  const long bits = bits_of<long>(x);
  const long n = (bits - 0x3fe6a09e667f3bcd) >> 52;
  const double m = bits_of<double>(bits - (long)((unsigned long)n << 52));
  const double f = m - 1.0, s = f / (2.0 + f), z = s * s;
  double p = 1.0 / 23.0;
  p = p * z + 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  const double value =
      (double)n * 6.93147180369123816490e-01 + (f - (s * (f - 2.0 * z * p) - (double)n * 1.90821492927058770002e-10));
  return x > 0.0 ? (x < __builtin_inf() ? value : x) : (x == 0.0 ? -__builtin_inf() : __builtin_nan(""));
}

// log(1 + x) for 0 <= x <= 1: log(u) corrected by what 1 + x lost, Higham, Accuracy and Stability, problem 1.5.
MLFF_DEVICE real m_log1p(real x) {
  const real u = real(1) + x;
  const real corrected = m_log(u) * x / (u == real(1) ? real(1) : u - real(1));
  return u == real(1) ? x : corrected;
}

// sin and cos: x minus a multiple of pi/2 in three pieces, then a Taylor polynomial on |r| <= pi/4. For |x| < 1e5.
MLFF_DEVICE float m_sin_quarter(float x, int turn) {
  const float n = __builtin_rintf(x * 0.63661977236758134f);
  const float r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188216e-8f;
  const float z = r * r;
  const float s = r + r * z * (-1.0f / 6.0f + z * (1.0f / 120.0f + z * (-1.0f / 5040.0f + z * (1.0f / 362880.0f))));
  const float c = 1.0f - 0.5f * z + z * z * (1.0f / 24.0f + z * (-1.0f / 720.0f + z * (1.0f / 40320.0f)));
  const int quadrant = (int)n + turn;
  const float value = (quadrant & 1) ? c : s;
  return (quadrant & 2) ? -value : value;
}
MLFF_DEVICE double m_sin_quarter(double x, int turn) {
  const double n = __builtin_rint(x * 0.63661977236758134308);
  const double r =
      ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
  const double z = r * r;
  double s = -1.0 / 1307674368000.0;
  s = s * z + 1.0 / 6227020800.0;
  s = s * z - 1.0 / 39916800.0;
  s = s * z + 1.0 / 362880.0;
  s = s * z - 1.0 / 5040.0;
  s = s * z + 1.0 / 120.0;
  s = s * z - 1.0 / 6.0;
  s = r + r * z * s;
  double c = 1.0 / 20922789888000.0;
  c = c * z - 1.0 / 87178291200.0;
  c = c * z + 1.0 / 479001600.0;
  c = c * z - 1.0 / 3628800.0;
  c = c * z + 1.0 / 40320.0;
  c = c * z - 1.0 / 720.0;
  c = c * z + 1.0 / 24.0;
  c = 1.0 - 0.5 * z + z * z * c;
  const int quadrant = (int)n + turn;
  const double value = (quadrant & 1) ? c : s;
  return (quadrant & 2) ? -value : value;
}
MLFF_DEVICE real m_sin(real x) { return m_sin_quarter(x, 0); }
MLFF_DEVICE real m_cos(real x) { return m_sin_quarter(x, 1); }

MLFF_DEVICE float m_sqrt(float x) { return __builtin_sqrtf(x); }
MLFF_DEVICE double m_sqrt(double x) { return __builtin_sqrt(x); }
MLFF_DEVICE real m_quotient(real x, real y) { return x / y; }
MLFF_DEVICE real m_rsqrt(real x) {
  const real root = m_sqrt(x);
  return x == real(0) ? real(0) : real(1) / root;
}

// tanh: a continued fraction where 1 - 2 / (exp(2 x) + 1) would cancel.
MLFF_DEVICE real m_tanh(real x) {
  const real z = x * x;
  real f = real(17);
  f = real(15) + z / f;
  f = real(13) + z / f;
  f = real(11) + z / f;
  f = real(9) + z / f;
  f = real(7) + z / f;
  f = real(5) + z / f;
  f = real(3) + z / f;
  const real small = x / (real(1) + z / f);
  const real magnitude = x < real(0) ? -x : x;
  const real large = real(1) - real(2) / (m_exp(magnitude + magnitude) + real(1));
  return z < real(0.36) ? small : (x < real(0) ? -large : large);
}

// Registers of a tile product are kVector numbers wide; columns that fill none take narrower ones.
#ifdef __AVX512F__
constexpr int kVectorBytes = 64;
#else
constexpr int kVectorBytes = 32;
#endif
constexpr int kVector = kVectorBytes / (int)sizeof(real);
template <int WIDTH>
struct Numbers {
  typedef real Vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(real))));
};

// a * b + c, rounded alike in every copy of the code: left to itself, the compiler picks either product of a b + c d.
template <typename T>
MLFF_DEVICE T multiply_add(T a, T b, T c) {
#ifdef __FMA__
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// out[r][n] (+)= sum over k of in[r][k] weights[k][n], for ROWS rows and COLUMNS vectors of columns.
template <int IN, int OUT, int ROWS, int COLUMNS, int WIDTH>
MLFF_DEVICE void product_block(const real* MLFF_RESTRICT in, const real* MLFF_RESTRICT weights, real* MLFF_RESTRICT out,
                               const real* MLFF_RESTRICT bias, bool add) {
  using Vector = typename Numbers<WIDTH>::Vector;
  Vector sum[ROWS][COLUMNS];
  MLFF_UNROLL
  for (int r = 0; r < ROWS; ++r) {
    MLFF_UNROLL
    for (int c = 0; c < COLUMNS; ++c) {
      sum[r][c] = add ? *(const Vector*)(out + r * OUT + c * WIDTH)
                      : (bias ? *(const Vector*)(bias + c * WIDTH) : (Vector)(real(0)));
    }
  }
  _Pragma("clang loop unroll_count(2)") for (int k = 0; k < IN; ++k) {
    Vector w[COLUMNS];
    MLFF_UNROLL
    for (int c = 0; c < COLUMNS; ++c) w[c] = *(const Vector*)(weights + (size_t)k * OUT + c * WIDTH);
    MLFF_UNROLL
    for (int r = 0; r < ROWS; ++r) {
      const Vector a = (Vector)(in[r * IN + k]);
      MLFF_UNROLL
      for (int c = 0; c < COLUMNS; ++c) sum[r][c] = multiply_add(a, w[c], sum[r][c]);
    }
  }
  MLFF_UNROLL
  for (int r = 0; r < ROWS; ++r) {
    MLFF_UNROLL
    for (int c = 0; c < COLUMNS; ++c) *(Vector*)(out + r * OUT + c * WIDTH) = sum[r][c];
  }
}

// Blocks of six rows, and the rest as one block, so that no more passes over the weights are made than needed.
template <int IN, int OUT, int COLUMNS, int WIDTH>
MLFF_DEVICE void product_columns(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  int r = 0;
  for (; r + 6 <= rows; r += 6)
    product_block<IN, OUT, 6, COLUMNS, WIDTH>(in + r * IN, weights, out + r * OUT, bias, add);
  in += r * IN, out += r * OUT;
  switch (rows - r) {
    case 5:
      product_block<IN, OUT, 5, COLUMNS, WIDTH>(in, weights, out, bias, add);
      break;
    case 4:
      product_block<IN, OUT, 4, COLUMNS, WIDTH>(in, weights, out, bias, add);
      break;
    case 3:
      product_block<IN, OUT, 3, COLUMNS, WIDTH>(in, weights, out, bias, add);
      break;
    case 2:
      product_block<IN, OUT, 2, COLUMNS, WIDTH>(in, weights, out, bias, add);
      break;
    case 1:
      product_block<IN, OUT, 1, COLUMNS, WIDTH>(in, weights, out, bias, add);
      break;
  }
}

// The columns after the last whole vector: one vector for each power of two in their number.
template <int IN, int OUT, int WIDTH>
MLFF_DEVICE void product_rest(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  constexpr int n = OUT / (2 * WIDTH) * (2 * WIDTH);
  if constexpr (OUT - n >= WIDTH) {
    product_columns<IN, OUT, 1, WIDTH>(rows, in, weights + n, out + n, bias ? bias + n : nullptr, add);
  }
  if constexpr (WIDTH > 1) product_rest<IN, OUT, WIDTH / 2>(rows, in, weights, out, bias, add);
}

// A single column: a dot product of each row.
template <int IN>
MLFF_DEVICE void product_single(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  using Vector = typename Numbers<kVector>::Vector;
  MLFF_EACH_ATOM(r, rows) {
    Vector sums = (Vector)(real(0));
    int k = 0;
    for (; k + kVector <= IN; k += kVector) {
      sums = multiply_add(*(const Vector*)(in + r * IN + k), *(const Vector*)(weights + k), sums);
    }
    real sum = add ? out[r] : (bias ? bias[0] : real(0));
    MLFF_UNROLL
    for (int lane_of_sums = 0; lane_of_sums < kVector; ++lane_of_sums) sum += sums[lane_of_sums];
    for (; k < IN; ++k) sum = multiply_add(in[r * IN + k], weights[k], sum);
    out[r] = sum;
  }
}

// Rows times a matrix: out[rows][OUT] = in[rows][IN] weights[IN][OUT] + bias, or added to out.
template <int IN, int OUT>
static __attribute__((noinline)) void linear_tile(int rows, const real* in, const real* weights, real* out,
                                                  const real* bias, bool add) {
  if constexpr (OUT == 1) return product_single<IN>(rows, in, weights, out, bias, add);
  constexpr int kWide = 4 * kVector;
  int n = 0;
  for (; n + kWide <= OUT; n += kWide) {
    product_columns<IN, OUT, 4, kVector>(rows, in, weights + n, out + n, bias ? bias + n : nullptr, add);
  }
  for (; n + kVector <= OUT; n += kVector) {
    product_columns<IN, OUT, 1, kVector>(rows, in, weights + n, out + n, bias ? bias + n : nullptr, add);
  }
  product_rest<IN, OUT, kVector / 2>(rows, in, weights, out, bias, add);
}
// A GPU fetches the next product's weights ahead, and splits what it multiplies.
constexpr int kRingReals = 0;
struct Steps {};
MLFF_DEVICE Steps no_steps() { return {}; }
template <int IN, int OUT, int COUNT, int ROWS>
MLFF_DEVICE Steps first_steps(const real*) {
  return {};
}
MLFF_DEVICE void fetch_ahead(real*, Steps) {}
template <int C, int ROWS>
MLFF_DEVICE void split_rows(real*, real*, int) {}

// Rows times COUNT matrices, which lie one behind another, as do their biases.
template <int IN, int OUT, int COUNT, int ROWS>
MLFF_DEVICE void linear_tile(int rows, const real* in, const real*, const real* weights, real, const real* bias,
                             bool add, real*, Steps, real* out, real* out_1 = nullptr, real* out_2 = nullptr) {
  real* const outs[] = {out, out_1, out_2};
  for (int k = 0; k < COUNT; ++k) {
    linear_tile<IN, OUT>(rows, in, weights + k * IN * OUT, outs[k], bias ? bias + k * OUT : nullptr, add);
  }
}

// The same for the pairs of a team.
template <int IN, int OUT>
MLFF_DEVICE void linear_team(int rows, const real* in, const real* weights, real* out, const real* bias, bool add) {
  linear_tile<IN, OUT>(rows, in, weights, out, bias, add);
}

#pragma clang fp reassociate(on)
