// The layout of emitted source: Google style, 120 columns, so that it reads well and differences are stable.
#pragma once

#include <string>

namespace mlffgen::clang {

// Formats C++ or CUDA text. Idempotent: formatting the result again changes nothing. The text need not compile;
// includes are not reordered. Throws InternalError when the formatter gives up on the text (unbalanced
// parentheses).
std::string format_source(const std::string& source);

}  // namespace mlffgen::clang
