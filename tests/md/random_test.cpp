// The random numbers of Langevin dynamics.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <set>
#include <tuple>

#include "templates/dynamics_step.h"

namespace {

using Words = std::array<unsigned, 4>;

Words philox(const Words& counter, unsigned key0, unsigned key1) {
  MlffRandom in{};
  for (std::size_t k = 0; k < 4; ++k) in.word[k] = counter[k];
  const MlffRandom out = mlff_philox(in, key0, key1);
  return {out.word[0], out.word[1], out.word[2], out.word[3]};
}

}  // namespace

TEST_CASE("Philox gives the known answers of Random123") {
  CHECK(philox({0, 0, 0, 0}, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff, 0xffffffff) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random numbers are normal: four moments and the tails") {
  constexpr int kSamples = 200000;
  double sum = 0, square = 0, cube = 0, fourth = 0, beyond_three = 0;
  for (int k = 0; k < kSamples; ++k) {
    double x[3];
    mlff_normals(7, 0, k, 3, 1, x);
    for (const double v : x) {
      sum += v;
      square += v * v;
      cube += v * v * v;
      fourth += v * v * v * v;
      beyond_three += std::abs(v) > 3 ? 1 : 0;
    }
  }
  const double n = 3.0 * kSamples;
  // Five standard deviations of each estimate.
  CHECK(std::abs(sum / n) < 5 * std::sqrt(1 / n));
  CHECK(std::abs(square / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(cube / n) < 5 * std::sqrt(15 / n));
  CHECK(std::abs(fourth / n - 3) < 5 * std::sqrt(96 / n));
  CHECK(std::abs(beyond_three / n - 0.0026998) < 5 * std::sqrt(0.0027 / n));
}

TEST_CASE("the three numbers of an atom are independent of each other") {
  constexpr int kSamples = 100000;
  double xy = 0, yz = 0, zx = 0;
  for (int k = 0; k < kSamples; ++k) {
    double x[3];
    mlff_normals(1, 2, k, 0, 0, x);
    xy += x[0] * x[1];
    yz += x[1] * x[2];
    zx += x[2] * x[0];
  }
  for (const double product : {xy, yz, zx}) CHECK(std::abs(product / kSamples) < 5 / std::sqrt(kSamples));
}

TEST_CASE("seed, step, atom and replica each change all three numbers") {
  std::set<double> seen;
  int numbers = 0;
  for (const auto& [low, high, step, atom, replica] : {std::tuple{1u, 0u, 0LL, 0, 0},
                                                       {2u, 0u, 0LL, 0, 0},
                                                       {1u, 1u, 0LL, 0, 0},
                                                       {1u, 0u, 1LL, 0, 0},
                                                       {1u, 0u, 1LL << 32, 0, 0},
                                                       {1u, 0u, 0LL, 1, 0},
                                                       {1u, 0u, 0LL, 0, 1}}) {
    double x[3];
    mlff_normals(low, high, step, atom, replica, x);
    seen.insert(x, x + 3);
    numbers += 3;
  }
  CHECK(static_cast<int>(seen.size()) == numbers);
}
