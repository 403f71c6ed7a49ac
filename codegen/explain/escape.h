// Text that a user chose (names of specs, weights, program values), made harmless in Markdown and in LaTeX.
#pragma once

#include <string>

namespace mlffgen::explain {

// For running Markdown text and table cells: every character with a meaning in Markdown, HTML or mathematics is
// escaped.
std::string markdown_text(const std::string& text);

// Between backticks, in a table cell or outside: a backtick or a bar in the text cannot end the span or the cell.
std::string markdown_code(const std::string& text);

// For \mathrm{...}: every character with a meaning in LaTeX is escaped; characters outside printable ASCII become '?'.
std::string latex_text(const std::string& text);

// A number for a formula: "3", "0.0625", "10^{-8}", "2.5 \cdot 10^{12}".
std::string latex_number(double value);

}  // namespace mlffgen::explain
