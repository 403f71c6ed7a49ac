#include "cli/checks/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace mlffgen::cli {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::size_t Random::index(std::size_t count) { return static_cast<std::size_t>(next() % count); }

runtime::Vector3 Random::direction() {
  const double z = uniform(-1, 1), angle = uniform(0, 2 * std::numbers::pi), radius = std::sqrt(1 - z * z);
  return {radius * std::cos(angle), radius * std::sin(angle), z};
}

// A uniform unit quaternion (Shoemake, Graphics Gems III, 1992).
Matrix3 Random::rotation() {
  const double u = uniform(), a = uniform(0, 2 * std::numbers::pi), b = uniform(0, 2 * std::numbers::pi);
  const double x = std::sqrt(1 - u) * std::sin(a), y = std::sqrt(1 - u) * std::cos(a);
  const double z = std::sqrt(u) * std::sin(b), w = std::sqrt(u) * std::cos(b);
  return {{{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
           {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
           {2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}}};
}

std::vector<std::size_t> Random::order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t k = count; k > 1; --k) std::swap(order[k - 1], order[index(k)]);
  return order;
}

runtime::Vector3 product(const Matrix3& matrix, const runtime::Vector3& v) {
  runtime::Vector3 out{};
  for (std::size_t row = 0; row < 3; ++row) {
    out[row] = matrix[row][0] * v[0] + matrix[row][1] * v[1] + matrix[row][2] * v[2];
  }
  return out;
}

}  // namespace mlffgen::cli
