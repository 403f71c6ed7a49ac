#include "codegen/passes/simplifier.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "codegen/ir/interpret.h"

namespace mlffgen::passes {

using ir::Domain;
using ir::Kind;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::TensorPtr;
using ir::Type;

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x9E3779B97F4A7C15ull + (hash >> 29);
}

std::uint64_t hash_of(const Node& node) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(node.op), static_cast<std::uint64_t>(node.function));
  hash = mix(hash, static_cast<std::uint64_t>(node.type.channels));
  hash = mix(hash, std::bit_cast<std::uint64_t>(node.number));
  hash = mix(hash, static_cast<std::uint64_t>(node.begin * 2 + node.derivative));
  for (const NodeId input : node.inputs) hash = mix(hash, static_cast<std::uint64_t>(input));
  for (const TensorPtr& tensor : node.tensors) hash = mix(hash, tensor->hash);
  return mix(hash, node.bias ? node.bias->hash : 0);
}

bool same_node(const Node& a, const Node& b) {
  return a.op == b.op && a.type == b.type && a.inputs == b.inputs && a.function == b.function && a.number == b.number &&
         a.begin == b.begin && a.derivative == b.derivative && a.tensors.size() == b.tensors.size() &&
         std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), ir::same_tensor) &&
         ir::same_tensor(a.bias, b.bias);
}

}  // namespace

NodeId Simplifier::make(const Node& original, const std::vector<NodeId>& inputs) {
  where_ = original.where;
  name_ = original.name;
  switch (original.op) {
    case Op::add:
      return add(inputs[0], inputs[1]);
    case Op::multiply:
      return multiply(inputs[0], inputs[1]);
    case Op::negate:
      return negate(inputs[0]);
    case Op::dot:
      return dot(inputs[0], inputs[1]);
    case Op::unary:
    case Op::power:
      return function_of(original, inputs[0]);
    case Op::linear:
      return linear(original, inputs);
    case Op::cartesian_mix:
      return cartesian_mix(original, inputs[0]);
    case Op::concat:
      return concat(inputs);
    case Op::slice:
      return slice(inputs[0], original.begin, original.type.channels);
    case Op::broadcast:
      return broadcast(inputs[0], original.type.channels);
    case Op::sum_channels:
      return sum_channels(inputs[0]);
    case Op::at_i:
    case Op::at_j:
      return at(original.op, inputs[0]);
    case Op::reverse:
      return reverse(inputs[0]);
    case Op::sum_j:
      return sum_j(inputs[0]);
    case Op::sum_i:
      return sum_i(inputs[0]);
    case Op::zero:
    case Op::constant:
    case Op::element_table:
    case Op::distance:
    case Op::direction:
    case Op::spline: {
      Node copy = original;
      copy.inputs = inputs;
      return intern(std::move(copy));
    }
  }
  throw InternalError("operation without a simplifier");
}

Node Simplifier::like(Op op, std::vector<NodeId> inputs) const {
  Node result;
  result.op = op;
  result.inputs = std::move(inputs);
  result.where = where_;
  result.name = name_;
  return result;
}

NodeId Simplifier::intern(Node node) {
  node.type = infer_type(graph_, node);
  std::vector<NodeId>& bucket = interned_[hash_of(node)];
  for (const NodeId id : bucket) {
    if (same_node(graph_[id], node)) return id;
  }
  const NodeId id = ir::append(graph_, std::move(node));
  bucket.push_back(id);
  return id;
}

bool Simplifier::is_filled(NodeId id, double value) const {
  if (!is(id, Op::constant)) return false;
  const auto& values = node(id).tensors[0]->values;
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == value; });
}

NodeId Simplifier::zero(Type type) {
  Node result = like(Op::zero, {});
  result.type = type;
  return intern(std::move(result));
}

NodeId Simplifier::constant(TensorPtr tensor) {
  Node result = like(Op::constant, {});
  result.tensors = {std::move(tensor)};
  return intern(std::move(result));
}

