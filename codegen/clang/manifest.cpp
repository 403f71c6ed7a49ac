#include "codegen/clang/manifest.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Lex/Lexer.h>
#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "codegen/clang/device_ast.h"

namespace mlffgen::clang {
namespace {

using ::clang::ASTContext;
using ::clang::FunctionDecl;
using ::clang::QualType;
using ::clang::VarDecl;

constexpr std::string_view kTunablePrefix = "mlffgen.tunable:";

::clang::PrintingPolicy printing_policy(const ASTContext& context) {
  ::clang::PrintingPolicy policy(context.getLangOpts());
  policy.SuppressTagKeyword = true;
  policy.Bool = true;
  return policy;
}

std::size_t size_of(const ASTContext& context, QualType type) {
  return static_cast<std::size_t>(context.getTypeSizeInChars(type).getQuantity());
}

Parameter read_parameter(const ASTContext& context, const ::clang::ParmVarDecl& declaration) {
  const QualType type = declaration.getType();
  Parameter parameter;
  parameter.name = declaration.getNameAsString();
  parameter.is_pointer = type->isPointerType();
  parameter.is_const = parameter.is_pointer ? type->getPointeeType().isConstQualified() : type.isConstQualified();
  parameter.is_restrict = type.isRestrictQualified();
  parameter.type = type.getUnqualifiedType().getAsString(printing_policy(context));
  parameter.bytes = size_of(context, type);
  return parameter;
}

// Shared variables in the order in which the kernel's functions declare or first name them.
class SharedFinder : public ::clang::RecursiveASTVisitor<SharedFinder> {
 public:
  bool VisitVarDecl(VarDecl* variable) {
    add(variable);
    return true;
  }
  bool VisitDeclRefExpr(::clang::DeclRefExpr* reference) {
    if (const auto* variable = llvm::dyn_cast<VarDecl>(reference->getDecl())) add(variable);
    return true;
  }

  std::vector<const VarDecl*> found;

 private:
  void add(const VarDecl* variable) {
    if (!variable->hasAttr<::clang::CUDASharedAttr>()) return;
    if (seen_.insert(variable->getCanonicalDecl()).second) found.push_back(variable);
  }

  std::set<const VarDecl*> seen_;
};

SharedArray read_shared(const ASTContext& context, const VarDecl& variable) {
  SharedArray array;
  array.name = variable.getNameAsString();
  array.type = variable.getType().getAsString(printing_policy(context));
  array.dynamic = variable.getType()->isIncompleteType();
  if (!array.dynamic) array.bytes = size_of(context, variable.getType());
  return array;
}

int read_bound(const ASTContext& context, const ::clang::Expr* bound) {
  if (bound == nullptr) return 0;
  ::clang::Expr::EvalResult result;
  if (!bound->EvaluateAsInt(result, context)) throw InternalError("a launch bound is not an integer constant");
  return static_cast<int>(result.Val.getInt().getExtValue());
}

Kernel read_kernel(const DeviceAst& ast, const FunctionDecl& function) {
  const ASTContext& context = ast.context();
  Kernel kernel;
  kernel.name = function.getNameAsString();
  for (const auto* parameter : function.parameters()) kernel.parameters.push_back(read_parameter(context, *parameter));
  if (const auto* bounds = function.getAttr<::clang::CUDALaunchBoundsAttr>()) {
    kernel.max_threads = read_bound(context, bounds->getMaxThreads());
    kernel.min_blocks = read_bound(context, bounds->getMinBlocks());
  }
  SharedFinder finder;
  for (const FunctionDecl* called : ast.reachable(&function)) finder.TraverseStmt(called->getBody());
  for (const VarDecl* variable : finder.found) kernel.shared_arrays.push_back(read_shared(context, *variable));
  return kernel;
}

std::vector<std::int64_t> read_choices(const std::string& name, llvm::StringRef text) {
  std::vector<std::int64_t> choices;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    std::int64_t value = 0;
    if (part.trim().getAsInteger(10, value)) {
      throw InternalError(
          fmt::format("tunable {}: '{}' in its choices \"{}\" is not an integer", name, part.trim().str(), text.str()));
    }
    choices.push_back(value);
  }
  return choices;
}

class TunableFinder : public ::clang::RecursiveASTVisitor<TunableFinder> {
 public:
  bool VisitVarDecl(VarDecl* variable) {
    for (const auto* annotation : variable->specific_attrs<::clang::AnnotateAttr>()) {
      if (annotation->getAnnotation().starts_with(llvm::StringRef(kTunablePrefix))) {
        found.emplace_back(variable, annotation->getAnnotation().drop_front(kTunablePrefix.size()));
      }
    }
    return true;
  }

  std::vector<std::pair<const VarDecl*, llvm::StringRef>> found;
};

Tunable read_tunable(const ASTContext& context, const VarDecl& variable, llvm::StringRef choices) {
  Tunable tunable;
  tunable.name = variable.getNameAsString();
  tunable.choices = read_choices(tunable.name, choices);
  const ::clang::APValue* value = variable.hasInit() ? variable.evaluateValue() : nullptr;
  if (value == nullptr || !value->isInt()) {
    throw InternalError(fmt::format("tunable {} is not an integer constant", tunable.name));
  }
  tunable.value = value->getInt().getExtValue();
  const ::clang::SourceLocation begin = variable.getInit()->getBeginLoc();
  if (begin.isMacroID()) {
    tunable.define =
        ::clang::Lexer::getImmediateMacroName(begin, context.getSourceManager(), context.getLangOpts()).str();
  }
  return tunable;
}

}  // namespace

Manifest parse_manifest(const std::string& source, const std::vector<std::string>& defines) {
  const DeviceAst ast(source, defines);
  Manifest manifest;
  for (const FunctionDecl* kernel : ast.kernels()) manifest.kernels.push_back(read_kernel(ast, *kernel));
  TunableFinder finder;
  finder.TraverseDecl(ast.context().getTranslationUnitDecl());
  for (const auto& [variable, choices] : finder.found) {
    manifest.tunables.push_back(read_tunable(ast.context(), *variable, choices));
  }
  return manifest;
}

}  // namespace mlffgen::clang
