#include "codegen/ir/graph.h"

#include <fmt/format.h>

#include <utility>

namespace mlffgen::ir {

std::string Type::str() const { return fmt::format("{} {}[{}]", name_of(domain), name_of(kind), channels); }

const char* name_of(Domain domain) {
  switch (domain) {
    case Domain::constant:
      return "constant";
    case Domain::element:
      return "element";
    case Domain::radial:
      return "radial";
    case Domain::atom:
      return "atom";
    case Domain::pair:
      return "pair";
    case Domain::system:
      return "system";
  }
  return "?";
}

const char* name_of(Kind kind) { return kind == Kind::scalar ? "scalar" : "vector"; }

const char* name_of(Op op) {
  switch (op) {
    case Op::zero:
      return "zero";
    case Op::constant:
      return "constant";
    case Op::element_table:
      return "element_table";
    case Op::distance:
      return "distance";
    case Op::direction:
      return "direction";
    case Op::spline:
      return "spline";
    case Op::add:
      return "add";
    case Op::multiply:
      return "multiply";
    case Op::negate:
      return "negate";
    case Op::unary:
      return "unary";
    case Op::power:
      return "power";
    case Op::dot:
      return "dot";
    case Op::linear:
      return "linear";
    case Op::cartesian_mix:
      return "cartesian_mix";
    case Op::concat:
      return "concat";
    case Op::slice:
      return "slice";
    case Op::broadcast:
      return "broadcast";
    case Op::sum_channels:
      return "sum_channels";
    case Op::at_i:
      return "at_i";
    case Op::at_j:
      return "at_j";
    case Op::reverse:
      return "reverse";
    case Op::sum_j:
      return "sum_j";
    case Op::sum_i:
      return "sum_i";
  }
  return "?";
}

const char* name_of(Function function) {
  switch (function) {
    case Function::exp:
      return "exp";
    case Function::log:
      return "log";
    case Function::sqrt:
      return "sqrt";
    case Function::rsqrt:
      return "rsqrt";
    case Function::reciprocal:
      return "reciprocal";
    case Function::sin:
      return "sin";
    case Function::cos:
      return "cos";
    case Function::tanh:
      return "tanh";
    case Function::sigmoid:
      return "sigmoid";
    case Function::silu:
      return "silu";
    case Function::softplus:
      return "softplus";
  }
  return "?";
}

NodeId Graph::output(const std::string& name) const {
  for (const Output& out : outputs) {
    if (out.name == name) return out.node;
  }
  return kNoNode;
}

NodeId append(Graph& graph, Node node) {
  node.type = infer_type(graph, node);
  graph.nodes.push_back(std::move(node));
  return static_cast<NodeId>(graph.nodes.size()) - 1;
}

namespace {

std::string describe_operation(const Node& node) {
  std::string text = node.op == Op::unary ? name_of(node.function) : name_of(node.op);
  if (node.op == Op::power) text += fmt::format("<{}>", node.number);
  if (node.op == Op::slice) text += fmt::format("<{}:{}>", node.begin, node.begin + node.type.channels);
  if (node.op == Op::spline && node.derivative == 1) text += "'";
  if (node.op == Op::constant && node.type.channels == 1) text += fmt::format("<{}>", node.tensors[0]->values[0]);
  return text;
}

}  // namespace

std::string print(const Graph& graph) {
  std::string text;
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    std::string line = fmt::format("%{}: {} = {}", id, node.type.str(), describe_operation(node));
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      line += fmt::format("{}%{}", k == 0 ? " " : ", ", node.inputs[k]);
    }
    for (const TensorPtr& tensor : node.tensors) {
      if (!tensor->name.empty()) line += fmt::format(" \"{}\"", tensor->name);
      line += fmt::format(" [{}]", fmt::join(tensor->shape, ","));
    }
    if (node.bias) line += " +bias";
    if (!node.name.empty()) line += fmt::format("   # {}", node.name);
    text += line + "\n";
  }
  for (const Output& out : graph.outputs) text += fmt::format("output {} = %{}\n", out.name, out.node);
  return text;
}

}  // namespace mlffgen::ir
