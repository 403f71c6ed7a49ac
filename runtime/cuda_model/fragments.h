// The order in which a dense layer on tensor cores reads its weights (templates/tile_product.cuh).
//
// A matrix [inputs][outputs], both multiples of 16, lies in steps of 16 x 16 numbers: the steps of the first 16 columns
// from the top down, those of the next 16 columns behind them, and so on. A step is what a warp multiplies by at a
// time, two quads of neighbouring numbers for each lane: with g = lane / 4 and t = lane % 4, the first quad holds rows
// 4 t and 4 t + 1 of columns 2 g and 2 g + 1, row by row, and the second one rows 4 t + 2 and 4 t + 3 of the same. The
// first quads of all lanes lie before the second ones.
#pragma once

#include <span>
#include <vector>

namespace mlffgen::cuda_model {

// Of matrices float [count][inputs][outputs], each by itself.
std::vector<float> in_order_of_fragments(std::span<const float> matrices, int inputs, int outputs);

}  // namespace mlffgen::cuda_model
