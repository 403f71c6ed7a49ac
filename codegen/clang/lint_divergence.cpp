#include "codegen/clang/lint_divergence.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Expr.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/Stmt.h>
#include <clang/AST/StmtCXX.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mlffgen::clang {
namespace {

using ::clang::CallExpr;
using ::clang::Expr;
using ::clang::FunctionDecl;
using ::clang::Stmt;
using ::clang::VarDecl;
using llvm::dyn_cast;
using llvm::dyn_cast_or_null;
using llvm::isa;

// Across which threads a value may differ.
enum class Level { block_uniform, team_uniform, lane_varying };

Level join(Level a, Level b) { return std::max(a, b); }

bool is_barrier(llvm::StringRef name) { return name.starts_with("__syncthreads") || name.ends_with("_barrier"); }

// The most varying condition under which the barrier is still met by all threads that it waits for.
Level barrier_tolerance(llvm::StringRef name) {
  return name.starts_with("team_") ? Level::team_uniform : Level::block_uniform;
}

struct Summary {
  Level result = Level::block_uniform;
  Level tolerance = Level::lane_varying;  // of the barriers inside; lane_varying if there are none
};

using Key = std::pair<const FunctionDecl*, std::vector<Level>>;

// Shared by the analyses of all functions below one kernel.
struct Program {
  const DeviceAst& ast;
  const DivergenceReport& report;
  std::map<Key, Summary> summaries;
  std::vector<Key> in_progress;
};

Summary summarise(Program& program, const FunctionDecl* function, std::vector<Level> arguments);

// Walks one function with known levels of its parameters until the levels of its variables no longer change.
class FunctionWalk {
 public:
  FunctionWalk(Program& program, const FunctionDecl* function, const std::vector<Level>& arguments)
      : program_(program), function_(function) {
    for (unsigned i = 0; i < function->getNumParams() && i < arguments.size(); ++i) {
      levels_[function->getParamDecl(i)] = arguments[i];
    }
  }

  Summary run() {
    do {
      changed_ = false;
      exit_ = Level::block_uniform;
      walk(function_->getBody(), Level::block_uniform);
    } while (changed_);
    reporting_ = true;
    exit_ = Level::block_uniform;
    walk(function_->getBody(), Level::block_uniform);
    return summary_;
  }

 private:
  void raise(const VarDecl* variable, Level level) {
    Level& known = levels_.try_emplace(variable, Level::block_uniform).first->second;
    if (level > known) {
      known = level;
      changed_ = true;
    }
  }

  // The variable that an assignment to `target` changes: x, x.y, x[i], *p.
  void assign(const Expr* target, Level level) {
    target = target->IgnoreParenCasts();
    if (const auto* subscript = dyn_cast<::clang::ArraySubscriptExpr>(target))
      return assign(subscript->getBase(), level);
    if (const auto* member = dyn_cast<::clang::MemberExpr>(target)) return assign(member->getBase(), level);
    if (const auto* unary = dyn_cast<::clang::UnaryOperator>(target)) return assign(unary->getSubExpr(), level);
    if (const auto* reference = dyn_cast<::clang::DeclRefExpr>(target)) {
      const auto* variable = dyn_cast<VarDecl>(reference->getDecl());
      // What lies in shared or global memory is not tracked, nor is a pointer changed by a store through it.
      if (variable == nullptr || !variable->hasLocalStorage() || variable->getType()->isPointerType()) return;
      raise(variable, level);
    }
  }

  Level control(Level outer) const { return join(join(outer, exit_), join(break_, continue_)); }

