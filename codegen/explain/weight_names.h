// Short symbols for the weights of a model, and the table that says which is which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/explain/program_names.h"
#include "codegen/ir/graph.h"

namespace mlffgen::explain {

class WeightNames {
 public:
  // Numbers the weights in the order of the program's equations. Weights whose names differ in one number alone, that
  // of the layer that uses them, share a symbol with the layer as its superscript.
  WeightNames(const ir::Graph& program, const ProgramNames& names);

  // The symbol of a weight, or of a part or the transpose of one; none for a tensor that the compiler made.
  std::optional<std::string> latex(const ir::TensorPtr& tensor, LayerStyle style) const;

  // Markdown: symbol, name, shape.
  std::string table() const;

 private:
  enum class Letter { matrix, bias, table, constant };
  struct Entry {
    ir::TensorPtr tensor;
    Letter letter = Letter::matrix;
    int number = 0;
    int layer = -1;       // superscript
    int used_in = -1;     // layer of the first equation that uses it
    std::string pattern;  // the name with {k} for the layer
  };

  void collect(const ir::Graph& program, const ProgramNames& names, const Equation& equation, ir::NodeId id);
  void add(const ir::TensorPtr& tensor, Letter letter, int layer);
  void group_layers(int layers);
  void number_entries();
  static std::string symbol(const Entry& entry, const std::string& layer, const std::string& part, bool transposed);

  std::vector<Entry> entries_;
};

}  // namespace mlffgen::explain
