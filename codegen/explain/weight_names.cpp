#include "codegen/explain/weight_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "codegen/explain/escape.h"

namespace mlffgen::explain {

using ir::NodeId;
using ir::Op;
using ir::TensorPtr;

WeightNames::WeightNames(const ir::Graph& program, const ProgramNames& names) {
  for (const Equation& equation : names.equations) collect(program, names, equation, equation.value);
  group_layers(names.layers);
  number_entries();
}

// The weights of one equation: those of the values that it writes out.
void WeightNames::collect(const ir::Graph& program, const ProgramNames& names, const Equation& equation, NodeId id) {
  const ir::Node& node = program[id];
  for (const NodeId input : node.inputs) {
    if (!names.symbols[static_cast<std::size_t>(input)]) collect(program, names, equation, input);
  }
  for (const TensorPtr& tensor : node.tensors) {
    const Letter letter = node.op == Op::element_table ? Letter::table
                          : node.op == Op::constant    ? Letter::constant
                                                       : Letter::matrix;
    add(tensor, letter, equation.layer);
  }
  if (node.bias) add(node.bias, Letter::bias, equation.layer);
}

void WeightNames::add(const TensorPtr& tensor, Letter letter, int layer) {
  if (tensor->name.empty()) return;
  for (const Entry& entry : entries_) {
    if (entry.tensor->name == tensor->name && ir::same_tensor(entry.tensor, tensor)) return;
  }
  entries_.push_back({tensor, letter, 0, -1, layer, tensor->name});
}

namespace {

// The name with {k} in place of its n-th number if that is the layer, else nothing.
std::optional<std::string> pattern_of(const std::string& name, int layer, int n) {
  for (std::size_t at = 0; at < name.size();) {
    if (!std::isdigit(static_cast<unsigned char>(name[at]))) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end]))) ++end;
    if (n-- == 0) {
      if (name.substr(at, end - at) != std::to_string(layer)) return std::nullopt;
      return name.substr(0, at) + "{k}" + name.substr(end);
    }
    at = end;
  }
  return std::nullopt;
}

constexpr int kMaxNumbersInName = 8;

}  // namespace

void WeightNames::group_layers(int layers) {
  for (int n = 0; n < kMaxNumbersInName; ++n) {
    std::map<std::string, std::set<std::size_t>> groups;
    for (std::size_t k = 0; k < entries_.size(); ++k) {
      if (entries_[k].layer >= 0 || entries_[k].used_in < 0) continue;
      if (const auto pattern = pattern_of(entries_[k].tensor->name, entries_[k].used_in, n)) groups[*pattern].insert(k);
    }
    for (const auto& [pattern, members] : groups) {
      if (static_cast<int>(members.size()) != layers) continue;
      const bool alike = std::all_of(members.begin(), members.end(), [&](std::size_t k) {
        return entries_[k].tensor->shape == entries_[*members.begin()].tensor->shape;
      });
      if (!alike) continue;
      for (const std::size_t k : members) {
        entries_[k].layer = entries_[k].used_in;
        entries_[k].pattern = pattern;
      }
    }
  }
}

// A bias has the number of its matrix, and all layers of a weight have one number.
void WeightNames::number_entries() {
  std::map<std::string, int> known;
  for (Entry& entry : entries_) {
    std::string stem = entry.pattern;
    for (const std::string suffix : {".weight", ".bias"}) {
      if ((entry.letter == Letter::matrix || entry.letter == Letter::bias) && stem.ends_with(suffix)) {
        stem = stem.substr(0, stem.size() - suffix.size());
      }
    }
    entry.number = known.emplace(stem, static_cast<int>(known.size()) + 1).first->second;
  }
}

