// Evaluates expressions and statements of a program into graph nodes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codegen/elaborate/weights.h"
#include "codegen/ir/build.h"
#include "dsl/spec.h"

namespace mlffgen::elaborate {

// What an expression of the program stands for.
struct Value {
  enum class Kind { number, text, node, list, element };
  Kind kind = Kind::number;
  double number = 0;
  bool is_integer = false;
  std::string text;
  ir::NodeId node = ir::kNoNode;
  std::vector<Value> items;

  static Value of_number(double x, bool is_integer);
  static Value of_node(ir::NodeId id);
  std::string describe(const ir::Graph& graph) const;  // "the number 3", "a value of type atom scalar[128]"
};

class Evaluator {
 public:
  Evaluator(const dsl::ModelSpec& spec, WeightSource& weights, ir::Graph& graph);

  void run(const std::vector<dsl::Statement>& statements);
  const Value* variable(const std::string& name) const;

  // Services for the built-in functions.
  ir::Builder& build() { return build_; }
  ir::Graph& graph() { return graph_; }
  const dsl::ModelSpec& spec() const { return spec_; }
  WeightSource& weights() { return weights_; }
  ir::NodeId as_node(const Value& value, const SourceLocation& where);
  Value apply(ir::Function function, const Value& x, const SourceLocation& where);
  Value binary(const std::string& op, const Value& a, const Value& b, const SourceLocation& where);
  // Counts numbers that a function is about to store, against a bound on the memory a program takes.
  void charge(std::int64_t numbers, const SourceLocation& where);

 private:
  struct Scope {
    std::map<std::string, Value> variables;
  };

  void count_step(const SourceLocation& where);
  void check_new_name(const std::string& name, const SourceLocation& where) const;
  void statement(const dsl::Statement& s);
  void assign(const dsl::Statement& s);
  void add_assign(const dsl::Statement& s);
  void for_loop(const dsl::Statement& s);
  void bind(const std::string& name, Value value, const SourceLocation& where);
  Value lookup(const std::string& name, const SourceLocation& where);
  Value expression(const dsl::Expression& e);
  Value call(const dsl::Expression& e);
  Value call_defined(const dsl::Statement& definition, const dsl::Expression& e);
  Value index(const dsl::Expression& e);
  Value slice(const dsl::Expression& e);
  Value compare(const std::string& op, const Value& a, const Value& b, const SourceLocation& where);
  std::string interpolate(const std::string& text, const SourceLocation& where);
  int integer(const Value& value, const char* what, const SourceLocation& where);
  Value named(Value value, const std::string& name);

  const dsl::ModelSpec& spec_;
  WeightSource& weights_;
  ir::Graph& graph_;
  ir::Builder build_;
  std::map<std::string, Value> parameters_;  // of the architecture; seen from every scope
  std::vector<Scope> scopes_;
  std::map<std::string, const dsl::Statement*> functions_;
  std::vector<Value> returned_;
  bool returning_ = false;
  int depth_ = 0;
  int steps_ = 0;
  std::int64_t numbers_ = 0;
  std::string current_name_;
};

// Calls a built-in function; false if there is none of that name.
bool call_builtin(Evaluator& evaluator, const dsl::Expression& call, const std::vector<Value>& arguments,
                  Value& result);
bool is_builtin(const std::string& name);

}  // namespace mlffgen::elaborate
