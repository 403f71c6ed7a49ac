#include "dsl/yaml_text.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "dsl/yaml.h"

namespace mlffgen::dsl {
namespace {

// Bytes of the well-formed UTF-8 character at the front of text (RFC 3629: shortest form, no surrogates), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned>(static_cast<unsigned char>(text[k])); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned code = 0;
  unsigned smallest = 0;
  if (first >= 0xc2 && first < 0xe0) {
    length = 2, code = first & 0x1f, smallest = 0x80;
  } else if (first >= 0xe0 && first < 0xf0) {
    length = 3, code = first & 0x0f, smallest = 0x800;
  } else if (first >= 0xf0 && first < 0xf5) {
    length = 4, code = first & 0x07, smallest = 0x10000;
  }
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(k) & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code >= smallest && code <= 0x10ffff && !surrogate ? length : 0;
}

std::string with_unix_line_breaks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t k = 0; k < text.size(); ++k) {
    const bool windows_break = text[k] == '\r' && k + 1 < text.size() && text[k + 1] == '\n';
    if (!windows_break) out += text[k];
  }
  return out;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

}  // namespace

YamlText::YamlText(const std::string& text, std::string file_name) : file_name_(std::move(file_name)) {
  if (text.size() > kMaxYamlBytes) {
    throw UserError(SourceLocation{file_name_, 1, 1}, "the file has " + std::to_string(text.size()) +
                                                          " bytes; at most " + std::to_string(kMaxYamlBytes) +
                                                          " are allowed");
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string_view rest = text;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  text_ = with_unix_line_breaks(rest);
  line_starts_.push_back(0);
  for (std::size_t k = 0; k < text_.size(); ++k) {
    if (text_[k] == '\n') line_starts_.push_back(k + 1);
  }
  check_characters();
}

void YamlText::check_characters() const {
  int line_number = 0;
  std::size_t line_start = 0;
  for (std::size_t k = 0; k < text_.size();) {
    const char c = text_[k];
    const auto where = [&] { return location(line_number, static_cast<int>(k - line_start)); };
    const std::size_t length = utf8_length(std::string_view(text_).substr(k));
    if (length == 0) throw UserError(where(), "invalid UTF-8: byte " + quote(text_.substr(k, 1)));
    const bool control = (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n') || c == 0x7f;
    if (control) throw UserError(where(), "control character " + quote(text_.substr(k, 1)) + " is not allowed");
    k += length;
    if (c != '\n') continue;
    ++line_number;
    line_start = k;
  }
}

SourceLocation YamlText::location(int line_number, int column) const {
  return {file_name_, line_number + 1, column + 1};
}

std::string_view YamlText::line(std::size_t index) const {
  if (index >= line_starts_.size()) return {};
  const std::size_t from = line_starts_[index];
  const std::size_t end = index + 1 < line_starts_.size() ? line_starts_[index + 1] - 1 : text_.size();
  return std::string_view(text_).substr(from, end - from);
}

char YamlText::character_at(int line_number, int column) const {
  if (line_number < 0 || column < 0) return '\0';
  const std::string_view content = line(static_cast<std::size_t>(line_number));
  return static_cast<std::size_t>(column) < content.size() ? content[static_cast<std::size_t>(column)] : '\0';
}

TextOrigin YamlText::literal_origin(int header_line, const SourceLocation& where, std::string_view value) const {
  TextOrigin origin{file_name_, header_line + 2, 0};
  bool indent_known = false;
  std::size_t indent = 0;
  auto index = static_cast<std::size_t>(header_line) + 1;
  while (!value.empty()) {
    const std::size_t length = std::min(value.find('\n'), value.size());
    const std::string_view written = line(index);
    const std::string_view content = value.substr(0, length);
    if (!content.empty() && !std::exchange(indent_known, true)) {
      indent = written.size() - std::min(written.size(), content.size());
    }
    const bool same = content.empty() ? is_blank(written)
                                      : written.size() >= indent && is_blank(written.substr(0, indent)) &&
                                            written.substr(indent) == content;
    if (!same) {
      throw UserError(where, "this block does not match line " + std::to_string(index + 1) +
                                 " of the file; write it as a '|' block with one indentation for all of its lines");
    }
    value.remove_prefix(std::min(length + 1, value.size()));
    ++index;
  }
  origin.indent = static_cast<int>(indent);
  return origin;
}

}  // namespace mlffgen::dsl
