#include "runtime/fingerprint.h"

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

std::string without_fractions(std::string_view text) {
  std::string result;
  for (std::size_t k = 0; k < text.size();) {
    const bool begins = is_digit(text[k]) && (k == 0 || !is_word(text[k - 1]));
    const std::string_view token = text.substr(k, begins ? number_size(text.substr(k)) : 1);
    result += begins && token.find('.') != std::string_view::npos ? std::string_view("#") : token;
    k += token.size();
  }
  return result;
}

}  // namespace

std::string fingerprint(const Bundle& bundle, const Plan& plan) {
  if (plan.form().source.empty()) return "";
  return hash128_hex(without_fractions(bundle.text(plan.form().source)));
}

}  // namespace mlffgen::runtime
