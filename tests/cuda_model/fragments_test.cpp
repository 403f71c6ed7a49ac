#include "runtime/cuda_model/fragments.h"

#include <doctest/doctest.h>

using mlffgen::cuda_model::in_order_of_fragments;

namespace {

struct Place {
  int row, column;
};

// The number at a position of a matrix in the order of fragments, by its digits: column of steps, step, half, lane,
// row and column in the quad.
Place place_of(int position, int inputs) {
  const int odd = position % 2, hi = position / 2 % 2, lane = position / 4 % 32, half = position / 128 % 2;
  const int step = position / 256 % (inputs / 16), column_of_steps = position / 256 / (inputs / 16);
  return {16 * step + 4 * (lane % 4) + 2 * half + hi, 16 * column_of_steps + 2 * (lane / 4) + odd};
}

}  // namespace

TEST_CASE("each position holds the number of a matrix that the order of fragments puts there") {
  for (const int inputs : {16, 32, 48}) {
    for (const int outputs : {16, 64, 80}) {
      for (const int count : {1, 3}) {
        CAPTURE(inputs);
        CAPTURE(outputs);
        CAPTURE(count);
        const int size = inputs * outputs;
        std::vector<float> matrices, expected;
        for (int k = 0; k < count * size; ++k) matrices.push_back(static_cast<float>(k));
        for (int k = 0; k < count * size; ++k) {
          const Place place = place_of(k % size, inputs);
          expected.push_back(static_cast<float>(k / size * size + place.row * outputs + place.column));
        }
        CHECK(in_order_of_fragments(matrices, inputs, outputs) == expected);
      }
    }
  }
}
