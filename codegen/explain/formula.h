// Values of a graph as LaTeX formulas: a value with a symbol is its symbol, any other is written out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codegen/explain/program_names.h"
#include "codegen/explain/weight_names.h"

namespace mlffgen::explain {

// How tightly a formula holds together, loosest first.
enum class Binding {
  sum,
  open_sum,  // ends in a sum sign's term
  negative,  // a product with a minus before it
  dot,       // a product that is bracketed among other factors
  product,
  atom,
};

struct Formula {
  std::string text;
  Binding binding = Binding::atom;
};

class FormulaWriter {
 public:
  // Constant arrays that are no weights are written by the callback.
  using ConstantText = std::function<Formula(ir::NodeId, LayerStyle)>;

  FormulaWriter(const ir::Graph& graph, const Symbols& symbols, const WeightNames& weights, ConstantText constant)
      : graph_(graph), symbols_(symbols), weights_(weights), constant_(std::move(constant)) {}

  // A value where it is used.
  Formula value(ir::NodeId id, Indices indices, LayerStyle style) const;
  // The right-hand side of the value's own equation.
  Formula definition(ir::NodeId id, Indices indices, LayerStyle style) const;

 private:
  struct Scope {
    Indices indices;
    LayerStyle style;
  };

  const ir::Node& node(ir::NodeId id) const { return graph_[id]; }
  Formula write(ir::NodeId id, const Scope& scope) const;
  Formula define(ir::NodeId id, const Scope& scope) const;
  Formula sum(const ir::Node& n, const Scope& scope) const;
  Formula product(const ir::Node& n, const Scope& scope) const;
  Formula negation(ir::NodeId operand, const Scope& scope) const;
  Formula function(const ir::Node& n, const Scope& scope) const;
  Formula linear(const ir::Node& n, const Scope& scope) const;
  Formula constant(ir::NodeId id, const Scope& scope) const;
  std::string list(const ir::Node& n, const Scope& scope) const;

  const ir::Graph& graph_;
  const Symbols& symbols_;
  const WeightNames& weights_;
  ConstantText constant_;
};

// A number with the fractions and the constants that formulas write: 1/2, pi / cutoff, ln 2.
Formula number_formula(double value, double cutoff);

// The numbers of an array, all but the first two and the last left out of a long one.
Formula array_formula(const std::vector<double>& values, double cutoff);

// The function whose derivative a product is, with its argument: silu'(x) = s (1 + x (1 - s)) of s = sigmoid(x).
struct SlopePattern {
  const char* function;
  ir::NodeId argument;
};
std::optional<SlopePattern> find_slope(const ir::Graph& graph, ir::NodeId id);

}  // namespace mlffgen::explain
