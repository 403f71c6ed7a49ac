// Short constructors of graph nodes, used by the elaborator and the passes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::ir {

// Appends nodes to a graph, giving each the current name and location.
class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  Graph& graph() { return graph_; }
  const Type& type(NodeId id) const { return graph_[id].type; }
  void set_origin(SourceLocation where, std::string name) { where_ = std::move(where), name_ = std::move(name); }

  NodeId zero(Type type);
  NodeId constant(TensorPtr values);
  NodeId number(double value) { return constant(make_filled(value, 1)); }
  NodeId element_table(TensorPtr rows);
  NodeId distance();
  NodeId direction();
  NodeId spline(NodeId distance, TensorPtr table, int derivative);
  NodeId add(NodeId a, NodeId b) { return node(Op::add, {a, b}); }
  NodeId multiply(NodeId a, NodeId b) { return node(Op::multiply, {a, b}); }
  NodeId scale(double factor, NodeId a) { return multiply(number(factor), a); }
  NodeId negate(NodeId a) { return node(Op::negate, {a}); }
  NodeId subtract(NodeId a, NodeId b) { return add(a, negate(b)); }
  NodeId unary(Function function, NodeId a);
  NodeId power(NodeId a, double exponent);
  NodeId dot(NodeId a, NodeId b) { return node(Op::dot, {a, b}); }
  NodeId linear(std::vector<NodeId> inputs, std::vector<TensorPtr> matrices, TensorPtr bias);
  NodeId cartesian_mix(NodeId a, TensorPtr matrix);
  NodeId concat(std::vector<NodeId> inputs) { return node(Op::concat, std::move(inputs)); }
  NodeId slice(NodeId a, int begin, int channels);
  NodeId broadcast(NodeId a, int channels);
  NodeId sum_channels(NodeId a) { return node(Op::sum_channels, {a}); }
  NodeId at_i(NodeId a);  // constants and values per pair stay as they are
  NodeId at_j(NodeId a);
  NodeId reverse(NodeId a) { return node(Op::reverse, {a}); }
  NodeId sum_j(NodeId a) { return node(Op::sum_j, {a}); }
  NodeId sum_i(NodeId a) { return node(Op::sum_i, {a}); }
  // The same operation on other inputs, its type inferred anew.
  NodeId clone(const Node& original, std::vector<NodeId> inputs);

 private:
  NodeId node(Op op, std::vector<NodeId> inputs);
  NodeId append(Node node);

  Graph& graph_;
  SourceLocation where_;
  std::string name_;
};

}  // namespace mlffgen::ir