std::string WeightNames::symbol(const Entry& entry, const std::string& layer, const std::string& part,
                                bool transposed) {
  const char* letter = entry.letter == Letter::bias       ? "\\mathbf{b}"
                       : entry.letter == Letter::constant ? "\\mathbf{c}"
                       : entry.letter == Letter::table    ? "\\mathbf{T}"
                                                          : "\\mathbf{W}";
  std::string above = layer.empty() ? "" : "(" + layer + ")";
  if (transposed) above += "\\top";
  const std::string below = part.empty() ? std::to_string(entry.number) : fmt::format("{},[{}]", entry.number, part);
  return fmt::format("{}_{{{}}}{}", letter, below, above.empty() ? "" : "^{" + above + "}");
}

namespace {

struct Place {
  std::int64_t row, column;
};

// Where a matrix lies in a larger one, at a multiple of its own size; a vector is a matrix of one column.
std::optional<Place> find_block(const ir::Tensor& part, const ir::Tensor& whole, bool transposed) {
  const bool vector = whole.shape.size() == 1;
  if (vector && part.shape.size() != 1) return std::nullopt;
  const std::int64_t rows = vector ? whole.columns() : whole.rows(), columns = vector ? 1 : whole.columns();
  std::int64_t r = vector ? part.columns() : part.rows(), c = vector ? 1 : part.columns();
  if (part.shape.size() != whole.shape.size()) return std::nullopt;
  if (transposed) std::swap(r, c);
  if (r > rows || c > columns || rows % r != 0 || columns % c != 0) return std::nullopt;
  for (std::int64_t row = 0; row < rows; row += r) {
    for (std::int64_t column = 0; column < columns; column += c) {
      bool same = true;
      for (std::int64_t y = 0; same && y < r; ++y) {
        for (std::int64_t x = 0; same && x < c; ++x) {
          const std::int64_t at = transposed ? x * r + y : y * c + x;
          same = part.values[static_cast<std::size_t>(at)] ==
                 whole.values[static_cast<std::size_t>((row + y) * columns + column + x)];
        }
      }
      if (same) return Place{row / r, column / c};
    }
  }
  return std::nullopt;
}

// "[row block]", or "[row block, column block]" with a dot for all rows.
std::string part_text(const ir::Tensor& part, const ir::Tensor& whole, bool transposed, Place place) {
  const bool vector = whole.shape.size() == 1;
  const std::int64_t rows = transposed ? part.columns() : part.rows(),
                     columns = transposed ? part.rows() : part.columns();
  const bool all_rows = vector ? part.columns() == whole.columns() : rows == whole.rows();
  const bool all_columns = vector || columns == whole.columns();
  if (all_rows && all_columns) return "";
  if (all_columns) return std::to_string(place.row + 1);
  return fmt::format("{},{}", all_rows ? "\\cdot" : std::to_string(place.row + 1), place.column + 1);
}

}  // namespace

std::optional<std::string> WeightNames::latex(const TensorPtr& tensor, LayerStyle style) const {
  if (tensor->name.empty()) return std::nullopt;
  for (const bool transposed : {false, true}) {
    for (const Entry& entry : entries_) {
      if (entry.tensor->name != tensor->name || (transposed && tensor->shape.size() != 2)) continue;
      const auto place = find_block(*tensor, *entry.tensor, transposed);
      if (!place) continue;
      const std::string layer = entry.layer < 0 ? "" : style.text(entry.layer);
      return symbol(entry, layer, part_text(*tensor, *entry.tensor, transposed, *place), transposed);
    }
  }
  return std::nullopt;
}

std::string WeightNames::table() const {
  if (entries_.empty()) return "";
  std::string text = "| symbol | weight | shape |\n|---|---|---|\n";
  std::set<std::string> written;
  for (const Entry& entry : entries_) {
    const std::string latex = symbol(entry, entry.layer < 0 ? "" : "k", "", false);
    if (!written.insert(latex).second) continue;
    text +=
        fmt::format("| ${}$ | {} | {} |\n", latex, markdown_code(entry.pattern), fmt::join(entry.tensor->shape, " × "));
  }
  return text;
}

}  // namespace mlffgen::explain
