#include "runtime/cuda_model/fragments.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using mlffgen::cuda_model::half_bits;
using mlffgen::cuda_model::number_of_half;
using mlffgen::cuda_model::split_fragments;

namespace {

__extension__ using Half = _Float16;  // the compiler's, for reference

std::uint16_t compiler_bits(float value) { return std::bit_cast<std::uint16_t>(static_cast<Half>(value)); }
float compiler_number(std::uint16_t bits) { return static_cast<float>(std::bit_cast<Half>(bits)); }

// NaNs may carry anything.
bool same_half(std::uint16_t a, std::uint16_t b) {
  const auto is_nan = [](std::uint16_t bits) { return (bits & 0x7fff) > 0x7c00; };
  return is_nan(a) || is_nan(b) ? is_nan(a) && is_nan(b) && (a & 0x8000) == (b & 0x8000) : a == b;
}

// Where the two numbers of a word come from: a column, and a row and the one below it.
struct Place {
  int half, row, column;
};

// By the digits of the word's position in a matrix: column of steps, step, half, lane, rows and column in the quad.
Place place_of(int position, int inputs) {
  const int odd = position % 2, hi = position / 2 % 2, lane = position / 4 % 32, half = position / 128 % 2;
  const int step = position / 256 % (inputs / 16), column_of_steps = position / 256 / (inputs / 16);
  return {half, 16 * step + 4 * (lane % 4) + 2 * hi, 16 * column_of_steps + 2 * (lane / 4) + odd};
}

std::vector<float> random_numbers(int count, int lowest, int highest) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> mantissa(-2, 2);
  std::uniform_int_distribution<int> exponent(lowest, highest);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = std::ldexp(mantissa(random), exponent(random));
  return values;
}

// What a matrix of one step keeps of its numbers, first halves before second ones.
std::vector<double> kept_numbers(const std::vector<float>& step, int exponent) {
  const std::vector<std::uint32_t> words = split_fragments(step, 16, 16, exponent);
  std::vector<double> kept(step.size());
  for (std::size_t k = 0; k < words.size(); ++k) {
    const Place place = place_of(static_cast<int>(k), 16);
    const auto at = static_cast<std::size_t>(place.row * 16 + place.column);
    kept[at] += static_cast<double>(compiler_number(static_cast<std::uint16_t>(words[k])));
    kept[at + 16] += static_cast<double>(compiler_number(static_cast<std::uint16_t>(words[k] >> 16)));
  }
  return kept;
}

}  // namespace

TEST_CASE("each position holds the halves of the numbers that the order of fragments puts there") {
  for (const int inputs : {16, 32, 48}) {
    for (const int outputs : {16, 64, 80}) {
      for (const int count : {1, 3}) {
        for (const int exponent : {-4, 0, 11}) {
          CAPTURE(inputs);
          CAPTURE(outputs);
          CAPTURE(count);
          CAPTURE(exponent);
          const int size = inputs * outputs;
          const std::vector<float> matrices = random_numbers(count * size, -8, 3);
          const auto half_of = [&](int matrix, const Place& place, int below) -> std::uint32_t {
            const int at = matrix * size + (place.row + below) * outputs + place.column;
            const float scaled = std::ldexp(matrices[static_cast<std::size_t>(at)], exponent);
            const std::uint16_t first = compiler_bits(scaled);
            return place.half == 0 ? first : compiler_bits(scaled - compiler_number(first));
          };
          std::vector<std::uint32_t> expected;
          for (int k = 0; k < count * size; ++k) {
            const Place place = place_of(k % size, inputs);
            expected.push_back(half_of(k / size, place, 0) | half_of(k / size, place, 1) << 16);
          }
          CHECK(split_fragments(matrices, inputs, outputs, exponent) == expected);
        }
      }
    }
  }
}

TEST_CASE("two halves keep a number to 2^-22 of it, or 2^-25 if it is small") {
  for (const int exponent : {-100, -7, 0, 13, 128}) {
    CAPTURE(exponent);
    for (int lowest = -40; lowest < 15; lowest += 5) {
      CAPTURE(lowest);
      // The largest come near 2^15 after the multiplication.
      const std::vector<float> step = random_numbers(256, lowest - exponent, std::min(lowest + 4, 14) - exponent);
      const std::vector<double> kept = kept_numbers(step, exponent);
      for (std::size_t k = 0; k < step.size(); ++k) {
        const double number = std::ldexp(static_cast<double>(step[k]), exponent);
        CHECK(std::abs(kept[k] - number) <= std::max(std::ldexp(std::abs(number), -22), std::ldexp(1.0, -25)));
      }
    }
  }
}

TEST_CASE("every half is the number that the compiler takes it for, and back") {
  int wrong = 0;
  for (std::uint32_t k = 0; k < 0x10000; ++k) {
    const auto bits = static_cast<std::uint16_t>(k);
    const float number = number_of_half(bits), expected = compiler_number(bits);
    const bool same = std::isnan(expected)
                          ? std::isnan(number)
                          : std::bit_cast<std::uint32_t>(number) == std::bit_cast<std::uint32_t>(expected);
    if (!same || !same_half(half_bits(number), bits)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("numbers are rounded to halves as the compiler does it") {
  const auto same = [](float value) {
    return same_half(half_bits(value), compiler_bits(value)) && same_half(half_bits(-value), compiler_bits(-value));
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  int wrong = 0;
  // Ties between neighbours, beyond the largest ones, too, and what is next to them.
  for (std::uint16_t bits = 0; bits < 0x7c00; ++bits) {
    const float upper = bits == 0x7bff ? 65536.0f : compiler_number(static_cast<std::uint16_t>(bits + 1));
    const float tie = (compiler_number(bits) + upper) / 2;
    for (const float value : {tie, std::nextafter(tie, 0.0f), std::nextafter(tie, kInfinity)}) {
      if (!same(value)) ++wrong;
    }
  }
  CHECK(wrong == 0);
  std::mt19937 random(1);
  for (int k = 0; k < 1000000; ++k) {
    if (!same(std::bit_cast<float>(static_cast<std::uint32_t>(random())))) ++wrong;
  }
  for (const float value : random_numbers(1000000, -28, 18)) {
    if (!same(value)) ++wrong;
  }
  CHECK(wrong == 0);
  for (const float value : {0.0f, kInfinity, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::max(),
                            std::numeric_limits<float>::min(), std::numeric_limits<float>::denorm_min(), 65504.0f,
                            65519.996f, 65520.0f, 0x1p-24f, 0x1p-25f}) {
    CAPTURE(value);
    CHECK(same(value));
  }
}
