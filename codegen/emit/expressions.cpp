#include "codegen/emit/expressions.h"

#include <fmt/format.h>

#include <cmath>

namespace mlffgen::emit {

using ir::Domain;
using ir::Function;
using ir::Kind;
using ir::Node;
using ir::Op;

namespace {

std::string channel_text(const Node& node) { return node.type.channels == 1 ? "" : "f"; }

}  // namespace

const char* component_suffix(const Node& node, int component) {
  static constexpr const char* kSuffixes[] = {"x", "y", "z"};
  return node.type.kind == Kind::vector ? kSuffixes[component] : "";
}

std::string kept_text(Context& context, NodeId id, int component) {
  const Node& node = context.graph[id];
  const int offset = component * node.type.channels;
  const std::string buffer = context.buffer_name(id);
  if (!buffer.empty()) {
    return fmt::format("{}[{}]", context.use(buffer), index_text("i", node.type.size(), offset, channel_text(node)));
  }
  std::string text = fmt::format("tile[{} * kTile + t * {}", context.phase.tile_arrays.at(id), node.type.size());
  if (offset > 0) text += fmt::format(" + {}", offset);
  return text + (node.type.channels == 1 ? "]" : " + f]");
}

std::string operand_text(const Context& context, NodeId id, int component) {
  const ir::Type& type = context.graph[id].type;
  std::string text = fmt::format("tile[{} * kTile + t * {}", context.phase.operands.at(id), type.size());
  if (component > 0) text += fmt::format(" + {}", component * type.channels);
  return text + " + f]";
}

std::string kept_of_pair_text(const Context& context, NodeId id, int component, Place place, const char* channel) {
  const Node& node = context.graph[id];
  const auto array = context.segment->team_arrays.find(id);
  if (place == Place::pair || array == context.segment->team_arrays.end()) {
    const std::string index = node.type.channels == 1 ? "" : fmt::format("[{}]", channel);
    return fmt::format("p.v{}{}{}", id, component_suffix(node, component), index);
  }
  const int offset = component * node.type.channels;
  std::string text = fmt::format("team_array[{} * kPairBatch + e * {}", array->second, node.type.size());
  if (offset > 0) text += fmt::format(" + {}", offset);
  return text + (node.type.channels == 1 ? "]" : fmt::format(" + {}]", channel));
}

bool Expressions::varies(NodeId id) {
  const auto found = varies_.find(id);
  if (found != varies_.end()) return found->second;
  const Node& n = node(id);
  bool result = false;
  if (place_ != Place::atom && ir::is_per_pair(n.type.domain) && n.op != Op::at_i && n.op != Op::zero) {
    result = n.op == Op::at_j || n.op == Op::distance || n.op == Op::direction || n.op == Op::spline ||
             context_.ready.contains(id) || registers_.contains(id);
    for (const NodeId input : n.inputs) result = result || varies(input);
  }
  varies_[id] = result;
  return result;
}

std::vector<std::string> Expressions::value(NodeId id) {
  const auto known = known_.find(id);
  if (known != known_.end()) return known->second;
  std::vector<std::string> result = compute(id);
  known_[id] = result;
  return result;
}

bool Expressions::is_ready(NodeId id) const {
  if (context_.ready.contains(id)) return true;
  return node(id).type.domain == Domain::atom &&
         context_.schedule.level[static_cast<std::size_t>(id)] < context_.number && !context_.buffer_name(id).empty();
}

std::vector<std::string> Expressions::compute(NodeId id) {
  const Node& n = node(id);
  const auto held = registers_.find(id);
  if (held != registers_.end()) return held->second;
  if (is_ready(id)) {
    return ir::is_per_pair(n.type.domain) ? load_of_pair(id) : load_kept(id);
  }
  const auto components = static_cast<std::size_t>(n.type.components());
  switch (n.op) {
    case Op::zero:
      return std::vector<std::string>(components, context_.literal(0));
    case Op::constant:
      if (n.type.channels == 1) return {context_.literal(n.tensors[0]->values[0])};
      return define_read(id, {fmt::format("{}[f]", context_.use(context_.constants.add(n.tensors[0])))});
    case Op::element_table:
      return define_read(id, load(id, fmt::format("{}[i]", context_.use("element"))));
    case Op::distance:
      return {"p.r"};
    case Op::direction:
      return {"p.ux", "p.uy", "p.uz"};
    case Op::spline: {
      const std::string table = context_.use(context_.constants.add(n.tensors[0]));
      const std::string sum = fmt::format("spline_sum<{0}, {3}>(p.{1}, {2} + p.row * {3}{4})",
                                          context_.graph.spline_grid.degree, n.derivative == 0 ? "basis" : "slope",
                                          table, n.type.channels, n.type.channels == 1 ? "" : " + f");
      return n.type.channels == 1 ? define(id, {sum + ".value[0]"}) : define_groups(id, {sum});
    }
    case Op::at_i:
      return value(n.inputs[0]);
    case Op::at_j:
      return define_read(id, gather(n));
    case Op::broadcast:
      return value(n.inputs[0]);
    case Op::add:
    case Op::multiply:
    case Op::negate:
    case Op::unary:
    case Op::power:
    case Op::dot:
    case Op::cartesian_mix:
      return define(id, elementwise(n));
    case Op::linear:
      return inline_map(id);
    case Op::concat:
    case Op::slice:
    case Op::sum_channels:
    case Op::reverse:
    case Op::sum_j:
    case Op::sum_i:
      break;
  }
  throw InternalError(fmt::format("%{} ({}) is used before it is kept", id, ir::name_of(n.op)));
}

// Rows of a table or buffer at an item.
std::vector<std::string> Expressions::load(NodeId id, const std::string& item) {
  const Node& n = node(id);
  const std::string array = n.op == Op::element_table ? context_.constants.add(n.tensors[0]) : context_.buffer_name(id);
  internal_check(!array.empty(), "a gathered value without a buffer");
  std::vector<std::string> texts;
  for (int c = 0; c < n.type.components(); ++c) {
    texts.push_back(fmt::format("{}[{}]", context_.use(array),
                                index_text(item, n.type.size(), c * n.type.channels, channel_text(n))));
  }
  return texts;
}

std::vector<std::string> Expressions::load_kept(NodeId id) {
  std::vector<std::string> texts;
  for (int c = 0; c < node(id).type.components(); ++c) texts.push_back(kept_text(context_, id, c));
  return define_read(id, texts);
}

std::vector<std::string> Expressions::load_of_pair(NodeId id) {
  std::vector<std::string> texts;
  for (int c = 0; c < node(id).type.components(); ++c)
    texts.push_back(kept_of_pair_text(context_, id, c, place_, place_ == Place::pair ? "f" : "f + u"));
  return define(id, texts);
}

std::vector<std::string> Expressions::gather(const Node& n) {
  const Node& source = node(n.inputs[0]);
  if (source.op == Op::zero)
    return std::vector<std::string>(static_cast<std::size_t>(n.type.components()), context_.literal(0));
  return load(n.inputs[0], source.op == Op::element_table ? fmt::format("{}[p.j]", context_.use("element")) : "p.j");
}

std::string Expressions::function(const Node& n, const std::string& x) const {
  if (n.op == Op::unary) return fmt::format("m_{}({})", ir::name_of(n.function), x);
  const bool integral = n.number == std::floor(n.number) && std::abs(n.number) <= 64;
  return integral ? fmt::format("power<{}>({})", static_cast<int>(n.number), x)
                  : fmt::format("m_power({}, {})", x, context_.literal(n.number));
}

std::vector<std::string> Expressions::elementwise(const Node& n) {
  const std::vector<std::string> a = value(n.inputs[0]);
  const std::vector<std::string> b = n.inputs.size() > 1 ? value(n.inputs[1]) : std::vector<std::string>();
  const auto pick = [](const std::vector<std::string>& texts, std::size_t c) {
    return texts.size() == 1 ? texts[0] : texts[c];
  };
  std::vector<std::string> texts;
  for (std::size_t c = 0; c < static_cast<std::size_t>(n.type.components()); ++c) {
    switch (n.op) {
      case Op::add:
        texts.push_back(fmt::format("{} + {}", pick(a, c), pick(b, c)));
        break;
      case Op::multiply:
        texts.push_back(fmt::format("{} * {}", pick(a, c), pick(b, c)));
        break;
      case Op::negate:
        texts.push_back(fmt::format("-{}", pick(a, c)));
        break;
      case Op::dot:
        texts.push_back(fmt::format("{} * {} + {} * {} + {} * {}", a[0], b[0], a[1], b[1], a[2], b[2]));
        break;
      case Op::cartesian_mix: {
        const auto& m = n.tensors[0]->values;
        texts.push_back(fmt::format("{} * {} + {} * {} + {} * {}", context_.literal(m[3 * c]), a[0],
                                    context_.literal(m[3 * c + 1]), a[1], context_.literal(m[3 * c + 2]), a[2]));
        break;
      }
      default:
        texts.push_back(function(n, a[0]));
        break;
    }
  }
  return texts;
}

// Number k of an inline map's input.
std::string Expressions::input_text(NodeId id, int component) const {
  const Node& input = node(id);
  const auto array = context_.segment->team_arrays.find(id);
  if (array == context_.segment->team_arrays.end()) {
    return fmt::format("pair[e].v{}{}{}", id, component_suffix(input, component),
                       input.type.channels == 1 ? "" : "[k]");
  }
  return fmt::format("team_array[{} * kPairBatch + e * {} + {} + k]", array->second, input.type.size(),
                     component * input.type.channels);
}

// A product with a narrow matrix: the loop over inputs is outside, that over pairs inside, so that each weight is read
// once a batch.
std::vector<std::string> Expressions::inline_map(NodeId id) {
  const Node& n = node(id);
  internal_check(place_ == Place::batch && is_inline_map(context_.graph, id),
                 "a matrix product inside a loop over atoms");
  std::vector<std::string> texts;
  const int channels = n.type.channels;
  const auto group = [&](const std::string& address) { return fmt::format("group_at<{}>({})", channels, address); };
  for (int c = 0; c < n.type.components(); ++c) {
    const std::string name = fmt::format("m{}{}", id, component_suffix(n, c));
    const std::string start =
        n.bias ? group(context_.use(context_.constants.add(n.bias)) + " + f") : fmt::format("Group<{}>{{}}", channels);
    arrays_.push_back(fmt::format("Group<{}> {}[E];", channels, name));
    arrays_.push_back(fmt::format("MLFF_UNROLL for (int e = 0; e < E; ++e) {}[e] = {};", name, start));
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const Node& input = node(n.inputs[k]);
      const std::string weights = context_.use(context_.constants.add(ir::transpose(n.tensors[k])));
      arrays_.push_back(fmt::format("MLFF_UNROLL for (int k = 0; k < {}; ++k) {{", input.type.channels));
      arrays_.push_back(
          fmt::format("  const Group<{}> w = {};", channels, group(fmt::format("{} + k * {} + f", weights, channels))));
      arrays_.push_back(fmt::format("  MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<{}>({}[e], {}, w);",
                                    channels, name, input_text(n.inputs[k], c)));
      arrays_.push_back("}");
    }
    texts.push_back(name + "[e].value[u]");
  }
  return texts;
}

