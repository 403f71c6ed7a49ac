#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <utility>

namespace mlffgen {
namespace {

constexpr std::size_t kLongestCompared = 100;  // bounds the quadratic cost of a distance

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::size_t kEdit = 16;  // the cost of an edit, where a letter in the wrong case costs 1

// kEdit times the number of insertions, deletions, substitutions and swaps of neighbours, plus one for every letter
// whose case differs.
std::size_t edit_cost(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = kEdit * j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = kEdit * i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same_letter = lower(a[i - 1]) == lower(b[j - 1]);
      const std::size_t substitution = a[i - 1] == b[j - 1] ? 0U : (same_letter ? 1U : kEdit);
      row[j] = std::min({last[j] + kEdit, row[j - 1] + kEdit, last[j - 1] + substitution});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + kEdit);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestCompared) return std::nullopt;
  std::optional<std::string> best;
  // A third of the letters may be wrong, one in a short word.
  std::size_t bound = kEdit * std::max<std::size_t>(1, word.size() / 3);
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestCompared) continue;
    const std::size_t cost = edit_cost(word, candidate);
    // Replacing every letter is no slip.
    if (cost >= kEdit * std::max(word.size(), candidate.size())) continue;
    if (best ? cost < bound : cost <= bound) {
      best = candidate;
      bound = cost;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::optional<std::string> name = nearest_name(word, candidates);
  return name ? "; did you mean " + quote(*name) + "?" : "";
}

std::string quote(std::string_view user_text, std::size_t max_characters) {
  std::string out = "'";
  for (const char c : user_text) {
    std::string piece(1, c);
    if (c == '\n') {
      piece = "\\n";
    } else if (c == '\t') {
      piece = "\\t";
    } else if (c == '\\') {
      piece = "\\\\";
    } else if (c < ' ' || c > '~') {
      piece = fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    if (out.size() - 1 + piece.size() > max_characters) {
      out += "...";
      break;
    }
    out += piece;
  }
  return out + "'";
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    if (k > 0) out += separator;
    out += parts[k];
  }
  return out;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

}  // namespace mlffgen
