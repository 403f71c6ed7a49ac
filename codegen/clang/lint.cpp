#include "codegen/clang/lint.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <fmt/format.h>
#include <llvm/ADT/StringExtras.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "codegen/clang/device_ast.h"
#include "codegen/clang/lint_divergence.h"
#include "codegen/clang/lint_local_array.h"

namespace mlffgen::clang {
namespace {

using ::clang::Expr;
using ::clang::FunctionDecl;
using ::clang::QualType;
using llvm::dyn_cast;

constexpr std::string_view kDoubleAllowed = "mlffgen.double_ok";
constexpr std::string_view kAtomicsAllowed = "mlffgen.atomics_ok";

class Findings {
 public:
  void add(const std::string& rule, const std::string& function, int line, std::string message) {
    if (seen_.emplace(rule, function, line).second) list_.push_back({rule, function, line, std::move(message)});
  }

  std::vector<LintFinding> sorted() && {
    std::stable_sort(list_.begin(), list_.end(),
                     [](const LintFinding& a, const LintFinding& b) { return a.line < b.line; });
    return std::move(list_);
  }

 private:
  std::set<std::tuple<std::string, std::string, int>> seen_;
  std::vector<LintFinding> list_;
};

bool is_double(QualType type) {
  return type->isSpecificBuiltinType(::clang::BuiltinType::Double) ||
         type->isSpecificBuiltinType(::clang::BuiltinType::LongDouble);
}

class DoubleVisitor : public ::clang::RecursiveASTVisitor<DoubleVisitor> {
 public:
  DoubleVisitor(const DeviceAst& ast, const FunctionDecl* function, Findings& findings)
      : ast_(ast), name_(function_name(function)), findings_(findings) {}

  bool VisitFloatingLiteral(::clang::FloatingLiteral* literal) {
    if (is_double(literal->getType())) add(literal, "double literal: write it with the suffix f");
    return true;
  }
  bool VisitCastExpr(::clang::CastExpr* cast) {
    switch (cast->getCastKind()) {
      case ::clang::CK_FloatingCast:
      case ::clang::CK_IntegralToFloating:
      case ::clang::CK_FloatingToIntegral:
      case ::clang::CK_FloatingToBoolean:
        break;
      default:
        return true;
    }
    const QualType from = cast->getSubExpr()->getType();
    if (is_double(from) || is_double(cast->getType())) {
      add(cast, fmt::format("conversion from {} to {}", from.getUnqualifiedType().getAsString(),
                            cast->getType().getUnqualifiedType().getAsString()));
    }
    return true;
  }
  bool VisitBinaryOperator(::clang::BinaryOperator* operation) {
    const bool plain_copy = operation->getOpcode() == ::clang::BO_Assign || operation->getOpcode() == ::clang::BO_Comma;
    if (!plain_copy && is_double(operation->getLHS()->getType())) {
      add(operation, fmt::format("double arithmetic: {}", operation->getOpcodeStr().str()));
    }
    return true;
  }
  bool VisitUnaryOperator(::clang::UnaryOperator* operation) {
    const bool arithmetic = operation->isArithmeticOp() || operation->isIncrementDecrementOp();
    if (arithmetic && is_double(operation->getType())) add(operation, "double arithmetic");
    return true;
  }
  bool VisitCallExpr(::clang::CallExpr* call) {
    const FunctionDecl* callee = call->getDirectCallee();
    if (callee != nullptr && !callee->hasBody() && is_double(call->getType())) {
      add(call, fmt::format("call of {} in double", function_name(callee)));
    }
    return true;
  }
  // sizeof(double) computes nothing in double.
  bool TraverseUnaryExprOrTypeTraitExpr(::clang::UnaryExprOrTypeTraitExpr*) { return true; }

 private:
  void add(const Expr* where, std::string message) {
    findings_.add("no-double", name_, ast_.line(where->getExprLoc()), std::move(message));
  }