// A node of constants alone becomes the constant it computes. Vectors of constants cannot be but zero.
NodeId Simplifier::fold_constant(NodeId id) {
  const Node& original = node(id);
  if (original.type.domain != Domain::constant || original.type.kind == Kind::vector || original.op == Op::constant ||
      original.op == Op::zero) {
    return id;
  }
  const int channels = original.type.channels;
  return constant(ir::make_tensor("", {channels}, ir::interpret_local(graph_, id)));
}

NodeId Simplifier::map_parts(NodeId id, const std::function<NodeId(NodeId)>& function) {
  std::vector<NodeId> parts = node(id).inputs;
  for (NodeId& part : parts) part = function(part);
  return concat(parts);
}

// op(concat(p, q), b) -> concat(op(p, b's channels of p), op(q, b's channels of q)).
NodeId Simplifier::combine_parts(Op op, NodeId a, NodeId b) {
  const bool first = is(a, Op::concat);
  const NodeId whole = first ? a : b;
  const NodeId other = first ? b : a;
  const bool wide = node(other).type.channels > 1;
  int begin = 0;
  return map_parts(whole, [&](NodeId part) {
    const int channels = node(part).type.channels;
    const NodeId piece = wide ? slice(other, begin, channels) : other;
    begin += channels;
    const NodeId left = first ? part : piece;
    const NodeId right = first ? piece : part;
    if (op == Op::add) return add(left, right);
    return op == Op::dot ? dot(left, right) : multiply(left, right);
  });
}

// Takes broadcasts off operands: what is left repeats by itself; repeat is the width to give back afterwards, or 0.
bool Simplifier::strip_broadcasts(NodeId& a, NodeId& b, int& repeat) const {
  repeat = 0;
  const bool wide_a = is(a, Op::broadcast), wide_b = is(b, Op::broadcast);
  if (!wide_a && !wide_b) return false;
  const int channels = std::max(node(a).type.channels, node(b).type.channels);
  if (wide_a) a = node(a).inputs[0];
  if (wide_b) b = node(b).inputs[0];
  if (node(a).type.channels == 1 && node(b).type.channels == 1) repeat = channels;
  return true;
}

// The rules that add, multiply and dot share.
NodeId Simplifier::combine(Op op, NodeId a, NodeId b) {
  int repeat = 0;
  if (strip_broadcasts(a, b, repeat)) {
    const NodeId narrow = op == Op::add ? add(a, b) : op == Op::dot ? dot(a, b) : multiply(a, b);
    return repeat > 0 ? broadcast(narrow, repeat) : narrow;
  }
  if (is(a, Op::concat) || is(b, Op::concat)) return combine_parts(op, a, b);
  if (a > b) std::swap(a, b);  // all three commute: one order finds more equal nodes
  return fold_constant(intern(like(op, {a, b})));
}

NodeId Simplifier::add(NodeId a, NodeId b) {
  const int channels = std::max(node(a).type.channels, node(b).type.channels);
  const auto widened = [&](NodeId id) { return node(id).type.channels == channels ? id : broadcast(id, channels); };
  if (is(a, Op::zero) || is_filled(a, 0)) return widened(b);
  if (is(b, Op::zero) || is_filled(b, 0)) return widened(a);
  return combine(Op::add, a, b);
}

NodeId Simplifier::multiply(NodeId a, NodeId b) {
  const auto zero_here = [&](NodeId id) { return is(id, Op::zero) || is_filled(id, 0); };
  if (zero_here(a) || zero_here(b)) return zero(infer_type(graph_, like(Op::multiply, {a, b})));
  const int channels = std::max(node(a).type.channels, node(b).type.channels);
  const auto widened = [&](NodeId id) { return node(id).type.channels == channels ? id : broadcast(id, channels); };
  if (is_filled(a, 1)) return widened(b);
  if (is_filled(b, 1)) return widened(a);
  if (is_filled(a, -1)) return negate(widened(b));
  if (is_filled(b, -1)) return negate(widened(a));
  if (is(a, Op::negate)) return negate(multiply(node(a).inputs[0], b));
  if (is(b, Op::negate)) return negate(multiply(a, node(b).inputs[0]));
  // s (t v) = (s t) v: one product of scalars instead of three.
  for (const auto& [scalar, vector] : {std::pair{a, b}, std::pair{b, a}}) {
    if (!is_scaled_vector(vector)) continue;
    const auto [factor, pure] = scalar_and_vector(vector);
    return combine(Op::multiply, multiply(scalar, factor), pure);
  }
  return combine(Op::multiply, a, b);
}

