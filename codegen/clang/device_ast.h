// The emitted CUDA text as an AST: what the manifest and the lint look at. For this folder only: it names clang's
// types.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace clang {
class ASTContext;
class ASTUnit;
class Attr;
class Decl;
class FunctionDecl;
class SourceLocation;
}  // namespace clang

namespace mlffgen::clang {

// Parses the text as CUDA device code for sm_90 against our own declarations of the device built-ins (cuda_prelude.h),
// with no other header. Each define is "NAME" or "NAME=VALUE". Throws InternalError with clang's diagnostics when the
// text does not parse: the text is generated, so that is our defect.
class DeviceAst {
 public:
  DeviceAst(const std::string& source, const std::vector<std::string>& defines);
  ~DeviceAst();
  DeviceAst(const DeviceAst&) = delete;
  DeviceAst& operator=(const DeviceAst&) = delete;

  ::clang::ASTContext& context() const;

  // The kernels (`__global__` functions with a body) in the order of the text.
  std::vector<const ::clang::FunctionDecl*> kernels() const;

  // The kernel and every function with a body that it calls, directly or not, each once; the kernel comes first.
  std::vector<const ::clang::FunctionDecl*> reachable(const ::clang::FunctionDecl* kernel) const;

  // The line in the emitted text, from 1; 0 outside it.
  int line(::clang::SourceLocation location) const;

 private:
  std::unique_ptr<::clang::ASTUnit> unit_;
};

// Whether the declaration carries __attribute__((annotate(text))).
bool has_annotation(const ::clang::Decl* declaration, std::string_view text);

// The plain name of a function; empty for operators and the like.
std::string function_name(const ::clang::FunctionDecl* function);

}  // namespace mlffgen::clang
