#include "codegen/explain/formula.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cmath>
#include <numbers>

#include "codegen/explain/escape.h"

namespace mlffgen::explain {

using ir::Function;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

bool is_number(const Graph& graph, NodeId id, double value) {
  const Node& node = graph[id];
  return node.op == Op::constant && node.type.channels == 1 && node.tensors[0]->values[0] == value;
}

// The other operand of a commutative operation, if one of the two passes the test.
template <class Test>
std::optional<NodeId> other_operand(const Node& node, Test test) {
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (test(node.inputs[k])) return node.inputs[1 - k];
  }
  return std::nullopt;
}

// x of a node 1 - x, or 1 + x.
std::optional<NodeId> one_plus(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.op != Op::add) return std::nullopt;
  return other_operand(node, [&](NodeId input) { return is_number(graph, input, 1); });
}

std::optional<NodeId> one_minus(const Graph& graph, NodeId id) {
  const auto rest = one_plus(graph, id);
  if (!rest || graph[*rest].op != Op::negate) return std::nullopt;
  return graph[*rest].inputs[0];
}

std::string parenthesised(const std::string& text) { return "\\left(" + text + "\\right)"; }

// One of the factors of a product.
std::string factor(const Formula& formula) {
  return formula.binding == Binding::atom || formula.binding == Binding::product ? formula.text
                                                                                 : parenthesised(formula.text);
}

bool starts_with_number(const Formula& formula) {
  return !formula.text.empty() && std::isdigit(static_cast<unsigned char>(formula.text[0]));
}

// What a sign or a sum sign stands before.
std::string term(const Formula& formula) { return formula.binding == Binding::dot ? formula.text : factor(formula); }

}  // namespace

std::optional<SlopePattern> find_slope(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.op == Op::unary && node.function == Function::sigmoid) return std::nullopt;
  if (node.op == Op::multiply) {
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
      const NodeId s = node.inputs[k];
      if (graph[s].op != Op::unary || graph[s].function != Function::sigmoid) continue;
      const NodeId x = graph[s].inputs[0];
      if (one_minus(graph, node.inputs[1 - k]) == s) return SlopePattern{"\\mathrm{sigmoid}", x};
      const auto inner = one_plus(graph, node.inputs[1 - k]);
      if (!inner || graph[*inner].op != Op::multiply) continue;
      const auto rest = other_operand(graph[*inner], [&](NodeId input) { return input == x; });
      if (rest && one_minus(graph, *rest) == s) return SlopePattern{"\\mathrm{silu}", x};
    }
  }
  if (const auto square = one_minus(graph, id);
      square && graph[*square].op == Op::power && graph[*square].number == 2) {
    const NodeId y = graph[*square].inputs[0];
    if (graph[y].op == Op::unary && graph[y].function == Function::tanh)
      return SlopePattern{"\\tanh", graph[y].inputs[0]};
  }
  return std::nullopt;
}

Formula number_formula(double value, double cutoff) {
  const double angle = value * cutoff / std::numbers::pi;
  const double turns = std::round(angle);
  if (turns != 0 && std::abs(turns) < 1000 && std::abs(angle - turns) < 1e-12 * std::abs(turns)) {
    const std::string factor = std::abs(turns) == 1 ? "" : fmt::format("{:.0f}", std::abs(turns));
    return {fmt::format("{}\\tfrac{{{}\\pi}}{{r_\\mathrm{{c}}}}", turns < 0 ? "-" : "", factor),
            turns < 0 ? Binding::negative : Binding::atom};
  }
  const Binding binding = value < 0 ? Binding::negative : Binding::atom;
  const std::string sign = value < 0 ? "-" : "";
  if (std::abs(value) == 0.5) return {sign + "\\tfrac{1}{2}", binding};
  if (std::abs(value) == std::numbers::ln2) return {sign + "\\ln 2", value < 0 ? Binding::negative : Binding::product};
  const std::string text = latex_number(value);
  return {text, value >= 0 && text.find("cdot") != std::string::npos ? Binding::product : binding};
}

