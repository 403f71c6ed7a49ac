// What the emission of one kernel collects: its arguments, and the model's constants.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codegen/emit/emit.h"

namespace mlffgen::emit {

// Constant arrays of the whole model, equal ones shared.
class ConstantPool {
 public:
  explicit ConstantPool(bool double_precision) : double_precision_(double_precision) {}

  // The name of the array holding the tensor's values in order.
  std::string add(const ir::TensorPtr& tensor);
  // The same of a matrix [inputs][outputs] that tiles of atoms are multiplied by, and the exponent of the power of two
  // that it is multiplied by in that use: not 0 for matrices on tensor cores alone.
  std::pair<std::string, int> add_matrix(const ir::TensorPtr& tensor, int inputs, int outputs);
  const std::vector<Constant>& constants() const { return constants_; }
  const std::vector<char>& data() const { return data_; }

 private:
  std::size_t place_of(const ir::TensorPtr& tensor, int inputs, int outputs);

  bool double_precision_;
  std::vector<ir::TensorPtr> tensors_;
  std::vector<Constant> constants_;
  std::vector<char> data_;
};

// The state of one kernel's emission.
struct Context {
  const ir::Graph& graph;
  const Schedule& schedule;
  const Phase& phase;
  int number = 0;                    // of the phase
  const Segment* segment = nullptr;  // the one being emitted
  bool double_precision = false;
  ConstantPool& constants;
  std::set<std::string> used;     // argument names
  std::set<std::string> written;  // arguments that the kernel writes
  std::set<NodeId> ready;         // values of this phase kept so far

  std::string use(const std::string& argument) {
    used.insert(argument);
    return argument;
  }
  std::string write(const std::string& argument) {
    written.insert(argument);
    return use(argument);
  }
  // The name of a node's buffer, or empty.
  std::string buffer_name(NodeId id) const;
  // A number of the model's precision.
  std::string literal(double value) const;
};

// A row-major index: "row_of(ITEM, SIZE) + OFFSET + CHANNEL" without needless terms.
std::string index_text(const std::string& item, int size, int offset, const std::string& channel);

}  // namespace mlffgen::emit
