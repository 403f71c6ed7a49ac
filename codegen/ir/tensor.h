// Constant arrays of a model: weights and everything the compiler computes from them, in double.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlffgen::ir {

// Row-major values of one or two dimensions; immutable once made, so that graphs share them.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
  std::string name;        // where it came from, for people
  std::uint64_t hash = 0;  // of shape and values

  std::int64_t rows() const { return shape.size() == 2 ? shape[0] : 1; }
  std::int64_t columns() const { return shape.back(); }
};

using TensorPtr = std::shared_ptr<const Tensor>;

TensorPtr make_tensor(std::string name, std::vector<std::int64_t> shape, std::vector<double> values);
// [channels] filled with one value.
TensorPtr make_filled(double value, int channels);
// Rows begin .. begin + count - 1 of a matrix, or the same range of a vector.
TensorPtr slice_rows(const TensorPtr& tensor, std::int64_t begin, std::int64_t count);
// Columns begin .. begin + count - 1 of a matrix.
TensorPtr slice_columns(const TensorPtr& tensor, std::int64_t begin, std::int64_t count);
TensorPtr transpose(const TensorPtr& matrix);
// Matrices of one shape below one another; vectors become rows.
TensorPtr stack(const std::vector<TensorPtr>& parts);

bool same_tensor(const TensorPtr& a, const TensorPtr& b);  // same shape and values; both may be null

}  // namespace mlffgen::ir