bool Simplifier::is_scaled_vector(NodeId id) const {
  return is(id, Op::multiply) && node(id).type.kind == Kind::vector;
}

std::pair<NodeId, NodeId> Simplifier::scalar_and_vector(NodeId product) const {
  const std::vector<NodeId>& inputs = node(product).inputs;
  const std::size_t vector = node(inputs[0]).type.kind == Kind::vector ? 0 : 1;
  return {inputs[1 - vector], inputs[vector]};
}

NodeId Simplifier::negate(NodeId a) {
  if (is(a, Op::zero)) return a;
  if (is(a, Op::negate)) return node(a).inputs[0];
  if (is(a, Op::concat)) return map_parts(a, [&](NodeId part) { return negate(part); });
  return fold_constant(intern(like(Op::negate, {a})));
}

NodeId Simplifier::dot(NodeId a, NodeId b) {
  if (is(a, Op::zero) || is(b, Op::zero)) return zero(infer_type(graph_, like(Op::dot, {a, b})));
  if (is(a, Op::negate)) return negate(dot(node(a).inputs[0], b));
  if (is(b, Op::negate)) return negate(dot(a, node(b).inputs[0]));
  for (const auto& [scaled, other] : {std::pair{a, b}, std::pair{b, a}}) {  // (s v) . w = s (v . w)
    if (!is_scaled_vector(scaled)) continue;
    const auto [factor, pure] = scalar_and_vector(scaled);
    return multiply(factor, dot(pure, other));
  }
  return combine(Op::dot, a, b);
}

NodeId Simplifier::function_of(const Node& original, NodeId a) {
  if (original.op == Op::power && original.number == 1) return a;
  const auto apply_to = [&](NodeId x) {
    Node copy = original;
    copy.inputs = {x};
    return fold_constant(intern(std::move(copy)));
  };
  if (is(a, Op::concat)) return map_parts(a, apply_to);
  if (is(a, Op::broadcast)) return broadcast(apply_to(node(a).inputs[0]), node(a).type.channels);
  return apply_to(a);
}

// Terms of concat are split into their parts, terms of zero dropped.
NodeId Simplifier::linear(const Node& original, const std::vector<NodeId>& inputs) {
  Node result = original;
  result.inputs.clear();
  result.tensors.clear();
  Type type = original.type;
  type.domain = node(inputs[0]).type.domain;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::vector<NodeId> parts =
        is(inputs[k], Op::concat) ? node(inputs[k]).inputs : std::vector<NodeId>{inputs[k]};
    std::int64_t column = 0;
    for (const NodeId part : parts) {
      const int channels = node(part).type.channels;
      if (!is(part, Op::zero)) {
        result.inputs.push_back(part);
        result.tensors.push_back(parts.size() == 1 ? original.tensors[k]
                                                   : ir::slice_columns(original.tensors[k], column, channels));
      }
      column += channels;
    }
  }
  if (result.inputs.empty()) return result.bias ? constant(result.bias) : zero(type);
  return fold_constant(intern(std::move(result)));
}

NodeId Simplifier::cartesian_mix(const Node& original, NodeId a) {
  if (is(a, Op::zero)) return a;
  const auto apply_to = [&](NodeId x) {
    Node copy = original;
    copy.inputs = {x};
    return intern(std::move(copy));
  };
  return is(a, Op::concat) ? map_parts(a, apply_to) : apply_to(a);
}

