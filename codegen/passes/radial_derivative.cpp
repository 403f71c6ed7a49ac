#include "codegen/passes/radial_derivative.h"

namespace mlffgen::passes {

using ir::Builder;
using ir::Domain;
using ir::Function;
using ir::Node;
using ir::NodeId;
using ir::Op;

NodeId derivative_of(Builder& b, Function function, NodeId x, NodeId y) {
  switch (function) {
    case Function::exp:
      return y;
    case Function::log:
      return b.unary(Function::reciprocal, x);
    case Function::sqrt:
      return b.scale(0.5, b.unary(Function::rsqrt, x));
    case Function::rsqrt:
      return b.scale(-0.5, b.power(y, 3));
    case Function::reciprocal:
      return b.negate(b.power(y, 2));
    case Function::sin:
      return b.unary(Function::cos, x);
    case Function::cos:
      return b.negate(b.unary(Function::sin, x));
    case Function::tanh:
      return b.subtract(b.number(1), b.power(y, 2));
    case Function::sigmoid:
      return b.multiply(y, b.subtract(b.number(1), y));
    case Function::silu: {  // s (1 + x (1 - s)), s the sigmoid
      const NodeId s = b.unary(Function::sigmoid, x);
      return b.multiply(s, b.add(b.number(1), b.multiply(x, b.subtract(b.number(1), s))));
    }
    case Function::softplus:
      return b.unary(Function::sigmoid, x);
  }
  throw InternalError("function without a derivative");
}

NodeId derivative_of_power(Builder& b, double exponent, NodeId x) {
  // Apart, because x ** -1 has no value at zero.
  if (exponent == 0) return b.zero(b.type(x));
  return b.scale(exponent, b.power(x, exponent - 1));
}

NodeId RadialDerivative::of(NodeId id) {
  const auto found = known_.find(id);
  if (found != known_.end()) return found->second;
  const NodeId result = compute(id);
  known_[id] = result;
  return result;
}

NodeId RadialDerivative::compute(NodeId id) {
  const Node node = build_.graph()[id];  // a copy: the graph grows
  if (node.type.domain == Domain::constant) return build_.zero(node.type);
  Builder& b = build_;
  switch (node.op) {
    case Op::distance:
      return b.number(1);
    case Op::zero:
      return id;
    case Op::spline:
      return b.spline(node.inputs[0], node.tensors[0], node.derivative + 1);
    case Op::add:
      return b.add(of(node.inputs[0]), of(node.inputs[1]));
    case Op::multiply:
      return b.add(b.multiply(of(node.inputs[0]), node.inputs[1]), b.multiply(node.inputs[0], of(node.inputs[1])));
    case Op::negate:
      return b.negate(of(node.inputs[0]));
    case Op::unary:
      return b.multiply(derivative_of(b, node.function, node.inputs[0], id), of(node.inputs[0]));
    case Op::power:
      return b.multiply(derivative_of_power(b, node.number, node.inputs[0]), of(node.inputs[0]));
    case Op::linear: {
      std::vector<NodeId> tangents;
      for (const NodeId input : node.inputs) tangents.push_back(widened(of(input), b.type(input).channels));
      return b.linear(tangents, node.tensors, nullptr);
    }
    case Op::concat: {
      std::vector<NodeId> tangents;
      for (const NodeId input : node.inputs) tangents.push_back(widened(of(input), b.type(input).channels));
      return b.concat(tangents);
    }
    case Op::slice:
      return b.slice(of(node.inputs[0]), node.begin, node.type.channels);
    case Op::broadcast:
      return b.broadcast(of(node.inputs[0]), node.type.channels);
    case Op::sum_channels:
      return b.sum_channels(widened(of(node.inputs[0]), b.type(node.inputs[0]).channels));
    case Op::constant:
    case Op::element_table:
    case Op::direction:
    case Op::dot:
    case Op::cartesian_mix:
    case Op::at_i:
    case Op::at_j:
    case Op::reverse:
    case Op::sum_j:
    case Op::sum_i:
      break;
  }
  throw InternalError("operation that cannot be radial");
}

NodeId RadialDerivative::widened(NodeId id, int channels) {
  return build_.type(id).channels == channels ? id : build_.broadcast(id, channels);
}

}  // namespace mlffgen::passes