Formula array_formula(const std::vector<double>& values, double cutoff) {
  constexpr std::size_t kMostWritten = 4;
  std::string text;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool left_out = values.size() > kMostWritten && k > 1 && k + 1 < values.size();
    if (left_out && k > 2) continue;
    text += (k == 0 ? "" : ",\\, ") + (left_out ? "\\dots" : number_formula(values[k], cutoff).text);
  }
  return {"\\left[" + text + "\\right]", Binding::atom};
}

Formula FormulaWriter::value(NodeId id, Indices indices, LayerStyle style) const { return write(id, {indices, style}); }

Formula FormulaWriter::definition(NodeId id, Indices indices, LayerStyle style) const {
  return define(id, {indices, style});
}

Formula FormulaWriter::write(NodeId id, const Scope& scope) const {
  const auto& symbol = symbols_[static_cast<std::size_t>(id)];
  if (symbol) return {symbol->latex(scope.indices, scope.style), Binding::atom};
  return define(id, scope);
}

std::string FormulaWriter::list(const Node& n, const Scope& scope) const {
  std::string text;
  for (const NodeId input : n.inputs) text += (text.empty() ? "" : ",\\, ") + write(input, scope).text;
  return text;
}

Formula FormulaWriter::define(NodeId id, const Scope& scope) const {
  const Node& n = node(id);
  if (const auto slope = find_slope(graph_, id)) {
    return {fmt::format("{}'\\left({}\\right)", slope->function, write(slope->argument, scope).text), Binding::atom};
  }
  const std::string centre(1, scope.indices.centre), neighbour(1, scope.indices.neighbour);
  switch (n.op) {
    case Op::zero:
      return {n.type.kind == ir::Kind::vector ? "\\vec{0}" : "0", Binding::atom};
    case Op::constant:
      return constant(id, scope);
    case Op::element_table: {
      const auto name = weights_.latex(n.tensors[0], scope.style);
      return {fmt::format("{}\\left[Z_{}\\right]", name ? *name : "\\mathrm{table}", centre), Binding::atom};
    }
    case Op::distance:
      return {"r_{" + centre + neighbour + "}", Binding::atom};
    case Op::direction:
      return {"\\hat{r}_{" + centre + neighbour + "}", Binding::atom};
    case Op::spline:
      return {fmt::format("\\mathrm{{spline}}{}\\left({}\\right)", n.derivative == 1 ? "'" : "",
                          write(n.inputs[0], scope).text),
              Binding::atom};
    case Op::add:
      return sum(n, scope);
    case Op::multiply:
      return product(n, scope);
    case Op::negate:
      return negation(n.inputs[0], scope);
    case Op::unary:
    case Op::power:
      return function(n, scope);
    case Op::dot: {
      const Formula a = write(n.inputs[0], scope), b = write(n.inputs[1], scope);
      if (n.inputs[0] == n.inputs[1]) return {"\\left\\lVert " + a.text + "\\right\\rVert^{2}", Binding::atom};
      const auto operand = [](const Formula& f) { return f.binding == Binding::atom ? f.text : parenthesised(f.text); };
      return {operand(a) + " \\cdot " + operand(b), Binding::dot};
    }
    case Op::linear:
      return linear(n, scope);
    case Op::cartesian_mix: {
      const auto name = weights_.latex(n.tensors[0], scope.style);
      const Formula x = write(n.inputs[0], scope);
      const std::string operand = x.binding == Binding::atom ? x.text : parenthesised(x.text);
      return {(name ? *name : std::string("\\mathbf{M}")) + " \\ast " + operand, Binding::dot};
    }
    case Op::concat:
      return {"\\left[" + list(n, scope) + "\\right]", Binding::atom};
    case Op::slice: {
      const Formula whole = write(n.inputs[0], scope);
      return {fmt::format("{}_{{[{}:{}]}}", parenthesised(whole.text), n.begin, n.begin + n.type.channels),
              Binding::atom};
    }
    case Op::broadcast:
      return write(n.inputs[0], scope);
    case Op::sum_channels:
      return {"\\sum_{f} " + term(write(n.inputs[0], scope)), Binding::open_sum};
    case Op::at_i:
      return write(n.inputs[0], {scope.indices.at_centre(), scope.style});
    case Op::at_j:
      return write(n.inputs[0], {scope.indices.at_neighbour(), scope.style});
    case Op::reverse:
      return write(n.inputs[0], {{scope.indices.neighbour, scope.indices.centre}, scope.style});
    case Op::sum_j: {
      return {
          fmt::format("\\sum_{{{} \\in \\mathcal{{N}}({})}} {}", neighbour, centre, term(write(n.inputs[0], scope))),
          Binding::open_sum};
    }
    case Op::sum_i:
      return {"\\sum_{i} " + term(write(n.inputs[0], {{'i', 'j'}, scope.style})), Binding::open_sum};
  }
  throw InternalError("operation without a formula");
}