NodeId Simplifier::concat(const std::vector<NodeId>& inputs) {
  std::vector<NodeId> parts;
  for (const NodeId input : inputs) {
    if (is(input, Op::concat)) {
      parts.insert(parts.end(), node(input).inputs.begin(), node(input).inputs.end());
    } else {
      parts.push_back(input);
    }
  }
  if (parts.size() == 1) return parts[0];
  const NodeId result = intern(like(Op::concat, parts));
  const bool all_zero = std::all_of(parts.begin(), parts.end(), [&](NodeId part) { return is(part, Op::zero); });
  return all_zero ? zero(node(result).type) : fold_constant(result);
}

NodeId Simplifier::slice(NodeId a, int begin, int channels) {
  if (begin == 0 && channels == node(a).type.channels) return a;
  const auto key = std::make_tuple(a, begin, channels);
  const auto found = slices_.find(key);
  if (found != slices_.end()) return found->second;
  const NodeId result = slice_uncached(a, begin, channels);
  slices_[key] = result;
  return result;
}

// Moves a slice through the operation below it, down to the weights.
NodeId Simplifier::slice_uncached(NodeId a, int begin, int channels) {
  const Node whole = node(a);  // a copy: the graph grows below
  const auto part = [&](NodeId id) { return node(id).type.channels == 1 ? id : slice(id, begin, channels); };
  Node copy = whole;
  switch (whole.op) {
    case Op::zero:
      return zero({whole.type.domain, whole.type.kind, channels});
    case Op::constant:
      return constant(ir::slice_rows(whole.tensors[0], begin, channels));
    case Op::element_table:
    case Op::spline:
      copy.tensors = {ir::slice_columns(whole.tensors[0], begin, channels)};
      return intern(std::move(copy));
    case Op::linear:
      for (TensorPtr& matrix : copy.tensors) matrix = ir::slice_rows(matrix, begin, channels);
      if (copy.bias) copy.bias = ir::slice_rows(copy.bias, begin, channels);
      return intern(std::move(copy));
    case Op::concat: {
      std::vector<NodeId> parts;
      int offset = 0;
      for (const NodeId input : whole.inputs) {
        const int width = node(input).type.channels;
        const int first = std::max(begin, offset), last = std::min(begin + channels, offset + width);
        if (first < last) parts.push_back(slice(input, first - offset, last - first));
        offset += width;
      }
      return concat(parts);
    }
    case Op::broadcast:
      return broadcast(whole.inputs[0], channels);
    case Op::add:
      return add(part(whole.inputs[0]), part(whole.inputs[1]));
    case Op::multiply:
      return multiply(part(whole.inputs[0]), part(whole.inputs[1]));
    case Op::dot:
      return dot(part(whole.inputs[0]), part(whole.inputs[1]));
    case Op::negate:
      return negate(part(whole.inputs[0]));
    case Op::unary:
    case Op::power:
      return function_of(whole, part(whole.inputs[0]));
    case Op::cartesian_mix:
      return cartesian_mix(whole, part(whole.inputs[0]));
    case Op::at_i:
    case Op::at_j:
      return at(whole.op, part(whole.inputs[0]));
    case Op::sum_j:
      return sum_j(part(whole.inputs[0]));
    case Op::sum_i:
      return sum_i(part(whole.inputs[0]));
    case Op::distance:
    case Op::direction:
    case Op::slice:
    case Op::sum_channels:
    case Op::reverse:
      break;
  }
  throw InternalError("slice of an operation that has one channel or should be gone");
}

NodeId Simplifier::broadcast(NodeId a, int channels) {
  if (channels == 1) return a;
  if (is(a, Op::zero)) return zero({node(a).type.domain, node(a).type.kind, channels});
  if (is(a, Op::constant)) return constant(ir::make_filled(node(a).tensors[0]->values[0], channels));
  Node result = like(Op::broadcast, {a});
  result.type.channels = channels;
  return intern(std::move(result));
}

