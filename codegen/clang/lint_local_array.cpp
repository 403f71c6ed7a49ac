#include "codegen/clang/lint_local_array.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/RecursiveASTVisitor.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

namespace mlffgen::clang {
namespace {

using ::clang::ASTContext;
using ::clang::Expr;
using ::clang::ForStmt;
using ::clang::FunctionDecl;
using ::clang::LoopHintAttr;
using ::clang::ParmVarDecl;
using ::clang::Stmt;
using ::clang::VarDecl;
using llvm::dyn_cast;
using llvm::dyn_cast_or_null;

const VarDecl* named_variable(const Expr* expression) {
  const auto* reference = dyn_cast<::clang::DeclRefExpr>(expression->IgnoreParenImpCasts());
  return reference == nullptr ? nullptr : dyn_cast<VarDecl>(reference->getDecl());
}

// What calls tell about the functions below a kernel. Grows (shrinks for `varying`) until nothing changes.
struct Facts {
  std::set<const ParmVarDecl*> varying;         // integer parameters that some call gives no known value
  std::set<const ParmVarDecl*> local_arrays;    // pointers and references to a caller's local array
  std::set<const FunctionDecl*> local_objects;  // methods called on a local object
  bool changed = false;

  template <typename T>
  void insert(std::set<T>& set, T value) {
    changed = set.insert(value).second || changed;
  }
};

// Variables that change after they were set: assigned, counted, or passed where they may be written.
class WriteVisitor : public ::clang::RecursiveASTVisitor<WriteVisitor> {
 public:
  bool VisitBinaryOperator(::clang::BinaryOperator* operation) {
    if (operation->isAssignmentOp()) add(operation->getLHS());
    return true;
  }
  bool VisitUnaryOperator(::clang::UnaryOperator* operation) {
    if (operation->isIncrementDecrementOp() || operation->getOpcode() == ::clang::UO_AddrOf)
      add(operation->getSubExpr());
    return true;
  }
  bool VisitCallExpr(::clang::CallExpr* call) {
    const FunctionDecl* callee = call->getDirectCallee();
    if (callee == nullptr) return true;
    for (unsigned i = 0; i < std::min(call->getNumArgs(), callee->getNumParams()); ++i) {
      const ::clang::QualType type = callee->getParamDecl(i)->getType();
      if (type->isReferenceType() && !type->getPointeeType().isConstQualified()) add(call->getArg(i));
    }
    return true;
  }

  std::set<const VarDecl*> written;

 private:
  void add(const Expr* target) {
    if (const VarDecl* variable = named_variable(target)) written.insert(variable);
  }
};

class SubscriptVisitor : public ::clang::RecursiveASTVisitor<SubscriptVisitor> {
  using Base = ::clang::RecursiveASTVisitor<SubscriptVisitor>;

 public:
  // Without a report, only gathers facts.
  SubscriptVisitor(const DeviceAst& ast, const FunctionDecl* function, Facts& facts, const LocalArrayReport* report)
      : ast_(ast), context_(ast.context()), function_(function), facts_(facts), report_(report) {
    WriteVisitor writes;
    writes.TraverseStmt(function->getBody());
    written_ = std::move(writes.written);
  }

  void run() { TraverseStmt(function_->getBody()); }

  bool TraverseAttributedStmt(::clang::AttributedStmt* marked) {
    const auto* loop = dyn_cast<ForStmt>(marked->getSubStmt());
    const VarDecl* variable = nullptr;
    for (const ::clang::Attr* attribute : marked->getAttrs()) {
      const auto* hint = dyn_cast<LoopHintAttr>(attribute);
      if (loop != nullptr && hint != nullptr && unrolls_fully(*hint, *loop)) variable = loop_variable(*loop);
    }
    if (variable != nullptr) unrolled_.insert(variable);
    const bool go_on = Base::TraverseAttributedStmt(marked);
    if (variable != nullptr) unrolled_.erase(variable);
    return go_on;
  }

  bool VisitArraySubscriptExpr(::clang::ArraySubscriptExpr* subscript) {
    const std::optional<std::string> array = local_array(subscript->getBase());
    if (report_ == nullptr || !array || is_known(subscript->getIdx())) return true;
    (*report_)(function_name(function_), ast_.line(subscript->getExprLoc()),
               "local array '" + *array + "' is subscripted by '" + text(subscript->getIdx()) +
                   "', which is not known after unrolling: the array goes to local memory");
    return true;
  }

  bool VisitCallExpr(::clang::CallExpr* call) {
    const FunctionDecl* definition = nullptr;
    if (call->getDirectCallee() == nullptr || !call->getDirectCallee()->hasBody(definition)) return true;
    unsigned first = 0;
    if (const auto* member = dyn_cast<::clang::CXXMemberCallExpr>(call)) {
      if (local_object(member->getImplicitObjectArgument())) facts_.insert(facts_.local_objects, definition);
    } else if (llvm::isa<::clang::CXXOperatorCallExpr>(call) && llvm::isa<::clang::CXXMethodDecl>(definition)) {
      if (local_object(call->getArg(0))) facts_.insert(facts_.local_objects, definition);
      first = 1;
    }
    for (unsigned i = first; i < std::min(call->getNumArgs(), definition->getNumParams() + first); ++i) {
      pass_argument(call->getArg(i), definition->getParamDecl(i - first));
    }
    return true;
  }

