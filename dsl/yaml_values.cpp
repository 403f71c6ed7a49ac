#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "dsl/yaml.h"

namespace mlffgen::dsl {
namespace {

constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;  // every integer up to it has its own double

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "is empty";
    case YamlNode::Kind::scalar:
      return (node.style == YamlNode::Style::plain ? "is " : "is the text ") + quote(node.text);
    case YamlNode::Kind::sequence:
      return "is a list";
    case YamlNode::Kind::mapping:
      return "is a mapping";
  }
  throw InternalError("unknown kind of YAML node");
}

[[noreturn]] void fail_type(const YamlNode& node, const std::string& what, const std::string& expected) {
  throw UserError(node.where, what + " must be " + expected + ", but " + describe(node));
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// A decimal number taken apart. Counts are of digits.
struct Decimal {
  bool valid = false;
  bool leading_zero = false;  // of more than one integer digit
  bool is_integer = true;
};

Decimal scan_decimal(std::string_view word) {
  Decimal out;
  std::size_t at = 0;
  const auto peek = [&] { return at < word.size() ? word[at] : '\0'; };
  const auto digits = [&] {
    const std::size_t from = at;
    while (peek() >= '0' && peek() <= '9') ++at;
    return at - from;
  };
  if (peek() == '+' || peek() == '-') ++at;
  out.leading_zero = peek() == '0';
  const std::size_t whole = digits();
  out.leading_zero = out.leading_zero && whole > 1;
  std::size_t fraction = 0;
  if (peek() == '.') {
    ++at;
    fraction = digits();
    out.is_integer = false;
  }
  if (whole + fraction == 0) return out;
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    if (peek() == '+' || peek() == '-') ++at;
    if (digits() == 0) return out;
    out.is_integer = false;
  }
  out.valid = at == word.size();
  return out;
}

// What is wrong with a plain scalar that is no decimal number, or "".
std::string number_mistake(const YamlNode& node, const Decimal& decimal) {
  std::string_view word = node.text;
  if (node.style != YamlNode::Style::plain) return " (numbers are written without quotes)";
  if (decimal.leading_zero) return " (write it without leading zeros: YAML versions disagree on what they mean)";
  for (const char* boolean : {"true", "false", "yes", "no", "on", "off"}) {
    if (equals_ignoring_case(word, boolean)) return " (a truth value is not a number)";
  }
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  if (word.starts_with('.')) word.remove_prefix(1);
  if (equals_ignoring_case(word, "inf") || equals_ignoring_case(word, "infinity") ||
      equals_ignoring_case(word, "nan")) {
    return " (only finite numbers are allowed)";
  }
  if (word.find('_') != std::string_view::npos || word.find(',') != std::string_view::npos) {
    return " (write a number without separators)";
  }
  return "";
}

// std::from_chars takes no plus sign.
std::string_view without_plus(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  return word;
}

Decimal require_decimal(const YamlNode& node, const std::string& what, const char* expected) {
  if (node.kind != YamlNode::Kind::scalar) fail_type(node, what, expected);
  const Decimal decimal = scan_decimal(node.text);
  if (node.style != YamlNode::Style::plain || !decimal.valid || decimal.leading_zero) {
    throw UserError(node.where,
                    what + " must be " + expected + ", but " + describe(node) + number_mistake(node, decimal));
  }
  return decimal;
}

}  // namespace

std::int64_t as_integer(const YamlNode& node, const std::string& what) {
  const Decimal decimal = require_decimal(node, what, "an integer");
  if (!decimal.is_integer) fail_type(node, what, "an integer");
  const std::string_view word = without_plus(node.text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool in_range = error == std::errc() && value <= kMaxInteger && value >= -kMaxInteger;
  if (!in_range) throw UserError(node.where, what + " is out of range: " + quote(node.text));
  return value;
}

double as_real(const YamlNode& node, const std::string& what) {
  require_decimal(node, what, "a number");
  const std::string_view word = without_plus(node.text);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || !std::isfinite(value)) {
    throw UserError(node.where, what + " is outside the range of double precision: " + quote(node.text));
  }
  return value;
}

const std::string& as_string(const YamlNode& node, const std::string& what) {
  if (node.kind != YamlNode::Kind::scalar) fail_type(node, what, "text");
  if (node.text.empty()) throw UserError(node.where, what + " must not be empty");
  // The file has no control characters, but escapes in quotes can make them.
  const bool printable = std::none_of(node.text.begin(), node.text.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (!printable) throw UserError(node.where, what + " must be one line of printable text, but is " + quote(node.text));
  return node.text;
}

const std::vector<YamlNode>& as_list(const YamlNode& node, const std::string& what) {
  if (node.kind != YamlNode::Kind::sequence) fail_type(node, what, "a list");
  return node.items;
}

YamlMapping::YamlMapping(const YamlNode& node, std::string what, const std::vector<std::string>& known_keys)
    : node_(node), what_(std::move(what)) {
  if (node.kind != YamlNode::Kind::mapping) fail_type(node, what_, "a mapping (key: value)");
  for (std::size_t k = 0; k < node.keys.size(); ++k) {
    const std::string& key = node.keys[k];
    if (std::find(known_keys.begin(), known_keys.end(), key) != known_keys.end()) continue;
    throw UserError(node.key_locations[k], "unknown key " + quote(key) + " in " + what_ +
                                               did_you_mean(key, known_keys) + " (known: " + join(known_keys, ", ") +
                                               ")");
  }
}

const YamlNode* YamlMapping::optional(const std::string& key) const {
  const auto found = std::find(node_.keys.begin(), node_.keys.end(), key);
  return found == node_.keys.end() ? nullptr : &node_.items[static_cast<std::size_t>(found - node_.keys.begin())];
}

const YamlNode& YamlMapping::required(const std::string& key) const {
  const YamlNode* value = optional(key);
  if (value == nullptr) throw UserError(node_.where, what_ + " lacks the key " + quote(key));
  return *value;
}

}  // namespace mlffgen::dsl
