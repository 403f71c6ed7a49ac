#include "codegen/clang/format.h"

#include <clang/Format/Format.h>

#include "base/error.h"

namespace mlffgen::clang {
namespace {

// One pass may leave a line that the next would break differently (a comment that moved); few texts need a second.
constexpr int kMaxPasses = 4;

std::string format_once(const std::string& source, const ::clang::format::FormatStyle& style) {
  const ::clang::tooling::Range everything(0, static_cast<unsigned>(source.size()));
  ::clang::format::FormattingAttemptStatus status;
  const auto replacements = ::clang::format::reformat(style, source, everything, "emitted.cc", &status);
  if (!status.FormatComplete) {
    throw InternalError("the emitted source cannot be formatted past line " + std::to_string(status.Line));
  }
  auto formatted = ::clang::tooling::applyAllReplacements(source, replacements);
  if (!formatted) throw InternalError("formatting: " + llvm::toString(formatted.takeError()));
  return *formatted;
}

}  // namespace

std::string format_source(const std::string& source) {
  ::clang::format::FormatStyle style = ::clang::format::getGoogleStyle(::clang::format::FormatStyle::LK_Cpp);
  style.ColumnLimit = 120;
  style.DerivePointerAlignment = false;
  std::string text = source;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    std::string next = format_once(text, style);
    if (next == text) break;
    text = std::move(next);
  }
  return text;
}

}  // namespace mlffgen::clang
