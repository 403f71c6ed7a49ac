// The constant arrays of a model: weights, tables of elements and splines.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codegen/ir/tensor.h"

namespace mlffgen::emit {

// A constant array in the packed constants.
struct Constant {
  std::string name;
  std::size_t offset = 0, bytes = 0;
  // Of a matrix that a GPU wants in the form of tensor cores' fragments (templates/tile_product.cuh), else 0: its
  // shape, and the exponent of the power of two that the fragments are multiplied by.
  int inputs = 0, outputs = 0, exponent = 0;
};

// Equal arrays are shared, also by the forms of a model.
class ConstantPool {
 public:
  explicit ConstantPool(bool double_precision) : double_precision_(double_precision) {}

  // The name of the array holding the tensor's values in order.
  std::string add(const ir::TensorPtr& tensor);
  // The same of a matrix [inputs][outputs] that tiles of atoms are multiplied by, and the exponent of the power of two
  // that it is multiplied by in that use: not 0 for matrices on tensor cores alone.
  std::pair<std::string, int> add_matrix(const ir::TensorPtr& tensor, int inputs, int outputs);
  const std::vector<Constant>& constants() const { return constants_; }
  const std::vector<char>& data() const { return data_; }  // little-endian float or double, at multiples of 64 bytes

 private:
  std::size_t place_of(const ir::TensorPtr& tensor, int inputs, int outputs);

  bool double_precision_;
  std::vector<ir::TensorPtr> tensors_;
  std::vector<Constant> constants_;
  std::vector<char> data_;
};

}  // namespace mlffgen::emit