  void walk(const Stmt* statement, Level outer) {
    if (statement == nullptr) return;
    const Level here = control(outer);
    if (const auto* expression = dyn_cast<Expr>(statement)) {
      evaluate(expression, here);
    } else if (const auto* branch = dyn_cast<::clang::IfStmt>(statement)) {
      walk(branch->getInit(), outer);
      walk(branch->getConditionVariableDeclStmt(), outer);
      const Level inner = join(outer, evaluate(branch->getCond(), here));
      walk(branch->getThen(), inner);
      walk(branch->getElse(), inner);
    } else if (const auto* choice = dyn_cast<::clang::SwitchStmt>(statement)) {
      const Level before = break_;
      walk(choice->getBody(), join(outer, evaluate(choice->getCond(), here)));
      break_ = before;
    } else if (const auto* counted = dyn_cast<::clang::ForStmt>(statement)) {
      walk(counted->getInit(), outer);
      walk_loop(counted->getCond(), counted->getBody(), counted->getInc(), outer);
    } else if (const auto* loop = dyn_cast<::clang::WhileStmt>(statement)) {
      walk_loop(loop->getCond(), loop->getBody(), nullptr, outer);
    } else if (const auto* last = dyn_cast<::clang::DoStmt>(statement)) {
      walk_loop(last->getCond(), last->getBody(), nullptr, outer);
    } else if (const auto* result = dyn_cast<::clang::ReturnStmt>(statement)) {
      const Level value = result->getRetValue() ? evaluate(result->getRetValue(), here) : Level::block_uniform;
      summary_.result = join(summary_.result, join(value, here));
      exit_ = join(exit_, here);
    } else if (isa<::clang::BreakStmt>(statement)) {
      break_ = join(break_, here);
    } else if (isa<::clang::ContinueStmt>(statement)) {
      continue_ = join(continue_, here);
    } else if (const auto* assembly = dyn_cast<::clang::GCCAsmStmt>(statement)) {
      // Inline assembly without inputs may read a lane index; with inputs it is as varying as they are.
      Level value = assembly->getNumInputs() == 0 ? Level::lane_varying : here;
      for (const Expr* input : assembly->inputs()) value = join(value, evaluate(input, here));
      for (const Expr* output : assembly->outputs()) assign(output, value);
    } else if (const auto* declarations = dyn_cast<::clang::DeclStmt>(statement)) {
      for (const ::clang::Decl* declaration : declarations->decls()) {
        const auto* variable = dyn_cast<VarDecl>(declaration);
        if (variable == nullptr || variable->getInit() == nullptr) continue;
        raise(variable, join(here, evaluate(variable->getInit(), here)));
      }
    } else {
      for (const Stmt* child : statement->children()) walk(child, outer);
    }
  }

  // Twice, because what happens late in one turn (a break, an assignment) holds early in the next.
  void walk_loop(const Expr* condition, const Stmt* body, const Expr* increment, Level outer) {
    const Level break_before = std::exchange(break_, Level::block_uniform);
    const Level continue_before = std::exchange(continue_, Level::block_uniform);
    for (int turn = 0; turn < 2; ++turn) {
      const Level here = control(outer);
      const Level inner = condition ? join(outer, evaluate(condition, here)) : outer;
      walk(body, inner);
      continue_ = Level::block_uniform;
      if (increment != nullptr) evaluate(increment, control(inner));
    }
    break_ = break_before;
    continue_ = continue_before;
  }

  // The level of the value; records assignments and meets barriers on the way.
  Level evaluate(const Expr* expression, Level here) {
    if (expression == nullptr) return Level::block_uniform;
    expression = expression->IgnoreParens();
    if (const auto* reference = dyn_cast<::clang::DeclRefExpr>(expression)) return variable_level(reference);
    if (const auto* call = dyn_cast<CallExpr>(expression)) return evaluate_call(call, here);
    if (const auto* unary = dyn_cast<::clang::UnaryOperator>(expression)) {
      const Level value = evaluate(unary->getSubExpr(), here);
      if (unary->isIncrementDecrementOp()) assign(unary->getSubExpr(), join(value, here));
      return value;
    }
    if (const auto* binary = dyn_cast<::clang::BinaryOperator>(expression)) return evaluate_binary(binary, here);
    if (const auto* choice = dyn_cast<::clang::ConditionalOperator>(expression)) {
      const Level condition = evaluate(choice->getCond(), here);
      const Level inner = join(here, condition);
      return join(condition, join(evaluate(choice->getTrueExpr(), inner), evaluate(choice->getFalseExpr(), inner)));
    }
    if (isa<::clang::LambdaExpr>(expression)) return Level::block_uniform;
    Level level = Level::block_uniform;
    for (const Stmt* child : expression->children()) {
      if (const auto* operand = dyn_cast_or_null<Expr>(child)) {
        level = join(level, evaluate(operand, here));
      } else {
        walk(child, here);
      }
    }
    return level;
  }

  Level evaluate_binary(const ::clang::BinaryOperator* binary, Level here) {
    const Level left = evaluate(binary->getLHS(), here);
    const Level right = evaluate(binary->getRHS(), binary->isLogicalOp() ? join(here, left) : here);
    if (binary->isAssignmentOp()) {
      const Level kept = binary->isCompoundAssignmentOp() ? left : Level::block_uniform;
      assign(binary->getLHS(), join(join(kept, right), here));
      return join(kept, right);
    }
    return join(left, right);
  }

