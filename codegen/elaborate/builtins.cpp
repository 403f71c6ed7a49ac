// The functions of the program language. docs/language.md documents each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <numeric>

#include "base/elements.h"
#include "base/text.h"
#include "codegen/elaborate/elaborate.h"
#include "codegen/elaborate/evaluator.h"

namespace mlffgen::elaborate {

using ir::Builder;
using ir::Domain;
using ir::Function;
using ir::Kind;
using ir::NodeId;

namespace {

constexpr int kMaxChannels = 8192;

// The arguments of one call, by the names of the function's parameters.
class Call {
 public:
  Call(Evaluator& evaluator, const dsl::Expression& syntax, const std::vector<Value>& values,
       const std::vector<std::string>& parameters, std::size_t required)
      : evaluator_(evaluator), syntax_(syntax) {
    const std::size_t positional = values.size() - syntax.keywords.size();
    if (positional > parameters.size()) {
      throw UserError(where(), fmt::format("{} takes at most {} arguments ({}), not {}", syntax.text, parameters.size(),
                                           join(parameters, ", "), positional));
    }
    for (std::size_t k = 0; k < positional; ++k) place(parameters[k], values[k], syntax.operands[k].where);
    for (std::size_t k = 0; k < syntax.keywords.size(); ++k) {
      const std::string& keyword = syntax.keywords[k];
      if (std::find(parameters.begin(), parameters.end(), keyword) == parameters.end()) {
        throw UserError(
            syntax.operands[positional + k].where,
            fmt::format("{} has no argument {}{}", syntax.text, quote(keyword), did_you_mean(keyword, parameters)));
      }
      place(keyword, values[positional + k], syntax.operands[positional + k].where);
    }
    for (std::size_t k = 0; k < required; ++k) {
      if (!has(parameters[k])) {
        throw UserError(
            where(), fmt::format("{} needs the argument {} ({})", syntax.text, parameters[k], join(parameters, ", ")));
      }
    }
  }

  const SourceLocation& where() const { return syntax_.where; }
  bool has(const std::string& name) const { return values_.contains(name); }
  const Value& value(const std::string& name) const { return values_.at(name).first; }
  const SourceLocation& where(const std::string& name) const { return values_.at(name).second; }
  Builder& build() const { return evaluator_.build(); }
  Evaluator& evaluator() const { return evaluator_; }

  NodeId node(const std::string& name) const { return evaluator_.as_node(value(name), where(name)); }

  // A value of the kind asked for.
  NodeId node(const std::string& name, Kind kind) const {
    const NodeId id = node(name);
    if (build().type(id).kind != kind) {
      throw UserError(where(name), fmt::format("{} takes a {} as {}, not {}", syntax_.text, ir::name_of(kind), name,
                                               value(name).describe(evaluator_.graph())));
    }
    return id;
  }

  double number(const std::string& name, double otherwise) const {
    if (!has(name)) return otherwise;
    if (value(name).kind != Value::Kind::number) wrong(name, "a number");
    return value(name).number;
  }

  int integer(const std::string& name, int minimum, int maximum) const {
    const Value& v = value(name);
    if (v.kind != Value::Kind::number || !v.is_integer) wrong(name, "an integer");
    if (v.number < minimum || v.number > maximum) {
      throw UserError(where(name), fmt::format("{}: {} must lie between {} and {}, not be {}", syntax_.text, name,
                                               minimum, maximum, v.number));
    }
    return static_cast<int>(v.number);
  }

  const std::string& text(const std::string& name) const {
    if (value(name).kind != Value::Kind::text) wrong(name, "a text in quotes");
    return value(name).text;
  }

  void needs_element(const std::string& name) const {
    if (value(name).kind != Value::Kind::element) wrong(name, "element");
  }

 private:
  void place(const std::string& name, const Value& v, const SourceLocation& at) {
    if (has(name)) throw UserError(at, fmt::format("{} is given the argument {} twice", syntax_.text, name));
    values_[name] = {v, at};
  }

  [[noreturn]] void wrong(const std::string& name, const char* expected) const {
    throw UserError(where(name), fmt::format("{} takes {} as {}, not {}", syntax_.text, expected, name,
                                             value(name).describe(evaluator_.graph())));
  }

