#include "codegen/emit/tile_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "codegen/emit/body_text.h"

namespace mlffgen::emit {

using ir::Node;

namespace {

constexpr std::size_t kMostAtOnce = 3;  // outputs of linear_tile

}  // namespace

TileProducts::TileProducts(Context& context) : context_(context) {
  for (const Segment& segment : context.phase.segments) {
    if (segment.pairs) continue;
    for (const Stage& stage : segment.stages) {
      for (Call& call : calls_of(stage)) calls_.push_back(std::move(call));
    }
  }
}

std::string TileProducts::start() {
  return calls_.empty() ? std::string() : fmt::format("fetch_ahead(ring, {});\n", next_steps());
}

std::vector<TileProducts::Call> TileProducts::calls_of(const Stage& stage) const {
  std::vector<Call> calls;
  for (const NodeId id : stage.maps) {
    const Node& node = context_.graph[id];
    const auto fits = [&](const Call& call) {
      const Node& first = context_.graph[call.ids[0]];
      return first.inputs == node.inputs && first.type.channels == node.type.channels && call.ids.size() < kMostAtOnce;
    };
    const auto found = node.inputs.size() == 1 ? std::find_if(calls.begin(), calls.end(), fits) : calls.end();
    if (found != calls.end()) {
      found->ids.push_back(id);
      continue;
    }
    for (std::size_t k = 0; k < node.inputs.size(); ++k) calls.push_back({{id}, k});
  }
  return calls;
}

std::string TileProducts::stage(const Stage& stage) {
  std::string result;
  for (const Call& call : calls_of(stage)) {
    mark_written(context_, call.ids[0]);
    if (call.input > 0) {
      // The same thread adds to a sum only if the inputs are alike: products of other shapes share the work otherwise.
      const Node& node = context_.graph[call.ids[0]];
      const int before = context_.graph[node.inputs[call.input - 1]].type.channels;
      if (context_.graph[input_of(call)].type.channels != before) result += "block_barrier();\n";
    }
    result += text(call);
  }
  return result;
}

std::string TileProducts::text(const Call& call) {
  const std::string rows = input_rows(call), biases = bias(call);
  const auto [weights, exponent] = matrix(call);
  const std::string back = context_.literal(std::ldexp(1.0, -exponent));
  std::string outputs;
  for (const NodeId id : call.ids) {
    mark_written(context_, id);
    outputs += ", " + rows_of(id);
  }
  const bool vector = context_.graph[call.ids[0]].type.kind == ir::Kind::vector;
  return fmt::format("linear_tile<{}>({}, {}, {}, {}, {}, {}, ring, {}{});\n", shape(call),
                     vector ? "rows * 3" : "rows", rows, weights, back, biases, call.input > 0, next_steps(), outputs);
}

// Operands lie apart from other values, and have a number for each row.
std::string TileProducts::input_rows(const Call& call) {
  const NodeId input = input_of(call);
  if (!wants_operand(context_.graph, call.ids[0], input)) return rows_of(input) + ", nullptr";
  return fmt::format("tile + {} * kTile, tile + {} * kTile", context_.phase.operands.at(input),
                     context_.phase.scales.at(input));
}

std::string TileProducts::shape(const Call& call) const {
  const ir::Type& type = context_.graph[call.ids[0]].type;
  return fmt::format("{}, {}, {}, {}", context_.graph[input_of(call)].type.channels, type.channels, call.ids.size(),
                     type.components());
}

std::pair<std::string, int> TileProducts::matrix(const Call& call) {
  std::vector<ir::TensorPtr> parts;
  for (const NodeId id : call.ids) parts.push_back(ir::transpose(context_.graph[id].tensors[call.input]));
  const auto place = context_.constants.add_matrix(ir::stack(parts), context_.graph[input_of(call)].type.channels,
                                                   context_.graph[call.ids[0]].type.channels);
  context_.use(place.first);
  return place;
}

std::string TileProducts::bias(const Call& call) {
  std::vector<ir::TensorPtr> parts;
  bool any = false;
  for (const NodeId id : call.ids) {
    const Node& node = context_.graph[id];
    parts.push_back(node.bias ? node.bias : ir::make_filled(0, node.type.channels));
    any = any || node.bias;
  }
  if (!any || call.input > 0) return "nullptr";
  return context_.use(context_.constants.add(parts.size() == 1 ? parts[0] : ir::stack(parts)));
}

std::string TileProducts::next_steps() {
  if (next_ == calls_.size()) return "no_steps()";
  const Call& call = calls_[next_++];
  return fmt::format("first_steps<{}>({})", shape(call), matrix(call).first);
}

// The address of the tile's rows of a kept value.
std::string TileProducts::rows_of(NodeId id) {
  const std::string buffer = context_.buffer_name(id);
  if (!buffer.empty()) {
    return fmt::format("{} + row_of(first, {})", context_.use(buffer), context_.graph[id].type.size());
  }
  return fmt::format("tile + {} * kTile", context_.phase.tile_arrays.at(id));
}

}  // namespace mlffgen::emit
