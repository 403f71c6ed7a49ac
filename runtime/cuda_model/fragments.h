// The form in which a dense layer on tensor cores reads its weights (templates/tile_product.cuh).
//
// Each number times 2^exponent is split into two of half precision (IEEE 754 binary16): the nearest one, and the one
// nearest to the rest.
//
// A matrix [inputs][outputs], both multiples of 16, lies in steps of 16 x 16 numbers: the steps of the first 16 columns
// from the top down, those of the next 16 columns behind them, and so on. A step is what a warp multiplies by at a
// time, two quads of words for each lane: the first halves of eight numbers and their second halves. With g = lane / 4
// and t = lane % 4, these are rows 4 t and 4 t + 1 of column 2 g, then of column 2 g + 1, then rows 4 t + 2 and 4 t + 3
// of the same; two rows are a word, the first one in its lower bits. The first quads of all lanes lie before the second
// ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mlffgen::cuda_model {

// The bits of the number of half precision that is nearest to `value`, ties to even; beyond 65504 infinity.
std::uint16_t half_bits(float value);
// The number that they stand for.
float number_of_half(std::uint16_t bits);

// Of matrices float [count][inputs][outputs], each by itself: as many words as numbers.
std::vector<std::uint32_t> split_fragments(std::span<const float> matrices, int inputs, int outputs, int exponent);

}  // namespace mlffgen::cuda_model