// A sum over neighbours or channels stands last, so that its end is clear; a negative term does not stand first.
Formula FormulaWriter::sum(const Node& n, const Scope& scope) const {
  if (n.inputs[0] == n.inputs[1]) return {"2\\, " + factor(write(n.inputs[0], scope)), Binding::product};
  Formula a = write(n.inputs[0], scope), b = write(n.inputs[1], scope);
  const auto starts_negative = [](const Formula& f) { return f.text.starts_with("-"); };
  if (a.binding == Binding::open_sum && b.binding == Binding::open_sum) a = {parenthesised(a.text), Binding::atom};
  if ((starts_negative(a) && !starts_negative(b) && b.binding != Binding::open_sum) || a.binding == Binding::open_sum) {
    std::swap(a, b);
  }
  const Binding binding = b.binding == Binding::open_sum ? Binding::open_sum : Binding::sum;
  if (starts_negative(b)) return {a.text + " - " + b.text.substr(1), binding};
  return {a.text + " + " + b.text, binding};
}

Formula FormulaWriter::negation(NodeId operand, const Scope& scope) const {
  const Formula inner = write(operand, scope);
  if (inner.binding == Binding::negative) return {inner.text.substr(1), Binding::product};
  if (inner.binding == Binding::open_sum && inner.text.starts_with("\\sum"))
    return {"-" + inner.text, Binding::open_sum};
  return {"-" + term(inner), Binding::negative};
}

Formula FormulaWriter::product(const Node& n, const Scope& scope) const {
  std::array<NodeId, 2> operands = {n.inputs[0], n.inputs[1]};
  const auto is_plain_number = [&](NodeId id) { return node(id).op == Op::constant && node(id).type.channels == 1; };
  const auto is_reciprocal = [&](NodeId id) {
    return !symbols_[static_cast<std::size_t>(id)] && node(id).op == Op::unary &&
           node(id).function == Function::reciprocal;
  };
  // Numbers first, then values of one channel, vectors last.
  const auto rank = [&](NodeId id) {
    if (is_plain_number(id)) return 0;
    if (node(id).type.kind == ir::Kind::vector) return 3;
    return node(id).type.channels == 1 ? 1 : 2;
  };
  if (rank(operands[0]) > rank(operands[1])) std::swap(operands[0], operands[1]);
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
    if (!is_reciprocal(operands[k])) continue;
    const NodeId below = node(operands[k]).inputs[0];
    return {fmt::format("\\frac{{{}}}{{{}}}", write(operands[1 - k], scope).text, write(below, scope).text),
            Binding::atom};
  }
  const bool inverse_root = !symbols_[static_cast<std::size_t>(operands[1])] && node(operands[1]).op == Op::unary &&
                            node(operands[1]).function == Function::rsqrt;
  if (is_number(graph_, operands[0], 0.5) && inverse_root) {
    return {"\\frac{1}{2\\sqrt{" + write(node(operands[1]).inputs[0], scope).text + "}}", Binding::atom};
  }
  Formula a = write(operands[0], scope), b = write(operands[1], scope);
  bool negative = false;
  for (Formula* operand : {&a, &b}) {
    if (operand->binding != Binding::negative) continue;
    *operand = {operand->text.substr(1), Binding::product};
    negative = !negative;
  }
  const bool wide = node(operands[0]).type.channels > 1 && node(operands[1]).type.channels > 1;
  const char* sign = wide ? " \\odot " : starts_with_number(b) ? " \\cdot " : "\\, ";
  const std::string text = factor(a) + sign + factor(b);
  return negative ? Formula{"-" + text, Binding::negative} : Formula{text, Binding::product};
}