 private:
  void pass_argument(const Expr* argument, const ParmVarDecl* parameter) {
    const ::clang::QualType type = parameter->getType();
    if (type->isIntegralOrEnumerationType() && !is_known(argument)) facts_.insert(facts_.varying, parameter);
    const bool shares = type->isPointerType() ? local_array(argument).has_value()
                                              : type->isReferenceType() && local_object(argument).has_value();
    if (shares) facts_.insert(facts_.local_arrays, parameter);
  }

  // The name of the local array that a pointer-valued expression points into, if any.
  std::optional<std::string> local_array(const Expr* pointer) {
    pointer = pointer->IgnoreParens();
    while (const auto* cast = dyn_cast<::clang::CastExpr>(pointer)) {
      if (cast->getCastKind() == ::clang::CK_ArrayToPointerDecay) return local_object(cast->getSubExpr());
      pointer = cast->getSubExpr()->IgnoreParens();
    }
    if (const auto* address = dyn_cast<::clang::UnaryOperator>(pointer)) {
      if (address->getOpcode() == ::clang::UO_AddrOf) return local_object(address->getSubExpr());
    }
    if (const auto* sum = dyn_cast<::clang::BinaryOperator>(pointer)) {
      if (sum->getOpcode() == ::clang::BO_Add) return local_array(sum->getLHS());
    }
    const VarDecl* variable = named_variable(pointer);
    if (variable == nullptr || !variable->getType()->isPointerType()) return std::nullopt;
    if (const auto* parameter = dyn_cast<ParmVarDecl>(variable)) {
      if (!facts_.local_arrays.contains(parameter)) return std::nullopt;
      return parameter->getNameAsString();
    }
    if (!variable->hasLocalStorage() || variable->getInit() == nullptr) return std::nullopt;
    return local_array(variable->getInit());
  }

  // The name of the local variable that an lvalue is, or is a part of, if any.
  std::optional<std::string> local_object(const Expr* value) {
    value = value->IgnoreParenImpCasts();
    if (const auto* member = dyn_cast<::clang::MemberExpr>(value)) {
      const auto* self = dyn_cast<::clang::CXXThisExpr>(member->getBase()->IgnoreParenImpCasts());
      if (self != nullptr) {
        if (!facts_.local_objects.contains(function_)) return std::nullopt;
        return member->getMemberDecl()->getNameAsString();
      }
      return member->isArrow() ? std::nullopt : local_object(member->getBase());
    }
    if (const auto* element = dyn_cast<::clang::ArraySubscriptExpr>(value)) return local_array(element->getBase());
    const VarDecl* variable = named_variable(value);
    if (variable == nullptr || !variable->hasLocalStorage() || variable->hasAttr<::clang::CUDASharedAttr>()) {
      return std::nullopt;
    }
    if (variable->getType()->isReferenceType()) {
      if (const auto* parameter = dyn_cast<ParmVarDecl>(variable)) {
        if (!facts_.local_arrays.contains(parameter)) return std::nullopt;
        return parameter->getNameAsString();
      }
      return variable->getInit() == nullptr ? std::nullopt : local_object(variable->getInit());
    }
    if (!variable->getType()->isArrayType() && !variable->getType()->isRecordType()) return std::nullopt;
    return variable->getNameAsString();
  }

  bool is_known(const Expr* expression) {
    expression = expression->IgnoreParenImpCasts();
    Expr::EvalResult result;
    if (expression->EvaluateAsInt(result, context_)) return true;
    if (const VarDecl* variable = named_variable(expression)) return is_known_variable(variable);
    const bool combines = llvm::isa<::clang::BinaryOperator, ::clang::UnaryOperator, ::clang::ConditionalOperator,
                                    ::clang::CastExpr, ::clang::CallExpr>(expression);
    if (!combines || llvm::isa<::clang::CXXMemberCallExpr>(expression)) return false;
    if (const auto* call = dyn_cast<::clang::CallExpr>(expression)) {
      const FunctionDecl* callee = call->getDirectCallee();
      const std::string name = callee == nullptr ? std::string() : function_name(callee);
      if (callee == nullptr || !(callee->isConstexpr() || name == "min" || name == "max")) return false;
      return std::all_of(call->arg_begin(), call->arg_end(), [&](const Expr* argument) { return is_known(argument); });
    }
    return std::all_of(expression->child_begin(), expression->child_end(), [&](const Stmt* child) {
      const auto* operand = dyn_cast_or_null<Expr>(child);
      return operand != nullptr && is_known(operand);
    });
  }

