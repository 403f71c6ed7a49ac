// Random numbers that are the same on every machine: the standard library leaves its distributions to the implementer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/structure.h"

namespace mlffgen::cli {

using Matrix3 = std::array<runtime::Vector3, 3>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  double uniform();                                   // [0, 1)
  double uniform(double low, double high);            // [low, high)
  std::size_t index(std::size_t count);               // 0 .. count - 1
  runtime::Vector3 direction();                       // a unit vector, all alike probable
  Matrix3 rotation();                                 // proper, all alike probable
  std::vector<std::size_t> order(std::size_t count);  // a permutation

 private:
  std::uint64_t next();

  std::uint64_t state_;
};

runtime::Vector3 product(const Matrix3& matrix, const runtime::Vector3& v);

}  // namespace mlffgen::cli
