// The key=value line of an extended XYZ frame.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mlffgen::runtime {

struct HeaderEntry {
  std::string key;
  std::string value;       // without quotes and escapes
  std::string raw;         // as written
  bool has_value = false;  // false for a word without '='
};

// Splits the line. Values stand bare, in "double" or 'single' quotes with backslash escapes, or in balanced {} or [].
// Throws UserError for a quote or bracket that is not closed.
std::vector<HeaderEntry> parse_header(std::string_view line, const SourceLocation& where);

// Splits at white space.
std::vector<std::string_view> split_words(std::string_view text);

// A finite number; throws UserError, naming what it was to be.
double parse_real(std::string_view word, std::string_view what, const SourceLocation& where);
std::optional<long long> parse_integer(std::string_view word);

// A value fit for parse_header, quoted where it has to be.
std::string quoted_value(const std::string& value);

}  // namespace mlffgen::runtime
