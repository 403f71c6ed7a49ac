#include "runtime/cache/fields.h"

#include <charconv>
#include <cstddef>

namespace mlffgen::cache {

std::string encode_fields(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += name + ' ' + std::to_string(value.size()) + '\n';
    text += value;
    text += '\n';
  }
  return text;
}

std::optional<Fields> decode_fields(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::size_t line = text.find('\n');
    if (space == std::string_view::npos || line == std::string_view::npos || space > line) return std::nullopt;
    std::size_t length = 0;
    const char* const digits_end = text.data() + line;
    const auto [end, error] = std::from_chars(text.data() + space + 1, digits_end, length);
    const std::size_t rest = text.size() - line - 1;
    if (error != std::errc() || end != digits_end || length >= rest) return std::nullopt;
    if (text[line + 1 + length] != '\n') return std::nullopt;
    fields.emplace_back(text.substr(0, space), text.substr(line + 1, length));
    text.remove_prefix(line + length + 2);
  }
  return fields;
}

}  // namespace mlffgen::cache
