#include "codegen/elaborate/evaluator.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <set>
#include <utility>

#include "base/text.h"
#include "codegen/elaborate/elaborate.h"
#include "codegen/ir/interpret.h"

namespace mlffgen::elaborate {

using dsl::Expression;
using dsl::Statement;
using ir::NodeId;

namespace {

constexpr std::size_t kMaxNodes = 20000;
constexpr int kMaxSteps = 1000000;
constexpr std::int64_t kMaxNumbers = 10000000;
constexpr int kMaxCallDepth = 32;
constexpr std::size_t kMaxTextLength = 1000;
constexpr int kMaxLoopCount = 1000;

// Names with a meaning of their own, which a program cannot assign.
const std::set<std::string> kReserved = {"i",         "j",      "pi",     "cutoff", "element", "distance",
                                         "direction", "scalar", "vector", "true",   "false"};

}  // namespace

Value Value::of_number(double x, bool is_integer) {
  Value value;
  value.number = x;
  value.is_integer = is_integer;
  return value;
}

Value Value::of_node(NodeId id) {
  Value value;
  value.kind = Kind::node;
  value.node = id;
  return value;
}

std::string Value::describe(const ir::Graph& graph) const {
  switch (kind) {
    case Kind::number:
      return fmt::format("the number {}", number);
    case Kind::text:
      return "the text " + quote(text);
    case Kind::node:
      return "a value of type " + graph[node].type.str();
    case Kind::list:
      return fmt::format("a list of {} values", items.size());
    case Kind::element:
      return "the element of an atom";
  }
  return "?";
}

Evaluator::Evaluator(const dsl::ModelSpec& spec, WeightSource& weights, ir::Graph& graph)
    : spec_(spec), weights_(weights), graph_(graph), build_(graph), scopes_(1) {
  for (const auto& parameter : spec.architecture.parameters) {
    parameters_[parameter.name] = Value::of_number(spec.parameters.at(parameter.name), parameter.is_integer);
  }
}

void Evaluator::charge(std::int64_t numbers, const SourceLocation& where) {
  numbers_ += numbers;
  if (numbers_ > kMaxNumbers) {
    throw UserError(where, fmt::format("the program makes more than {} numbers of its own", kMaxNumbers));
  }
}

// A bound on the time that a program takes, and on the nodes it makes.
void Evaluator::count_step(const SourceLocation& where) {
  if (graph_.nodes.size() > kMaxNodes) {
    throw UserError(where, fmt::format("the program grows beyond {} operations", kMaxNodes));
  }
  if (++steps_ > kMaxSteps) throw UserError(where, fmt::format("the program takes more than {} steps", kMaxSteps));
}

void Evaluator::check_new_name(const std::string& name, const SourceLocation& where) const {
  if (kReserved.contains(name))
    throw UserError(where, fmt::format("{} has a meaning of its own; choose another name", name));
  if (is_builtin(name))
    throw UserError(where, fmt::format("{} is a function of the language; choose another name", name));
}

const Value* Evaluator::variable(const std::string& name) const {
  const auto found = scopes_.back().variables.find(name);
  return found == scopes_.back().variables.end() ? nullptr : &found->second;
}

void Evaluator::run(const std::vector<Statement>& statements) {
  for (const Statement& s : statements) {
    if (returning_) return;
    statement(s);
  }
}

void Evaluator::statement(const Statement& s) {
  count_step(s.where);
  switch (s.kind) {
    case Statement::Kind::assign:
      assign(s);
      return;
    case Statement::Kind::add_assign:
      add_assign(s);
      return;
    case Statement::Kind::for_loop:
      for_loop(s);
      return;
    case Statement::Kind::if_else: {
      const Value condition = expression(s.values[0]);
      if (condition.kind != Value::Kind::number) {
        throw UserError(s.values[0].where,
                        "the condition of if is decided when the model is compiled: it must be a number, not " +
                            condition.describe(graph_));
      }
      run(condition.number != 0 ? s.body : s.else_body);
      return;
    }
    case Statement::Kind::define:
      for (std::size_t k = 0; k < s.targets.size(); ++k) check_new_name(s.targets[k], s.target_locations[k]);
      functions_[s.targets[0]] = &s;
      return;
    case Statement::Kind::return_value:
      if (scopes_.size() < 2) throw UserError(s.where, "return stands outside def");
      for (const Expression& value : s.values) returned_.push_back(expression(value));
      returning_ = true;
      return;
  }
}

void Evaluator::bind(const std::string& name, Value value, const SourceLocation& where) {
  check_new_name(name, where);
  scopes_.back().variables[name] = named(std::move(value), name);
}

Value Evaluator::named(Value value, const std::string& name) {
  if (value.kind == Value::Kind::node) {
    ir::Node& node = graph_.nodes[static_cast<std::size_t>(value.node)];
    if (node.name.empty() || node.name == current_name_) node.name = name;
  }
  return value;
}

void Evaluator::assign(const Statement& s) {
  current_name_ = s.targets[0];
  Value value = expression(s.values[0]);
  if (s.targets.size() == 1) {
    bind(s.targets[0], std::move(value), s.target_locations[0]);
    return;
  }
  if (value.kind != Value::Kind::list || value.items.size() != s.targets.size()) {
    throw UserError(s.where,
                    fmt::format("{} names on the left, but {} on the right", s.targets.size(), value.describe(graph_)));
  }
  for (std::size_t k = 0; k < s.targets.size(); ++k) bind(s.targets[k], value.items[k], s.target_locations[k]);
}

void Evaluator::add_assign(const Statement& s) {
  current_name_ = s.targets[0];
  const Value before = lookup(s.targets[0], s.target_locations[0]);
  bind(s.targets[0], binary("+", before, expression(s.values[0]), s.where), s.target_locations[0]);
}

void Evaluator::for_loop(const Statement& s) {
  const int count = integer(expression(s.values[0]), "the number of turns of for", s.values[0].where);
  if (count < 0 || count > kMaxLoopCount) {
    throw UserError(s.values[0].where, fmt::format("for runs 0 to {} times, not {}", kMaxLoopCount, count));
  }
  for (int k = 0; k < count && !returning_; ++k) {
    bind(s.targets[0], Value::of_number(k, true), s.where);
    run(s.body);
  }
}

Value Evaluator::lookup(const std::string& name, const SourceLocation& where) {
  build_.set_origin(where, name);
  if (const Value* found = variable(name)) return *found;
  if (const auto found = parameters_.find(name); found != parameters_.end()) return found->second;
  if (name == "pi") return Value::of_number(std::numbers::pi, false);
  if (name == "true" || name == "false") return Value::of_number(name == "true" ? 1 : 0, true);
  if (name == "cutoff") return Value::of_number(spec_.cutoff, false);
  if (name == "distance") return Value::of_node(build_.distance());
  if (name == "direction") return Value::of_node(build_.direction());
  if (name == "scalar" || name == "vector") {
    Value value;
    value.kind = Value::Kind::text;
    value.text = name;
    return value;
  }
  if (name == "element") {
    Value value;
    value.kind = Value::Kind::element;
    return value;
  }
  std::vector<std::string> names(kReserved.begin(), kReserved.end());
  for (const auto& [known, value] : scopes_.back().variables) names.push_back(known);
  for (const auto& [known, value] : parameters_) names.push_back(known);
  const std::string hint = is_builtin(name)             ? "; it is a function: call it with ( )"
                           : name == "i" || name == "j" ? "; [i] and [j] stand behind a value of an atom"
                                                        : did_you_mean(name, names);
  throw UserError(where, fmt::format("nothing is named {} here{}", quote(name), hint));
}

int Evaluator::integer(const Value& value, const char* what, const SourceLocation& where) {
  if (value.kind != Value::Kind::number || !value.is_integer || std::abs(value.number) > 1e6) {
    throw UserError(where, fmt::format("{} must be an integer, not {}", what, value.describe(graph_)));
  }
  return static_cast<int>(value.number);
}

NodeId Evaluator::as_node(const Value& value, const SourceLocation& where) {
  if (value.kind == Value::Kind::node) return value.node;
  if (value.kind == Value::Kind::number) return build_.number(value.number);
  throw UserError(where, "a value is needed here, not " + value.describe(graph_));
}

Value Evaluator::apply(ir::Function function, const Value& x, const SourceLocation& where) {
  if (x.kind != Value::Kind::number) return Value::of_node(build_.unary(function, as_node(x, where)));
  const double y = ir::apply(function, x.number);
  if (!std::isfinite(y)) throw UserError(where, fmt::format("{}({}) is not finite", ir::name_of(function), x.number));
  return Value::of_number(y, false);
}

Value Evaluator::compare(const std::string& op, const Value& a, const Value& b, const SourceLocation& where) {
  if (a.kind != Value::Kind::number || b.kind != Value::Kind::number) {
    throw UserError(where, fmt::format("{} compares numbers known when the model is compiled, not {}", op,
                                       (a.kind != Value::Kind::number ? a : b).describe(graph_)));
  }
  const double x = a.number, y = b.number;
  const bool holds = op == "=="   ? x == y
                     : op == "!=" ? x != y
                     : op == "<"  ? x < y
                     : op == "<=" ? x <= y
                     : op == ">"  ? x > y
                                  : x >= y;
  return Value::of_number(holds ? 1 : 0, true);
}

Value Evaluator::binary(const std::string& op, const Value& a, const Value& b, const SourceLocation& where) {
  if (op == "==" || op == "!=" || op[0] == '<' || op[0] == '>') return compare(op, a, b, where);
  build_.set_origin(where, current_name_);
  if (a.kind == Value::Kind::number && b.kind == Value::Kind::number) {
    const double x = a.number, y = b.number;
    const double result = op == "+"   ? x + y
                          : op == "-" ? x - y
                          : op == "*" ? x * y
                          : op == "/" ? x / y
                                      : std::pow(x, y);
    if (!std::isfinite(result)) throw UserError(where, fmt::format("{} {} {} is not finite", x, op, y));
    const bool integral = a.is_integer && b.is_integer && std::abs(result) < 1e15 && result == std::floor(result);
    return Value::of_number(result, integral);
  }
  const NodeId x = as_node(a, where);
  if (op == "**") {
    if (b.kind != Value::Kind::number)
      throw UserError(where, "the exponent of ** must be a number, not " + b.describe(graph_));
    return Value::of_node(build_.power(x, b.number));
  }
  const NodeId y = as_node(b, where);
  if (op == "+") return Value::of_node(build_.add(x, y));
  if (op == "-") return Value::of_node(build_.subtract(x, y));
  if (op == "*") return Value::of_node(build_.multiply(x, y));
  if (b.kind == Value::Kind::number) {
    if (b.number == 0) throw UserError(where, "division by zero");
    if (!std::isfinite(1 / b.number)) throw UserError(where, fmt::format("1 / {} is not finite", b.number));
    return Value::of_node(build_.scale(1 / b.number, x));
  }
  return Value::of_node(build_.multiply(x, build_.unary(ir::Function::reciprocal, y)));
}

Value Evaluator::expression(const Expression& e) {
  count_step(e.where);
  switch (e.kind) {
    case Expression::Kind::number:
      return Value::of_number(e.number, e.is_integer);
    case Expression::Kind::string: {
      Value value;
      value.kind = Value::Kind::text;
      value.text = interpolate(e.text, e.where);
      return value;
    }
    case Expression::Kind::name:
      return lookup(e.text, e.where);
    case Expression::Kind::unary: {
      const Value x = expression(e.operands[0]);
      if (x.kind == Value::Kind::number) return Value::of_number(-x.number, x.is_integer);
      build_.set_origin(e.where, current_name_);
      return Value::of_node(build_.negate(as_node(x, e.where)));
    }
    case Expression::Kind::binary: {
      const Value a = expression(e.operands[0]);
      return binary(e.text, a, expression(e.operands[1]), e.where);
    }
    case Expression::Kind::call:
      return call(e);
    case Expression::Kind::index:
      return index(e);
    case Expression::Kind::slice:
      return slice(e);
  }
  throw InternalError("expression without a meaning");
}

Value Evaluator::call(const Expression& e) {
  const auto defined = functions_.find(e.text);
  if (defined != functions_.end()) return call_defined(*defined->second, e);
  if (!is_builtin(e.text)) {
    std::vector<std::string> names = function_names();
    for (const auto& [name, statement] : functions_) names.push_back(name);
    throw UserError(e.where, fmt::format("there is no function {}{}", quote(e.text), did_you_mean(e.text, names)));
  }
  std::vector<Value> arguments;
  for (const Expression& operand : e.operands) arguments.push_back(expression(operand));
  build_.set_origin(e.where, current_name_);
  Value result;
  call_builtin(*this, e, arguments, result);
  return result;
}

// The body of a def sees its parameters and the model's, nothing else.
Value Evaluator::call_defined(const Statement& definition, const Expression& e) {
  const std::size_t count = definition.targets.size() - 1;
  if (e.operands.size() != count || !e.keywords.empty()) {
    throw UserError(e.where,
                    fmt::format("{} takes {} arguments by position, not {}", e.text, count, e.operands.size()));
  }
  if (depth_ >= kMaxCallDepth) throw UserError(e.where, fmt::format("calls are nested deeper than {}", kMaxCallDepth));
  Scope scope;
  for (std::size_t k = 0; k < count; ++k) scope.variables[definition.targets[k + 1]] = expression(e.operands[k]);
  scopes_.push_back(std::move(scope));
  ++depth_;
  std::vector<Value> outer = std::exchange(returned_, {});
  const bool outer_returning = std::exchange(returning_, false);
  const std::string outer_name = current_name_;
  run(definition.body);
  current_name_ = outer_name;
  std::vector<Value> results = std::exchange(returned_, std::move(outer));
  returning_ = outer_returning;
  --depth_;
  scopes_.pop_back();
  if (results.empty()) throw UserError(definition.where, fmt::format("{} ends without return", e.text));
  if (results.size() == 1) return results[0];
  for (const Value& result : results) {
    // Lists of lists would grow exponentially with the depth of calls.
    if (result.kind == Value::Kind::list) {
      throw UserError(e.where, fmt::format("{} returns a list among several values; return its items by name", e.text));
    }
  }
  Value list;
  list.kind = Value::Kind::list;
  list.items = std::move(results);
  return list;
}

Value Evaluator::index(const Expression& e) {
  const Value x = expression(e.operands[0]);
  const Expression& at = e.operands[1];
  build_.set_origin(e.where, current_name_);
  if (at.kind == Expression::Kind::name && (at.text == "i" || at.text == "j")) {
    const NodeId node = as_node(x, e.where);
    return Value::of_node(at.text == "i" ? build_.at_i(node) : build_.at_j(node));
  }
  if (x.kind != Value::Kind::list) {
    throw UserError(e.where,
                    fmt::format("only a list, such as split gives, has items; this is {}; channels are taken as "
                                "x[first:end]",
                                x.describe(graph_)));
  }
  const int k = integer(expression(at), "the index", at.where);
  if (k < 0 || k >= static_cast<int>(x.items.size())) {
    throw UserError(at.where, fmt::format("index {} is outside the list of {} values", k, x.items.size()));
  }
  return x.items[static_cast<std::size_t>(k)];
}

Value Evaluator::slice(const Expression& e) {
  const NodeId x = as_node(expression(e.operands[0]), e.where);
  const int first = integer(expression(e.operands[1]), "the first channel", e.operands[1].where);
  const int end = integer(expression(e.operands[2]), "the end of the channels", e.operands[2].where);
  build_.set_origin(e.where, current_name_);
  if (end <= first) throw UserError(e.where, fmt::format("channels {}:{} are none", first, end));
  return Value::of_node(build_.slice(x, first, end - first));
}

std::string Evaluator::interpolate(const std::string& text, const SourceLocation& where) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    result += text.substr(at, open - at);
    if (result.size() > kMaxTextLength) break;
    if (open == std::string::npos) return result;
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) throw UserError(where, "a { in a text without its }");
    const std::string name = text.substr(open + 1, close - open - 1);
    const Value value = lookup(name, where);
    result += value.kind == Value::Kind::text ? value.text : std::to_string(integer(value, "a name in { }", where));
    at = close + 1;
  }
  if (result.size() > kMaxTextLength) {
    throw UserError(where, fmt::format("a text grows beyond {} characters", kMaxTextLength));
  }
  return result;
}

}  // namespace mlffgen::elaborate
