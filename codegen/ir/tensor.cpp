#include "codegen/ir/tensor.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <utility>

#include "base/error.h"

namespace mlffgen::ir {

TensorPtr make_tensor(std::string name, std::vector<std::int64_t> shape, std::vector<double> values) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  internal_check(!shape.empty() && shape.size() <= 2 && count == static_cast<std::int64_t>(values.size()),
                 "a tensor's values do not fill its shape");
  auto tensor = std::make_shared<Tensor>();
  const XXH64_hash_t seed = XXH3_64bits(shape.data(), shape.size() * sizeof(std::int64_t));
  tensor->hash = XXH3_64bits_withSeed(values.data(), values.size() * sizeof(double), seed);
  tensor->name = std::move(name);
  tensor->shape = std::move(shape);
  tensor->values = std::move(values);
  return tensor;
}

TensorPtr make_filled(double value, int channels) {
  return make_tensor("", {channels}, std::vector<double>(static_cast<std::size_t>(channels), value));
}

TensorPtr slice_rows(const TensorPtr& tensor, std::int64_t begin, std::int64_t count) {
  const std::int64_t stride = tensor->shape.size() == 2 ? tensor->columns() : 1;
  std::vector<std::int64_t> shape = tensor->shape;
  internal_check(begin >= 0 && count > 0 && begin + count <= shape[0], "row slice out of range");
  shape[0] = count;
  const auto first = tensor->values.begin() + begin * stride;
  return make_tensor(tensor->name, std::move(shape), std::vector<double>(first, first + count * stride));
}

TensorPtr slice_columns(const TensorPtr& tensor, std::int64_t begin, std::int64_t count) {
  internal_check(tensor->shape.size() == 2 && begin >= 0 && count > 0 && begin + count <= tensor->columns(),
                 "column slice out of range");
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(tensor->rows() * count));
  for (std::int64_t r = 0; r < tensor->rows(); ++r) {
    const auto first = tensor->values.begin() + r * tensor->columns() + begin;
    values.insert(values.end(), first, first + count);
  }
  return make_tensor(tensor->name, {tensor->rows(), count}, std::move(values));
}

TensorPtr transpose(const TensorPtr& matrix) {
  internal_check(matrix->shape.size() == 2, "transpose of what is not a matrix");
  const std::int64_t rows = matrix->rows(), columns = matrix->columns();
  std::vector<double> values(matrix->values.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      values[static_cast<std::size_t>(c * rows + r)] = matrix->values[static_cast<std::size_t>(r * columns + c)];
    }
  }
  return make_tensor(matrix->name, {columns, rows}, std::move(values));
}

TensorPtr stack(const std::vector<TensorPtr>& parts) {
  std::vector<double> values;
  for (const TensorPtr& part : parts) {
    internal_check(part->shape == parts[0]->shape, "a stack of tensors of different shapes");
    values.insert(values.end(), part->values.begin(), part->values.end());
  }
  const auto count = static_cast<std::int64_t>(parts.size());
  return make_tensor(parts[0]->name, {count * parts[0]->rows(), parts[0]->columns()}, std::move(values));
}

bool same_tensor(const TensorPtr& a, const TensorPtr& b) {
  if (a == b) return true;
  if (!a || !b) return false;
  return a->hash == b->hash && a->shape == b->shape && a->values == b->values;
}

}  // namespace mlffgen::ir
