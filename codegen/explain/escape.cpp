#include "codegen/explain/escape.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <cstdlib>

namespace mlffgen::explain {

std::string markdown_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r' || c == '\t') {
      result += ' ';
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '&') {
      result += "&amp;";
    } else {
      const bool special = byte < 128 && std::ispunct(byte) && c != ',' && c != '.' && c != ';' && c != ':' &&
                           c != '/' && c != '\'' && c != '"' && c != '-';
      if (special) result += '\\';
      result += c;
    }
  }
  return result;
}

std::string markdown_code(const std::string& text) {
  std::string inner;
  std::size_t run = 0, longest = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') inner += '\\';
    inner += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  const std::string fence(longest + 1, '`');
  const std::string space = longest > 0 ? " " : "";
  return fence + space + inner + space + fence;
}

std::string latex_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte > 126) {
      result += '?';
    } else if (c == '\\') {
      result += "\\backslash{}";
    } else if (c == '~' || c == '^') {
      result += "\\char`\\" + std::string(1, c) + "{}";
    } else {
      if (std::string("#$%&_{}").find(c) != std::string::npos) result += '\\';
      result += c;
    }
  }
  return result;
}

std::string latex_number(double value) {
  const std::string text = fmt::format("{:.10g}", value);
  const std::size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  const std::string mantissa = text.substr(0, exponent);
  const std::string power = fmt::format("10^{{{}}}", std::atoi(text.c_str() + exponent + 1));
  if (mantissa == "1") return power;
  if (mantissa == "-1") return "-" + power;
  return mantissa + " \\cdot " + power;
}

}  // namespace mlffgen::explain
