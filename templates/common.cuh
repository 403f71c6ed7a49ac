// What both targets share. `real` is float or double, by the model's precision.

#ifndef MLFF_TILE
#define MLFF_TILE 16
#endif
#ifndef MLFF_PAIR_BATCH
#define MLFF_PAIR_BATCH 4
#endif
MLFF_TUNABLE("4,8,16,32") constexpr int kTile = MLFF_TILE;           // atoms a block takes at most
MLFF_TUNABLE("1,2,4,8") constexpr int kPairBatch = MLFF_PAIR_BATCH;  // pairs a team works on at once
// The same where both sums over neighbours and sums over channels are held.
constexpr int kHeavyPairBatch = kFewRegisters && kPairBatch > 1 ? kPairBatch / 2 : kPairBatch;

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

// Neighbouring channels of C that a lane takes at once, as MLFF_EACH_GROUP(c, f, C) does: channels f, f + 1, ... in
// slots c, c + 1, ...
template <int C>
struct alignas(group_size<C>() * sizeof(real) < 16 ? group_size<C>() * sizeof(real) : 16) Group {
  real value[group_size<C>()];
};
template <int C>
MLFF_DEVICE Group<C> group_at(const real* from) {
  return *(const Group<C>*)from;
}
template <int C>
MLFF_DEVICE void put_group(real* to, const Group<C>& group) {
  *(Group<C>*)to = group;
}
#define MLFF_EACH_OF_GROUP(u, C) MLFF_UNROLL for (int u = 0; u < group_size<(C)>(); ++u)
template <int C>
MLFF_DEVICE Group<C> group_of_slots(const real (&slot)[slots<C>()], int c) {
  Group<C> group;
  MLFF_EACH_OF_GROUP(u, C) group.value[u] = slot[c + u];
  return group;
}
template <int C>
MLFF_DEVICE void add_multiple(Group<C>& sum, real x, const Group<C>& group) {
  MLFF_EACH_OF_GROUP(u, C) sum.value[u] += x * group.value[u];
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
MLFF_DEVICE real m_sigmoid(real x) { return m_quotient(real(1), real(1) + m_exp(-x)); }
MLFF_DEVICE real m_silu(real x) { return m_quotient(x, real(1) + m_exp(-x)); }
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

// sum over k of weight[k] * table[k][C], from a channel on.
template <int DEGREE, int C>
MLFF_DEVICE Group<C> spline_sum(const real (&weight)[DEGREE + 1], const real* table) {
  Group<C> sum;
  const Group<C> first = group_at<C>(table);
  MLFF_EACH_OF_GROUP(u, C) sum.value[u] = weight[0] * first.value[u];
  MLFF_UNROLL
  for (int k = 1; k <= DEGREE; ++k) add_multiple<C>(sum, weight[k], group_at<C>(table + k * C));
  return sum;
}
