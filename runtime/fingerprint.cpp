#include "runtime/fingerprint.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/hash.h"

namespace mlffgen::runtime {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The length of the number that a text begins with, as the preprocessor takes it.
std::size_t number_size(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size()) {
    const bool sign = (text[end] == '+' || text[end] == '-') && (text[end - 1] == 'e' || text[end - 1] == 'E');
    if (!is_word(text[end]) && text[end] != '.' && !sign) break;
    ++end;
  }
  return end;
}

// Without comments, numbers with a fraction, and space that keeps no two words apart.
std::string code_of(std::string_view text) {
  std::string result;
  bool space = false;
  const auto add = [&](std::string_view token) {
    if (space && !result.empty() && is_word(result.back()) && is_word(token.front())) result += ' ';
    space = false;
    result += token;
  };
  for (std::size_t k = 0; k < text.size();) {
    const std::string_view rest = text.substr(k);
    std::size_t size = 1;
    if (rest.starts_with("//")) {
      size = std::min(rest.find('\n'), rest.size());
      space = true;
    } else if (std::isspace(static_cast<unsigned char>(rest.front())) != 0) {
      space = true;
    } else if (is_digit(rest.front()) && (k == 0 || !is_word(text[k - 1]))) {
      size = number_size(rest);
      const std::string_view number = rest.substr(0, size);
      add(number.find('.') != std::string_view::npos ? std::string_view("#") : number);
    } else {
      add(rest.substr(0, 1));
    }
    k += size;
  }
  return result;
}

}  // namespace

std::string fingerprint(const Bundle& bundle, const Plan& plan) {
  if (plan.form().source.empty()) return "";
  return hash128_hex(code_of(bundle.text(plan.form().source)));
}

}  // namespace mlffgen::runtime