// Places of single channels are read as they are, others a group of channels at a time.
std::vector<std::string> Expressions::define_read(NodeId id, const std::vector<std::string>& places) {
  const int channels = node(id).type.channels;
  if (place_ == Place::pair || channels == 1) return define(id, places);
  std::vector<std::string> groups;
  for (const std::string& place : places) groups.push_back(fmt::format("group_at<{}>(&{})", channels, place));
  return define_groups(id, groups);
}

std::vector<std::string> Expressions::define_groups(NodeId id, const std::vector<std::string>& groups) {
  std::vector<std::string>& statements = place_ == Place::batch && !varies(id) ? invariant_groups_ : groups_;
  std::vector<std::string> texts;
  for (std::size_t c = 0; c < groups.size(); ++c) {
    const std::string name = fmt::format("g{}{}", id, component_suffix(node(id), static_cast<int>(c)));
    statements.push_back(fmt::format("const Group<{}> {} = {};", node(id).type.channels, name, groups[c]));
    texts.push_back(name + ".value[u]");
  }
  return define(id, texts);
}

std::vector<std::string> Expressions::define(NodeId id, const std::vector<std::string>& texts) {
  std::vector<std::string>& statements = place_ == Place::batch && !varies(id) ? invariant_ : body_;
  std::vector<std::string> names;
  for (std::size_t c = 0; c < texts.size(); ++c) {
    const std::string name = fmt::format("v{}{}", id, component_suffix(node(id), static_cast<int>(c)));
    statements.push_back(fmt::format("const real {} = {};", name, texts[c]));
    names.push_back(name);
  }
  return names;
}

}  // namespace mlffgen::emit