  bool is_known_variable(const VarDecl* variable) {
    if (unrolled_.contains(variable)) return true;
    if (written_.contains(variable) || !variable->hasLocalStorage()) return false;
    if (const auto* parameter = dyn_cast<ParmVarDecl>(variable)) {
      return function_->hasAttr<::clang::CUDAGlobalAttr>() ? false : !facts_.varying.contains(parameter);
    }
    return variable->getInit() != nullptr && variable->getType()->isIntegralOrEnumerationType() &&
           is_known(variable->getInit());
  }

  std::optional<std::int64_t> evaluate(const Expr* expression) const {
    Expr::EvalResult result;
    if (expression == nullptr || !expression->EvaluateAsInt(result, context_)) return std::nullopt;
    return result.Val.getInt().getExtValue();
  }

  // The variable of `for (int i = known; i < known; i += known)`, else null.
  const VarDecl* loop_variable(const ForStmt& loop) {
    const auto* declaration = dyn_cast_or_null<::clang::DeclStmt>(loop.getInit());
    const auto* condition = dyn_cast_or_null<::clang::BinaryOperator>(loop.getCond());
    if (declaration == nullptr || !declaration->isSingleDecl() || condition == nullptr || loop.getInc() == nullptr) {
      return nullptr;
    }
    const auto* variable = dyn_cast<VarDecl>(declaration->getSingleDecl());
    if (variable == nullptr || variable->getInit() == nullptr || !is_known(variable->getInit())) return nullptr;
    if (!condition->isComparisonOp()) return nullptr;
    const bool on_left = named_variable(condition->getLHS()) == variable;
    const bool on_right = named_variable(condition->getRHS()) == variable;
    if (on_left == on_right || !is_known(on_left ? condition->getRHS() : condition->getLHS())) return nullptr;
    return known_step(*loop.getInc(), variable) ? variable : nullptr;
  }

  bool known_step(const Expr& increment, const VarDecl* variable) {
    if (const auto* unary = dyn_cast<::clang::UnaryOperator>(&increment)) {
      return unary->isIncrementDecrementOp() && named_variable(unary->getSubExpr()) == variable;
    }
    const auto* step = dyn_cast<::clang::BinaryOperator>(&increment);
    return step != nullptr && step->isCompoundAssignmentOp() && named_variable(step->getLHS()) == variable &&
           is_known(step->getRHS());
  }

  // The turns of a loop that counts up to a constant; nothing for any other loop.
  std::optional<std::int64_t> turns(const ForStmt& loop, const VarDecl* variable) const {
    const auto* condition = dyn_cast<::clang::BinaryOperator>(loop.getCond());
    const std::optional<std::int64_t> begin = evaluate(variable->getInit());
    std::optional<std::int64_t> end = evaluate(condition->getRHS());
    const bool inclusive = condition->getOpcode() == ::clang::BO_LE;
    if (!begin || !end || !(inclusive || condition->getOpcode() == ::clang::BO_LT)) return std::nullopt;
    std::int64_t step = 1;
    if (const auto* compound = dyn_cast<::clang::CompoundAssignOperator>(loop.getInc())) {
      step = evaluate(compound->getRHS()).value_or(0);
    }
    if (step < 1) return std::nullopt;
    return (*end - *begin + (inclusive ? 1 : 0) + step - 1) / step;
  }

  bool unrolls_fully(const LoopHintAttr& hint, const ForStmt& loop) {
    const VarDecl* variable = loop_variable(loop);
    if (variable == nullptr) return false;
    if (hint.getOption() == LoopHintAttr::Unroll) return hint.getState() != LoopHintAttr::Disable;
    if (hint.getOption() != LoopHintAttr::UnrollCount) return false;
    const std::optional<std::int64_t> count = evaluate(hint.getValue());
    const std::optional<std::int64_t> needed = turns(loop, variable);
    return count && needed && *count >= *needed;
  }

  std::string text(const Expr* expression) const {
    std::string out;
    llvm::raw_string_ostream stream(out);
    expression->printPretty(stream, nullptr, ::clang::PrintingPolicy(context_.getLangOpts()));
    return out;
  }

  const DeviceAst& ast_;
  ASTContext& context_;
  const FunctionDecl* function_;
  Facts& facts_;
  const LocalArrayReport* report_;
  std::set<const VarDecl*> written_;
  std::set<const VarDecl*> unrolled_;
};

}  // namespace

void find_dynamic_local_arrays(const DeviceAst& ast, const std::vector<const FunctionDecl*>& functions,
                               const LocalArrayReport& report) {
  Facts facts;
  do {
    facts.changed = false;
    for (const FunctionDecl* function : functions) SubscriptVisitor(ast, function, facts, nullptr).run();
  } while (facts.changed);
  for (const FunctionDecl* function : functions) SubscriptVisitor(ast, function, facts, &report).run();
}

}  // namespace mlffgen::clang