Formula FormulaWriter::function(const Node& n, const Scope& scope) const {
  const Node& operand = node(n.inputs[0]);
  const bool is_norm = n.op == Op::unary && n.function == Function::sqrt && operand.op == Op::dot &&
                       operand.inputs[0] == operand.inputs[1] && !symbols_[static_cast<std::size_t>(n.inputs[0])];
  if (is_norm) return {"\\left\\lVert " + write(operand.inputs[0], scope).text + "\\right\\rVert", Binding::atom};
  const Formula x = write(n.inputs[0], scope);
  if (n.op == Op::power) {
    const std::string base =
        x.binding == Binding::atom && x.text.find('^') == std::string::npos && x.text.find("frac") == std::string::npos
            ? x.text
            : parenthesised(x.text);
    return {fmt::format("{}^{{{}}}", base, latex_number(n.number)), Binding::atom};
  }
  switch (n.function) {
    case Function::sqrt:
      return {"\\sqrt{" + x.text + "}", Binding::atom};
    case Function::rsqrt:
      return {"\\frac{1}{\\sqrt{" + x.text + "}}", Binding::atom};
    case Function::reciprocal:
      return {"\\frac{1}{" + x.text + "}", Binding::atom};
    case Function::exp:
    case Function::log:
    case Function::sin:
    case Function::cos:
    case Function::tanh:
      return {fmt::format("\\{}{}", ir::name_of(n.function), parenthesised(x.text)), Binding::atom};
    case Function::sigmoid:
    case Function::silu:
    case Function::softplus:
      return {fmt::format("\\mathrm{{{}}}{}", ir::name_of(n.function), parenthesised(x.text)), Binding::atom};
  }
  throw InternalError("function without a formula");
}

Formula FormulaWriter::linear(const Node& n, const Scope& scope) const {
  std::string text;
  for (std::size_t k = 0; k < n.inputs.size(); ++k) {
    const auto name = weights_.latex(n.tensors[k], scope.style);
    const Formula x = write(n.inputs[k], scope);
    // A product of vectors channel by channel is no factor of a matrix product without parentheses.
    const std::string operand = x.binding == Binding::atom ? x.text : parenthesised(x.text);
    text += (text.empty() ? "" : " + ") + (name ? *name : std::string("\\mathbf{W}")) + "\\," + operand;
  }
  if (!n.bias) return {text, n.inputs.size() > 1 ? Binding::sum : Binding::dot};
  const auto bias = weights_.latex(n.bias, scope.style);
  return {text + " + " + (bias ? *bias : std::string("\\mathbf{b}_{+}")), Binding::sum};
}

Formula FormulaWriter::constant(NodeId id, const Scope& scope) const {
  const Node& n = node(id);
  if (n.type.channels == 1 && n.tensors[0]->name.empty()) return number_formula(n.tensors[0]->values[0], graph_.cutoff);
  if (const auto name = weights_.latex(n.tensors[0], scope.style)) return {*name, Binding::atom};
  return constant_(id, scope.style);
}

}  // namespace mlffgen::explain
