#include "runtime/cuda_model/fragments.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

namespace mlffgen::cuda_model {
namespace {

constexpr std::uint32_t kSign = 0x80000000u, kInfinity = 0x7f800000u;            // of a float
constexpr std::uint32_t kTooLarge = 0x47800000u, kSmallestNormal = 0x38800000u;  // 2^16 and 2^-14 as floats
constexpr int kDropped = 13;                                                     // bits of a float's fraction
constexpr std::uint16_t kHalfInfinity = 0x7c00, kHalfNan = 0x7e00, kHalfSign = 0x8000;

}  // namespace

std::uint16_t half_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value), magnitude = bits & ~kSign;
  const auto sign = static_cast<std::uint32_t>((bits & kSign) >> 16);
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = kHalfNan;
  } else if (magnitude >= kTooLarge) {
    half = kHalfInfinity;
  } else if (magnitude < kSmallestNormal) {
    // The sum's last place is that of the smallest halves, 2^-24: the addition rounds.
    constexpr float kHalf = 0.5f;
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + kHalf) - std::bit_cast<std::uint32_t>(kHalf);
  } else {
    // Just below half of the last place that is kept, and one more if that is odd; a carry goes to the exponent.
    const std::uint32_t odd = magnitude >> kDropped & 1;
    half = (magnitude - (kSmallestNormal - (1u << 23)) + ((1u << (kDropped - 1)) - 1) + odd) >> kDropped;
  }
  return static_cast<std::uint16_t>(sign | half);
}

float number_of_half(std::uint16_t bits) {
  const auto sign = static_cast<std::uint32_t>(bits & kHalfSign) << 16;
  const auto magnitude = static_cast<std::uint32_t>(bits & ~kHalfSign);
  if (magnitude >= kHalfInfinity) {
    return std::bit_cast<float>(sign | kInfinity | (magnitude - kHalfInfinity) << kDropped);
  }
  // As a float, the exponent's bits count from another one: 2^(127 - 15) less.
  constexpr float kLess = 0x1p112f;
  const float value = std::bit_cast<float>(magnitude << kDropped) * kLess;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
}

std::vector<std::uint32_t> split_fragments(std::span<const float> matrices, int inputs, int outputs, int exponent) {
  const auto rows = static_cast<std::size_t>(inputs), columns = static_cast<std::size_t>(outputs);
  std::vector<std::uint32_t> fragments(matrices.size());
  const double scale = std::ldexp(1.0, exponent);
  const auto halves_of = [&](float number) {
    const auto scaled = static_cast<float>(number * scale);
    const std::uint16_t first = half_bits(scaled);
    return std::array{first, half_bits(scaled - number_of_half(first))};
  };
  std::uint32_t* to = fragments.data();
  const auto add_step = [&](const float* step) {
    constexpr std::size_t kQuads = 128;  // words of all lanes' quads
    for (std::size_t n = 0; n < kQuads; ++n) {
      const std::size_t lane = n / 4, word = n % 4;
      const float* const number = step + (lane % 4 * 4 + word / 2 * 2) * columns + lane / 4 * 2 + word % 2;
      const auto above = halves_of(number[0]), below = halves_of(number[columns]);
      for (std::size_t half = 0; half < 2; ++half) {
        to[half * kQuads + n] = static_cast<std::uint32_t>(above[half]) | static_cast<std::uint32_t>(below[half]) << 16;
      }
    }
    to += 2 * kQuads;
  };
  for (std::size_t matrix = 0; matrix < matrices.size(); matrix += rows * columns) {
    for (std::size_t column = 0; column < columns; column += 16) {
      for (std::size_t row = 0; row < rows; row += 16) add_step(matrices.data() + matrix + row * columns + column);
    }
  }
  return fragments;
}

}  // namespace mlffgen::cuda_model
