#include "codegen/emit/constant_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace mlffgen::emit {

namespace {

constexpr std::size_t kAlignment = 64;

// Brings the largest number to 2^13 .. 2^14, well below the largest of half precision.
int exponent_for_halves(const ir::Tensor& tensor) {
  double most = 0;
  for (const double value : tensor.values) most = std::max(most, std::abs(value));
  constexpr int kTop = 13, kMost = 100;  // of numbers that are all tiny
  return most > 0 ? std::min(kTop - std::ilogb(most), kMost) : 0;
}

}  // namespace

std::string ConstantPool::add(const ir::TensorPtr& tensor) { return constants_[place_of(tensor, 0, 0)].name; }

std::pair<std::string, int> ConstantPool::add_matrix(const ir::TensorPtr& tensor, int inputs, int outputs) {
  const bool fragments = !double_precision_ && inputs % 16 == 0 && outputs % 16 == 0;  // on_tensor_cores()
  Constant& constant = constants_[fragments ? place_of(tensor, inputs, outputs) : place_of(tensor, 0, 0)];
  if (fragments) constant.exponent = exponent_for_halves(*tensor);
  return {constant.name, constant.exponent};
}

std::size_t ConstantPool::place_of(const ir::TensorPtr& tensor, int inputs, int outputs) {
  for (std::size_t k = 0; k < tensors_.size(); ++k) {
    if (constants_[k].inputs == inputs && constants_[k].outputs == outputs && ir::same_tensor(tensors_[k], tensor)) {
      return k;
    }
  }
  Constant constant;
  constant.inputs = inputs;
  constant.outputs = outputs;
  constant.name = fmt::format("c{}", constants_.size());
  constant.offset = (data_.size() + kAlignment - 1) / kAlignment * kAlignment;
  constant.bytes = tensor->values.size() * (double_precision_ ? sizeof(double) : sizeof(float));
  data_.resize(constant.offset + constant.bytes, 0);
  char* target = data_.data() + constant.offset;
  if (double_precision_) {
    std::memcpy(target, tensor->values.data(), constant.bytes);
  } else {
    for (std::size_t k = 0; k < tensor->values.size(); ++k) {
      const auto value = static_cast<float>(tensor->values[k]);
      std::memcpy(target + k * sizeof(float), &value, sizeof(float));
    }
  }
  tensors_.push_back(tensor);
  constants_.push_back(constant);
  return constants_.size() - 1;
}

}  // namespace mlffgen::emit