  Level variable_level(const ::clang::DeclRefExpr* reference) const {
    const auto* variable = dyn_cast<VarDecl>(reference->getDecl());
    if (variable == nullptr) return Level::block_uniform;
    if (variable->getName() == "threadIdx") return Level::lane_varying;
    const auto known = levels_.find(variable);
    return known == levels_.end() ? Level::block_uniform : known->second;
  }

  Level evaluate_call(const CallExpr* call, Level here) {
    std::vector<Level> arguments;
    Level all = Level::block_uniform;
    for (const Expr* argument : call->arguments()) {
      arguments.push_back(evaluate(argument, here));
      all = join(all, arguments.back());
    }
    if (const auto* member = dyn_cast<::clang::CXXMemberCallExpr>(call)) {
      all = join(all, evaluate(member->getImplicitObjectArgument(), here));
    } else if (isa<::clang::CXXOperatorCallExpr>(call) &&
               isa_and_nonnull<::clang::CXXMethodDecl>(call->getDirectCallee())) {
      arguments.erase(arguments.begin());  // the object is not one of the method's parameters
    }
    const FunctionDecl* callee = call->getDirectCallee();
    if (callee == nullptr) return all;
    assign_by_reference(call, callee, join(all, here));
    const std::string name = function_name(callee);
    if (is_barrier(name)) {
      meet_barrier(call, barrier_tolerance(name), here, name + "()");
      return Level::block_uniform;
    }
    const FunctionDecl* definition = nullptr;
    Summary summary{all, Level::lane_varying};
    if (callee->hasBody(definition)) {
      const Summary inside = summarise(program_, definition, std::move(arguments));
      summary.tolerance = inside.tolerance;
      summary.result = join(inside.result, isa<::clang::CXXMethodDecl>(callee) ? all : Level::block_uniform);
    }
    meet_barrier(call, summary.tolerance, here, name + "(), which holds a barrier,");
    return named_level(name, summary.result);
  }

  static Level named_level(llvm::StringRef name, Level computed) {
    if (name == "lane" || name == "thread") return Level::lane_varying;
    if (name == "team") return Level::team_uniform;
    if (name.starts_with("team_")) return std::min(computed, Level::team_uniform);
    if (name.starts_with("block_")) return Level::block_uniform;
    return computed;
  }

  // An argument that the callee may write: passed by a reference to something not const, or by its address.
  void assign_by_reference(const CallExpr* call, const FunctionDecl* callee, Level level) {
    const unsigned count = std::min(call->getNumArgs(), callee->getNumParams());
    for (unsigned i = 0; i < count; ++i) {
      const ::clang::QualType type = callee->getParamDecl(i)->getType();
      const bool writes =
          (type->isReferenceType() || type->isPointerType()) && !type->getPointeeType().isConstQualified();
      if (writes) assign(call->getArg(i), level);
    }
  }

  void meet_barrier(const CallExpr* call, Level tolerance, Level here, const std::string& what) {
    summary_.tolerance = std::min(summary_.tolerance, tolerance);
    if (!reporting_ || here <= tolerance) return;
    const char* across = tolerance == Level::team_uniform ? "the lanes of a team" : "the threads of a block";
    program_.report(function_name(function_), program_.ast.line(call->getBeginLoc()),
                    what + " is reached under a condition that may differ across " + across);
  }

  Program& program_;
  const FunctionDecl* function_;
  std::map<const VarDecl*, Level> levels_;
  Summary summary_;
  bool changed_ = false;
  bool reporting_ = false;
  // What a return (so far), and a break or a continue of the innermost loop, made the statements after it depend on.
  Level exit_ = Level::block_uniform;
  Level break_ = Level::block_uniform;
  Level continue_ = Level::block_uniform;
};

Summary summarise(Program& program, const FunctionDecl* function, std::vector<Level> arguments) {
  const Key key{function, std::move(arguments)};
  if (const auto known = program.summaries.find(key); known != program.summaries.end()) return known->second;
  const bool recursive = std::any_of(program.in_progress.begin(), program.in_progress.end(),
                                     [&](const Key& open) { return open.first == function; });
  if (recursive) return {Level::lane_varying, Level::lane_varying};
  program.in_progress.push_back(key);
  const Summary summary = FunctionWalk(program, function, key.second).run();
  program.in_progress.pop_back();
  program.summaries.emplace(key, summary);
  return summary;
}

}  // namespace

void find_divergent_barriers(const DeviceAst& ast, const FunctionDecl* kernel, const DivergenceReport& report) {
  Program program{ast, report, {}, {}};
  // A kernel's arguments are the same for every thread.
  summarise(program, kernel, std::vector<Level>(kernel->getNumParams(), Level::block_uniform));
}

}  // namespace mlffgen::clang
