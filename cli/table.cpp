#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/xml_text.h"

namespace mlffgen::cli {

Table::Table(const std::vector<std::string>& heads) {
  for (const std::string& head : heads) {
    left_.push_back(head.starts_with("<"));
    heads_.push_back(left_.back() ? head.substr(1) : head);
  }
}

void Table::add(std::vector<std::string> cells) {
  internal_check(cells.size() <= heads_.size(), "a table's row has too many cells");
  cells.resize(heads_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::str(const std::string& indent) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < heads_.size(); ++c) {
    std::size_t width = heads_[c].size();
    for (const auto& row : rows_) width = std::max(width, row[c].size());
    widths.push_back(width);
  }
  std::string text;
  const auto put = [&](const std::vector<std::string>& row) {
    std::string line = indent;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      line += left_[c] ? fmt::format("{:<{}}", row[c], widths[c]) : fmt::format("{:>{}}", row[c], widths[c]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text += line + '\n';
  };
  put(heads_);
  for (const auto& row : rows_) put(row);
  return text;
}

std::string Table::markdown() const {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) {
      text += ' ';
      for (const char c : cell) text += c == '|' ? "\\|" : std::string(1, c);
      text += " |";
    }
    return text + '\n';
  };
  std::vector<std::string> rule;
  for (const bool left : left_) rule.emplace_back(left ? "---" : "---:");
  std::string text = line(heads_) + line(rule);
  for (const auto& row : rows_) text += line(row);
  return text;
}

std::string Table::html() const {
  const auto line = [&](const std::vector<std::string>& cells, const char* tag) {
    std::string text = "<tr>";
    for (std::size_t c = 0; c < cells.size(); ++c) {
      text += fmt::format("<{}{}>{}</{}>", tag, left_[c] ? "" : R"( class="number")", xml_text(cells[c]), tag);
    }
    return text + "</tr>\n";
  };
  std::string text = "<table>\n" + line(heads_, "th");
  for (const auto& row : rows_) text += line(row, "td");
  return text + "</table>\n";
}

std::string size_text(std::size_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  const double value = static_cast<double>(bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", value * 1e-3);
  return fmt::format("{:.1f} MB", value * 1e-6);
}

void print_section(const std::string& title, const Table& table) {
  if (table.empty()) return;
  fmt::print("\n{}\n{}", title, table.str("  "));
}

}  // namespace mlffgen::cli
