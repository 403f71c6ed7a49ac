#include "codegen/clang/device_ast.h"

#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Frontend/ASTUnit.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <clang/Serialization/PCHContainerOperations.h>
#include <llvm/Support/VirtualFileSystem.h>

#include <set>

#include "base/error.h"
#include "codegen/clang/preludes.h"

namespace mlffgen::clang {
namespace {

using ::clang::FunctionDecl;

constexpr const char* kEmittedFile = "emitted.cu";
constexpr const char* kPreludeFile = "cuda_prelude.h";

std::string_view prelude() {
  for (const auto& [name, text] : embedded::clang_preludes()) {
    if (name == kPreludeFile) return text;
  }
  throw InternalError("the CUDA prelude is not embedded");
}

llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> files(const std::string& source) {
  auto memory = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  memory->setCurrentWorkingDirectory("/");
  memory->addFile(kPreludeFile, 0, llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(prelude()), kPreludeFile));
  memory->addFile(kEmittedFile, 0, llvm::MemoryBuffer::getMemBufferCopy(source, kEmittedFile));
  return memory;
}

std::vector<std::string> arguments(const std::vector<std::string>& defines) {
  std::vector<std::string> list = {"-triple",
                                   "nvptx64-nvidia-cuda",
                                   "-aux-triple",
                                   "x86_64-unknown-linux-gnu",
                                   "-target-cpu",
                                   "sm_90",
                                   "-target-feature",
                                   "+ptx80",
                                   "-fcuda-is-device",
                                   "-nostdsysteminc",
                                   "-nobuiltininc",
                                   "-std=c++20",
                                   "-x",
                                   "cuda",
                                   "-include",
                                   kPreludeFile,
                                   "-DMLFF_PARSE"};
  for (const std::string& define : defines) list.push_back("-D" + define);
  list.push_back(kEmittedFile);
  return list;
}

class KernelFinder : public ::clang::RecursiveASTVisitor<KernelFinder> {
 public:
  bool VisitFunctionDecl(FunctionDecl* function) {
    if (function->hasAttr<::clang::CUDAGlobalAttr>() && function->doesThisDeclarationHaveABody()) {
      found.push_back(function);
    }
    return true;
  }

  std::vector<const FunctionDecl*> found;
};

class CalleeFinder : public ::clang::RecursiveASTVisitor<CalleeFinder> {
 public:
  bool VisitCallExpr(::clang::CallExpr* call) {
    add(call->getDirectCallee());
    return true;
  }
  bool VisitCXXConstructExpr(::clang::CXXConstructExpr* construction) {
    add(construction->getConstructor());
    return true;
  }

  std::vector<const FunctionDecl*> found;

 private:
  void add(const FunctionDecl* callee) {
    const FunctionDecl* definition = nullptr;
    if (callee != nullptr && callee->hasBody(definition)) found.push_back(definition);
  }
};

}  // namespace

DeviceAst::DeviceAst(const std::string& source, const std::vector<std::string>& defines) {
  std::string log;
  llvm::raw_string_ostream log_stream(log);
  auto options = llvm::makeIntrusiveRefCnt<::clang::DiagnosticOptions>();
  // Owned by the engine below.
  auto* printer = new ::clang::TextDiagnosticPrinter(log_stream, options.get());
  auto diagnostics = ::clang::CompilerInstance::createDiagnostics(options.get(), printer, /*ShouldOwnClient=*/true);

  const std::vector<std::string> list = arguments(defines);
  std::vector<const char*> pointers;
  for (const std::string& argument : list) pointers.push_back(argument.c_str());
  auto invocation = std::make_shared<::clang::CompilerInvocation>();
  const bool understood = ::clang::CompilerInvocation::CreateFromArgs(*invocation, pointers, *diagnostics);
  if (understood) {
    // The ASTUnit keeps a counted reference to the file manager.
    auto* manager = new ::clang::FileManager(::clang::FileSystemOptions(), files(source));
    unit_ = ::clang::ASTUnit::LoadFromCompilerInvocation(
        invocation, std::make_shared<::clang::PCHContainerOperations>(), diagnostics, manager);
  }
  log_stream.flush();
  if (!understood || unit_ == nullptr || diagnostics->hasErrorOccurred()) {
    throw InternalError("the emitted source does not parse as CUDA:\n" + log);
  }
}

DeviceAst::~DeviceAst() = default;

::clang::ASTContext& DeviceAst::context() const { return unit_->getASTContext(); }

std::vector<const FunctionDecl*> DeviceAst::kernels() const {
  KernelFinder finder;
  finder.TraverseDecl(context().getTranslationUnitDecl());
  return finder.found;
}

std::vector<const FunctionDecl*> DeviceAst::reachable(const FunctionDecl* kernel) const {
  std::vector<const FunctionDecl*> order = {kernel};
  std::set<const FunctionDecl*> seen = {kernel};
  for (std::size_t next = 0; next < order.size(); ++next) {
    CalleeFinder finder;
    finder.TraverseStmt(order[next]->getBody());
    for (const FunctionDecl* callee : finder.found) {
      if (seen.insert(callee).second) order.push_back(callee);
    }
  }
  return order;
}

int DeviceAst::line(::clang::SourceLocation location) const {
  const ::clang::SourceManager& manager = context().getSourceManager();
  const ::clang::SourceLocation expansion = manager.getExpansionLoc(location);
  return manager.isInMainFile(expansion) ? static_cast<int>(manager.getSpellingLineNumber(expansion)) : 0;
}

bool has_annotation(const ::clang::Decl* declaration, std::string_view text) {
  for (const auto* annotation : declaration->specific_attrs<::clang::AnnotateAttr>()) {
    if (annotation->getAnnotation() == llvm::StringRef(text)) return true;
  }
  return false;
}

std::string function_name(const FunctionDecl* function) {
  return function->getDeclName().isIdentifier() ? function->getName().str() : std::string();
}

}  // namespace mlffgen::clang
