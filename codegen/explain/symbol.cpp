#include "codegen/explain/symbol.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "codegen/explain/escape.h"

namespace mlffgen::explain {

std::string LayerStyle::text(int layer) const {
  if (relative_to < 0) return std::to_string(layer);
  const int offset = layer - relative_to;
  if (offset == 0) return "k";
  return offset == -1 ? "k-1" : std::to_string(layer);
}

std::string base_of_name(const std::string& name) {
  const bool taken = name == "r" || name == "E" || name == "Z";
  return name.size() == 1 && !taken ? name : "\\mathrm{" + latex_text(name) + "}";
}

std::string Symbol::latex(Indices indices, LayerStyle style) const {
  std::string text = base;
  if (type.kind == ir::Kind::vector) text = "\\vec{" + text + "}";
  if (adjoint) text = (base.size() == 1 ? "\\bar{" : "\\overline{") + text + "}";
  if (radial_slope) text = "\\partial_r " + text;
  std::vector<std::string> above, below;
  constexpr int kMaxPrimes = 3;
  if (primes > kMaxPrimes) above.push_back(fmt::format("[{}]", primes));
  if (layer >= 0) above.push_back("(" + style.text(layer) + ")");
  if (number > 0) below.push_back(std::to_string(number));
  if (block > 0) below.push_back(fmt::format("[{}]", block));
  if (ir::is_per_pair(type.domain)) below.push_back(std::string{indices.centre, indices.neighbour});
  if (ir::is_per_atom(type.domain)) below.push_back(std::string(1, indices.centre));
  if (primes > 0 && primes <= kMaxPrimes) {
    std::string marks;
    for (int k = 0; k < primes; ++k) marks += "\\prime";
    if (above.empty()) {
      text += "^{" + marks + "}";
    } else {
      above[0] = marks + above[0];
    }
  }
  if (!above.empty()) text += "^{" + join(above, "") + "}";
  if (!below.empty()) text += "_{" + join(below, ",") + "}";
  return text;
}

}  // namespace mlffgen::explain
