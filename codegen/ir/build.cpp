#include "codegen/ir/build.h"

namespace mlffgen::ir {

NodeId Builder::append(Node node) {
  node.where = where_;
  node.name = name_;
  return ir::append(graph_, std::move(node));
}

NodeId Builder::node(Op op, std::vector<NodeId> inputs) {
  Node result;
  result.op = op;
  result.inputs = std::move(inputs);
  return append(std::move(result));
}

NodeId Builder::zero(Type type) {
  Node result;
  result.op = Op::zero;
  result.type = type;
  return append(std::move(result));
}

NodeId Builder::constant(TensorPtr values) {
  Node result;
  result.op = Op::constant;
  result.tensors = {std::move(values)};
  return append(std::move(result));
}

NodeId Builder::element_table(TensorPtr rows) {
  Node result;
  result.op = Op::element_table;
  result.tensors = {std::move(rows)};
  return append(std::move(result));
}

NodeId Builder::distance() { return node(Op::distance, {}); }

NodeId Builder::direction() { return node(Op::direction, {}); }

NodeId Builder::spline(NodeId distance, TensorPtr table, int derivative) {
  Node result;
  result.op = Op::spline;
  result.inputs = {distance};
  result.tensors = {std::move(table)};
  result.derivative = derivative;
  return append(std::move(result));
}

NodeId Builder::unary(Function function, NodeId a) {
  Node result;
  result.op = Op::unary;
  result.function = function;
  result.inputs = {a};
  return append(std::move(result));
}

NodeId Builder::power(NodeId a, double exponent) {
  Node result;
  result.op = Op::power;
  result.number = exponent;
  result.inputs = {a};
  return append(std::move(result));
}

NodeId Builder::linear(std::vector<NodeId> inputs, std::vector<TensorPtr> matrices, TensorPtr bias) {
  Node result;
  result.op = Op::linear;
  result.inputs = std::move(inputs);
  result.tensors = std::move(matrices);
  result.bias = std::move(bias);
  return append(std::move(result));
}

NodeId Builder::cartesian_mix(NodeId a, TensorPtr matrix) {
  Node result;
  result.op = Op::cartesian_mix;
  result.inputs = {a};
  result.tensors = {std::move(matrix)};
  return append(std::move(result));
}

NodeId Builder::slice(NodeId a, int begin, int channels) {
  Node result;
  result.op = Op::slice;
  result.inputs = {a};
  result.begin = begin;
  result.type.channels = channels;
  return append(std::move(result));
}

NodeId Builder::broadcast(NodeId a, int channels) {
  Node result;
  result.op = Op::broadcast;
  result.inputs = {a};
  result.type.channels = channels;
  return append(std::move(result));
}

NodeId Builder::at_i(NodeId a) {
  const Domain domain = type(a).domain;
  return domain == Domain::constant || is_per_pair(domain) ? a : node(Op::at_i, {a});
}

NodeId Builder::at_j(NodeId a) { return type(a).domain == Domain::constant ? a : node(Op::at_j, {a}); }

NodeId Builder::clone(const Node& original, std::vector<NodeId> inputs) {
  Node result = original;
  result.inputs = std::move(inputs);
  return ir::append(graph_, std::move(result));
}

}  // namespace mlffgen::ir