  const DeviceAst& ast_;
  std::string name_;
  Findings& findings_;
};

// Whether the assembly holds an instruction that starts so; "ld.shared.f32" holds no "red.".
bool has_instruction(llvm::StringRef assembly, llvm::StringRef prefix) {
  for (std::size_t at = assembly.find(prefix); at != llvm::StringRef::npos; at = assembly.find(prefix, at + 1)) {
    if (at == 0 || !llvm::isAlnum(assembly[at - 1])) return true;
  }
  return false;
}

class AtomicVisitor : public ::clang::RecursiveASTVisitor<AtomicVisitor> {
 public:
  AtomicVisitor(const DeviceAst& ast, const FunctionDecl* function, Findings& findings)
      : ast_(ast), name_(function_name(function)), findings_(findings) {}

  bool VisitCallExpr(::clang::CallExpr* call) {
    const FunctionDecl* callee = call->getDirectCallee();
    if (callee == nullptr || callee->hasBody()) return true;
    const std::string name = function_name(callee);
    const llvm::StringRef text(name);
    if (text.starts_with("atomic") || text.starts_with("__atomic") || text.starts_with("__sync_") ||
        text.starts_with("__nv_atomic") || text.contains("_atom_")) {
      add(call->getBeginLoc(), name);
    }
    return true;
  }
  bool VisitAtomicExpr(::clang::AtomicExpr* operation) {
    add(operation->getBeginLoc(), "atomic built-in");
    return true;
  }
  bool VisitGCCAsmStmt(::clang::GCCAsmStmt* assembly) {
    const llvm::StringRef text = assembly->getAsmString()->getString();
    if (has_instruction(text, "atom.") || has_instruction(text, "red.")) add(assembly->getAsmLoc(), "inline assembly");
    return true;
  }

 private:
  void add(::clang::SourceLocation where, const std::string& what) {
    findings_.add("no-atomics", name_, ast_.line(where),
                  what + ": the order of atomic updates changes from run to run, and so may the result");
  }

  const DeviceAst& ast_;
  std::string name_;
  Findings& findings_;
};

void check_signature(const DeviceAst& ast, const FunctionDecl* kernel, Findings& findings) {
  const std::string name = function_name(kernel);
  if (!kernel->hasAttr<::clang::CUDALaunchBoundsAttr>()) {
    findings.add("launch-bounds", name, ast.line(kernel->getLocation()),
                 "the kernel has no __launch_bounds__, so the compiler must assume blocks of 1024 threads");
  }
  std::string missing;
  for (const ::clang::ParmVarDecl* parameter : kernel->parameters()) {
    if (parameter->getType()->isPointerType() && !parameter->getType().isRestrictQualified()) {
      missing += (missing.empty() ? "" : ", ") + parameter->getNameAsString();
    }
  }
  if (!missing.empty()) {
    findings.add("restrict-pointers", name, ast.line(kernel->getLocation()),
                 "pointer parameters without __restrict__: " + missing);
  }
}

}  // namespace

std::vector<LintFinding> lint(const std::string& source, const std::vector<std::string>& defines,
                              const LintOptions& options) {
  const DeviceAst ast(source, defines);
  Findings findings;
  for (const FunctionDecl* kernel : ast.kernels()) {
    check_signature(ast, kernel, findings);
    const std::vector<const FunctionDecl*> functions = ast.reachable(kernel);
    for (const FunctionDecl* function : functions) {
      if (!options.allow_double && !has_annotation(function, kDoubleAllowed)) {
        DoubleVisitor(ast, function, findings).TraverseStmt(function->getBody());
      }
      if (options.deterministic && !has_annotation(function, kAtomicsAllowed)) {
        AtomicVisitor(ast, function, findings).TraverseStmt(function->getBody());
      }
    }
    find_divergent_barriers(ast, kernel, [&](const std::string& function, int line, const std::string& message) {
      findings.add("divergent-barrier", function, line, message);
    });
    find_dynamic_local_arrays(ast, functions, [&](const std::string& function, int line, const std::string& message) {
      findings.add("no-dynamic-local-array", function, line, message);
    });
  }
  return std::move(findings).sorted();
}

}  // namespace mlffgen::clang