NodeId Simplifier::sum_channels(NodeId a) {
  const Type type = node(a).type;
  if (type.channels == 1) return a;
  switch (node(a).op) {
    case Op::zero:
      return zero({type.domain, type.kind, 1});
    case Op::negate:
      return negate(sum_channels(node(a).inputs[0]));
    case Op::broadcast:
      return multiply(constant(ir::make_filled(type.channels, 1)), node(a).inputs[0]);
    case Op::concat: {
      NodeId total = ir::kNoNode;
      const std::vector<NodeId> parts = node(a).inputs;
      for (const NodeId part : parts)
        total = total == ir::kNoNode ? sum_channels(part) : add(total, sum_channels(part));
      return total;
    }
    case Op::multiply: {  // a factor of one channel leaves the sum
      const std::vector<NodeId> factors = node(a).inputs;
      for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
        if (node(factors[k]).type.channels == 1) return multiply(factors[k], sum_channels(factors[1 - k]));
      }
      break;
    }
    default:
      break;
  }
  return fold_constant(intern(like(Op::sum_channels, {a})));
}

NodeId Simplifier::at(Op op, NodeId a) {
  const Type type = node(a).type;
  if (type.domain == Domain::constant) return a;
  if (is(a, Op::zero)) return zero({Domain::pair, type.kind, type.channels});
  if (is(a, Op::negate)) return negate(at(op, node(a).inputs[0]));
  if (is(a, Op::concat)) return map_parts(a, [&](NodeId part) { return at(op, part); });
  if (is(a, Op::broadcast)) return broadcast(at(op, node(a).inputs[0]), type.channels);
  return intern(like(op, {a}));
}

NodeId Simplifier::sum_j(NodeId a) {
  const Type type = node(a).type;
  if (is(a, Op::zero)) return zero({Domain::atom, type.kind, type.channels});
  if (is(a, Op::negate)) return negate(sum_j(node(a).inputs[0]));
  if (is(a, Op::concat)) return map_parts(a, [&](NodeId part) { return sum_j(part); });
  if (is(a, Op::broadcast)) return broadcast(sum_j(node(a).inputs[0]), type.channels);
  return intern(like(Op::sum_j, {anchored(a, Domain::radial)}));
}

NodeId Simplifier::sum_i(NodeId a) {
  const Type type = node(a).type;
  if (is(a, Op::zero)) return zero({Domain::system, type.kind, type.channels});
  if (is(a, Op::concat)) return map_parts(a, [&](NodeId part) { return sum_i(part); });
  return intern(like(Op::sum_i, {anchored(a, Domain::element)}));
}

// A constant has no items to sum over until it is tied to a domain; this node is not simplified again.
NodeId Simplifier::anchored(NodeId a, Domain domain) {
  if (node(a).type.domain != Domain::constant) return a;
  return intern(like(Op::add, {a, zero({domain, node(a).type.kind, node(a).type.channels})}));
}

NodeId Simplifier::reverse(NodeId a) {
  if (node(a).type.domain == Domain::constant || node(a).type.domain == Domain::radial) return a;
  const auto found = reversed_.find(a);
  if (found != reversed_.end()) return found->second;
  const NodeId result = reverse_uncached(a);
  reversed_[a] = result;
  return result;
}

// Exchanges the two atoms of a pair all the way down to what is stored.
NodeId Simplifier::reverse_uncached(NodeId a) {
  const Node original = node(a);
  switch (original.op) {
    case Op::at_i:
      return at(Op::at_j, original.inputs[0]);
    case Op::at_j:
      return at(Op::at_i, original.inputs[0]);
    case Op::direction:
      return negate(a);
    case Op::zero:
      return a;
    default:
      break;
  }
  std::vector<NodeId> inputs;
  for (const NodeId input : original.inputs) inputs.push_back(reverse(input));
  return make(original, inputs);
}

}  // namespace mlffgen::passes
