#include "runtime/cuda_model/fragments.h"

#include <cstddef>

namespace mlffgen::cuda_model {

std::vector<float> in_order_of_fragments(std::span<const float> matrices, int inputs, int outputs) {
  const auto rows = static_cast<std::size_t>(inputs), columns = static_cast<std::size_t>(outputs);
  std::vector<float> fragments;
  fragments.reserve(matrices.size());
  const auto add_step = [&](const float* step) {
    for (std::size_t half = 0; half < 2; ++half) {
      for (std::size_t lane = 0; lane < 32; ++lane) {
        const float* const quad = step + (lane % 4 * 4 + half * 2) * columns + lane / 4 * 2;
        fragments.insert(fragments.end(), {quad[0], quad[1], quad[columns], quad[columns + 1]});
      }
    }
  };
  for (std::size_t matrix = 0; matrix < matrices.size(); matrix += rows * columns) {
    for (std::size_t column = 0; column < columns; column += 16) {
      for (std::size_t row = 0; row < rows; row += 16) add_step(matrices.data() + matrix + row * columns + column);
    }
  }
  return fragments;
}

}  // namespace mlffgen::cuda_model
