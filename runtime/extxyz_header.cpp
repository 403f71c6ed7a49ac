#include "runtime/extxyz_header.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace mlffgen::runtime {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

class HeaderParser {
 public:
  HeaderParser(std::string_view line, const SourceLocation& where) : line_(line), where_(where) {}

  std::vector<HeaderEntry> parse() {
    std::vector<HeaderEntry> entries;
    for (skip_blanks(); at_ < line_.size(); skip_blanks()) entries.push_back(entry());
    return entries;
  }

 private:
  void skip_blanks() {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
  }

  HeaderEntry entry() {
    HeaderEntry result;
    const std::size_t begin = at_;
    result.key = line_[at_] == '"' ? quoted() : bare("=");
    result.raw = line_.substr(begin, at_ - begin);
    const std::size_t key_end = at_;
    skip_blanks();
    if (at_ >= line_.size() || line_[at_] != '=') {
      at_ = key_end;
      return result;
    }
    ++at_;
    skip_blanks();
    const std::size_t value_begin = at_;
    result.has_value = true;
    result.value = value();
    result.raw = at_ > value_begin ? line_.substr(value_begin, at_ - value_begin) : "\"\"";
    return result;
  }

  std::string value() {
    if (at_ >= line_.size()) return "";
    switch (line_[at_]) {
      case '"':
      case '\'':
        return quoted();
      case '{':
        return bracketed('{', '}');
      case '[':
        return bracketed('[', ']');
      default:
        return bare("");
    }
  }

  std::string bare(std::string_view stops) {
    const std::size_t begin = at_;
    if (!stops.empty() && stops.find(line_[at_]) != std::string_view::npos) {
      throw UserError(where_, fmt::format("a value without a key at column {}", at_ + 1));
    }
    while (at_ < line_.size() && !is_blank(line_[at_]) && stops.find(line_[at_]) == std::string_view::npos) ++at_;
    return std::string(line_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const std::size_t begin = at_;
    const char mark = line_[at_++];
    std::string text;
    for (; at_ < line_.size() && line_[at_] != mark; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size()) ++at_;
      text += line_[at_];
    }
    if (at_ >= line_.size()) not_closed(begin);
    ++at_;
    return text;
  }

  std::string bracketed(char open, char close) {
    const std::size_t begin = at_;
    int depth = 0;
    for (; at_ < line_.size(); ++at_) {
      if (line_[at_] == open) ++depth;
      if (line_[at_] == close && --depth == 0) {
        ++at_;
        return std::string(line_.substr(begin + 1, at_ - begin - 2));
      }
    }
    not_closed(begin);
  }

  [[noreturn]] void not_closed(std::size_t begin) const {
    throw UserError(where_, fmt::format("the {} at column {} is not closed", line_[begin], begin + 1));
  }

  std::string_view line_;
  const SourceLocation& where_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<HeaderEntry> parse_header(std::string_view line, const SourceLocation& where) {
  return HeaderParser(line, where).parse();
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0;;) {
    at = text.find_first_not_of(kBlanks, at);
    if (at == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
}

double parse_real(std::string_view word, std::string_view what, const SourceLocation& where) {
  const auto digits = word.starts_with('+') ? word.substr(1) : word;
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || (code != std::errc{} && code != std::errc::result_out_of_range)) {
    throw UserError(where, fmt::format("{} must be a number, not {}", what, quote(word)));
  }
  if (code != std::errc{} || !std::isfinite(value)) {
    throw UserError(where, fmt::format("{} must be a finite number, not {}", what, quote(word)));
  }
  return value;
}

std::optional<long long> parse_integer(std::string_view word) {
  long long value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::string quoted_value(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \t\r\v\f\"'{}[]=\\") == std::string::npos;
  if (plain) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace mlffgen::runtime