  Evaluator& evaluator_;
  const dsl::Expression& syntax_;
  std::map<std::string, std::pair<Value, SourceLocation>> values_;
};

ir::TensorPtr weight(const Call& call, const std::string& name, std::vector<std::int64_t> shape,
                     std::int64_t minimum_rows = 1, Initial initial = Initial::random) {
  return call.evaluator().weights().get({name, std::move(shape), minimum_rows, initial, call.where()});
}

// Rows of a table indexed by atomic number, one for each element of the model.
ir::TensorPtr rows_of_elements(const Call& call, const ir::TensorPtr& table) {
  std::vector<double> values;
  const std::int64_t width = table->shape.size() == 2 ? table->columns() : 1;
  call.evaluator().charge(width * static_cast<std::int64_t>(call.evaluator().spec().elements.size()), call.where());
  for (const int element : call.evaluator().spec().elements) {
    const auto first = table->values.begin() + element * width;
    values.insert(values.end(), first, first + width);
  }
  return ir::make_tensor(table->name, {static_cast<std::int64_t>(call.evaluator().spec().elements.size()), width},
                         values);
}

std::int64_t rows_needed(const Call& call) {
  const std::vector<int>& elements = call.evaluator().spec().elements;
  return *std::max_element(elements.begin(), elements.end()) + 1;
}

Value embedding(const Call& call) {
  call.needs_element("element");
  const int channels = call.integer("channels", 1, kMaxChannels);
  return Value::of_node(call.build().element_table(
      rows_of_elements(call, weight(call, call.text("weight"), {-1, channels}, rows_needed(call)))));
}

Value per_element(const Call& call) {
  call.needs_element("element");
  return Value::of_node(call.build().element_table(
      rows_of_elements(call, weight(call, call.text("weight"), {-1}, rows_needed(call), Initial::zero))));
}

Value weight_value(const Call& call) {
  static const std::map<std::string, Initial> kInitials = {
      {"random", Initial::random}, {"zero", Initial::zero}, {"range", Initial::range}, {"spacing", Initial::spacing}};
  Initial initial = Initial::random;
  if (call.has("initial")) {
    const auto found = kInitials.find(call.text("initial"));
    if (found == kInitials.end()) {
      throw UserError(call.where("initial"), fmt::format("initial is one of random, zero, range, spacing, not {}",
                                                         quote(call.text("initial"))));
    }
    initial = found->second;
  }
  return Value::of_node(
      call.build().constant(weight(call, call.text("name"), {call.integer("channels", 1, kMaxChannels)}, 1, initial)));
}

Value zeros(const Call& call) {
  const std::string& kind = call.text("kind");
  if (kind != "scalar" && kind != "vector") {
    throw UserError(call.where("kind"), fmt::format("zeros takes scalar or vector as kind, not {}", quote(kind)));
  }
  return Value::of_node(call.build().zero(
      {Domain::atom, kind == "vector" ? Kind::vector : Kind::scalar, call.integer("channels", 1, kMaxChannels)}));
}

Value linear_map(const Call& call, Kind kind, bool bias) {
  const NodeId x = call.node("x", kind);
  const int channels = call.integer("channels", 1, kMaxChannels);
  const std::string& name = call.text("weight");
  const ir::TensorPtr matrix = weight(call, name + ".weight", {channels, call.build().type(x).channels});
  return Value::of_node(call.build().linear({x}, {matrix}, bias ? weight(call, name + ".bias", {channels}) : nullptr));
}

Value norm(const Call& call) {
  const NodeId v = call.node("v", Kind::vector);
  const double epsilon = call.number("epsilon", 0);
  if (!(epsilon >= 0)) throw UserError(call.where("epsilon"), "epsilon must not be negative");
  Builder& b = call.build();
  const NodeId square = b.dot(v, v);
  return Value::of_node(b.unary(Function::sqrt, epsilon > 0 ? b.add(square, b.number(epsilon)) : square));
}

Value split(const Call& call) {
  const NodeId x = call.node("x");
  const int parts = call.integer("parts", 1, kMaxChannels);
  const int channels = call.build().type(x).channels;
  if (channels % parts != 0) {
    throw UserError(call.where(), fmt::format("{} channels cannot be split into {} equal parts", channels, parts));
  }
  Value result;
  result.kind = Value::Kind::list;
  for (int k = 0; k < parts; ++k) {
    result.items.push_back(Value::of_node(call.build().slice(x, k * (channels / parts), channels / parts)));
  }
  return result;
}

// exp(-((r - offset) / width)^2 / 2)
Value gaussian(const Call& call) {
  Builder& b = call.build();
  const NodeId scaled =
      b.multiply(b.subtract(call.node("x"), call.node("offsets")), b.unary(Function::reciprocal, call.node("widths")));
  return Value::of_node(b.unary(Function::exp, b.scale(-0.5, b.power(scaled, 2))));
}

// (cos(pi r / cutoff) + 1) / 2
Value cosine_cutoff(const Call& call) {
  Builder& b = call.build();
  const NodeId angle = b.scale(std::numbers::pi / call.evaluator().spec().cutoff, call.node("x"));
  return Value::of_node(b.scale(0.5, b.add(b.unary(Function::cos, angle), b.number(1))));
}

// 1 - (p+1)(p+2)/2 d^p + p(p+2) d^(p+1) - p(p+1)/2 d^(p+2), d = r / cutoff: Gasteiger et al., arXiv 2003.03123, eq. 8.
// Near the cutoff these terms are tens of times their sum. The same polynomial without differences of like numbers is
// (1 - d)^3 (1 + 3 d + 6 d^2 + ... + p(p+1)/2 d^(p-1)).
Value polynomial_cutoff(const Call& call) {
  Builder& b = call.build();
  const int p = call.integer("p", 2, 20);
  const NodeId d = b.scale(1 / call.evaluator().spec().cutoff, call.node("x"));
  NodeId sum = b.number(0.5 * p * (p + 1));
  for (int k = p - 1; k >= 1; --k) sum = b.add(b.multiply(sum, d), b.number(0.5 * k * (k + 1)));
  return Value::of_node(b.multiply(b.power(b.subtract(b.number(1), d), 3), sum));
}

// sqrt(2 / cutoff) sin(n pi r / cutoff) / r, n = 1 .. count: Gasteiger et al., arXiv 2003.03123, eq. 7
Value bessel(const Call& call) {
  Builder& b = call.build();
  const double cutoff = call.evaluator().spec().cutoff;
  std::vector<double> frequencies(static_cast<std::size_t>(call.integer("count", 1, 256)));
  for (std::size_t n = 0; n < frequencies.size(); ++n) {
    frequencies[n] = static_cast<double>(n + 1) * std::numbers::pi / cutoff;
  }
  const auto count = static_cast<std::int64_t>(frequencies.size());
  call.evaluator().charge(count, call.where());
  const NodeId x = call.node("x");
  const NodeId waves = b.unary(Function::sin, b.multiply(x, b.constant(ir::make_tensor("", {count}, frequencies))));
  return Value::of_node(b.scale(std::sqrt(2 / cutoff), b.multiply(waves, b.unary(Function::reciprocal, x))));
}

// The numbers first, first + 1, ... as a constant of count channels.
Value sequence(const Call& call) {
  std::vector<double> values(static_cast<std::size_t>(call.integer("count", 1, kMaxChannels)));
  const auto count = static_cast<std::int64_t>(values.size());
  call.evaluator().charge(count, call.where());
  std::iota(values.begin(), values.end(), call.number("first", 0));
  return Value::of_node(call.build().constant(ir::make_tensor("", {count}, std::move(values))));
}

Value concat(Evaluator& evaluator, const dsl::Expression& syntax, const std::vector<Value>& values) {
  if (values.empty() || !syntax.keywords.empty())
    throw UserError(syntax.where, "concat takes one or more values by position");
  std::vector<NodeId> parts;
  int channels = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    parts.push_back(evaluator.as_node(values[k], syntax.operands[k].where));
    channels += evaluator.build().type(parts.back()).channels;
    if (channels > kMaxChannels) {
      throw UserError(syntax.where, fmt::format("concat gives more than {} channels", kMaxChannels));
    }
  }
  return Value::of_node(evaluator.build().concat(parts));
}

struct Builtin {
  std::vector<std::string> parameters;
  std::size_t required;
  std::function<Value(const Call&)> run;
};

Builtin scalar_function(Function function) {
  return {{"x"}, 1, [function](const Call& c) { return c.evaluator().apply(function, c.value("x"), c.where("x")); }};
}

Builtin node_function(NodeId (Builder::*method)(NodeId)) {
  return {{"x"}, 1, [method](const Call& c) { return Value::of_node((c.build().*method)(c.node("x"))); }};
}

Value shifted_softplus(const Call& c) {
  const Value y = c.evaluator().apply(Function::softplus, c.value("x"), c.where("x"));
  return c.evaluator().binary("-", y, Value::of_number(std::numbers::ln2, false), c.where());
}

const std::map<std::string, Builtin>& builtins() {
  static const std::map<std::string, Builtin> table = {
      {"exp", scalar_function(Function::exp)},
      {"log", scalar_function(Function::log)},
      {"sqrt", scalar_function(Function::sqrt)},
      {"sin", scalar_function(Function::sin)},
      {"cos", scalar_function(Function::cos)},
      {"tanh", scalar_function(Function::tanh)},
      {"sigmoid", scalar_function(Function::sigmoid)},
      {"silu", scalar_function(Function::silu)},
      {"softplus", scalar_function(Function::softplus)},
      {"shifted_softplus", {{"x"}, 1, shifted_softplus}},
      {"sum_j", node_function(&Builder::sum_j)},
      {"sum_i", node_function(&Builder::sum_i)},
      {"sum_channels", node_function(&Builder::sum_channels)},
      {"dot",
       {{"a", "b"},
        2,
        [](const Call& c) {
          return Value::of_node(c.build().dot(c.node("a", Kind::vector), c.node("b", Kind::vector)));
        }}},
      {"norm", {{"v", "epsilon"}, 1, norm}},
      {"embedding", {{"element", "weight", "channels"}, 3, embedding}},
      {"per_element", {{"element", "weight"}, 2, per_element}},
      {"weight", {{"name", "channels", "initial"}, 2, weight_value}},
      {"zeros", {{"kind", "channels"}, 2, zeros}},
      {"linear",
       {{"x", "weight", "channels", "bias"},
        3,
        [](const Call& c) { return linear_map(c, Kind::scalar, c.number("bias", 1) != 0); }}},
      {"mix", {{"x", "weight", "channels"}, 3, [](const Call& c) { return linear_map(c, Kind::vector, false); }}},
      {"cartesian_mix",
       {{"v", "weight"},
        2,
        [](const Call& c) {
          return Value::of_node(
              c.build().cartesian_mix(c.node("v", Kind::vector), weight(c, c.text("weight"), {3, 3})));
        }}},
      {"split", {{"x", "parts"}, 2, split}},
      {"gaussian", {{"x", "offsets", "widths"}, 3, gaussian}},
      {"cosine_cutoff", {{"x"}, 1, cosine_cutoff}},
      {"polynomial_cutoff", {{"x", "p"}, 2, polynomial_cutoff}},
      {"bessel", {{"x", "count"}, 2, bessel}},
      {"sequence", {{"first", "count"}, 2, sequence}},
  };
  return table;
}

}  // namespace

bool is_builtin(const std::string& name) { return name == "concat" || builtins().contains(name); }

std::vector<std::string> function_names() {
  std::vector<std::string> names = {"concat"};
  for (const auto& [name, builtin] : builtins()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

bool call_builtin(Evaluator& evaluator, const dsl::Expression& call, const std::vector<Value>& arguments,
                  Value& result) {
  if (call.text == "concat") {
    result = concat(evaluator, call, arguments);
    return true;
  }
  const auto found = builtins().find(call.text);
  if (found == builtins().end()) return false;
  result = found->second.run(Call(evaluator, call, arguments, found->second.parameters, found->second.required));
  return true;
}

}  // namespace mlffgen::elaborate
