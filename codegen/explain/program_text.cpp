#include "codegen/explain/program_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/explain/formula.h"

namespace mlffgen::explain {

std::string displayed(const std::string& latex) { return "$$" + latex + "$$\n\n"; }

namespace {

class ProgramText {
 public:
  ProgramText(const ir::Graph& program, const ProgramNames& names, const WeightNames& weights)
      : names_(names), writer_(program, names.symbols, weights, [&program](ir::NodeId id, LayerStyle) {
          return array_formula(program[id].tensors[0]->values, program.cutoff);
        }) {}

  // Layers after the first are written once, if they have the same form.
  std::string run() const {
    std::string before, after;
    std::map<int, std::string> layer_text, layer_form;
    const auto last = std::find_if(names_.equations.rbegin(), names_.equations.rend(),
                                   [](const Equation& equation) { return equation.layer >= 0; });
    int layer = -1;  // a part of a statement belongs to the layer it stands in
    for (auto at = names_.equations.begin(); at != names_.equations.end(); ++at) {
      if (at->layer >= 0) layer = at->layer;
      if (layer < 0 || at >= last.base()) {
        (layer < 0 ? before : after) += equation_text(*at, {});
      } else {
        layer_text[layer] += equation_text(*at, {});
        layer_form[layer] += equation_text(*at, {layer});
      }
    }
    std::string text = before;
    if (!layer_text.empty()) text += layers(layer_text, layer_form);
    return text + (after.empty() ? "" : layer_text.empty() ? after : "Then\n\n" + after);
  }

 private:
  static std::string layers(const std::map<int, std::string>& texts, const std::map<int, std::string>& forms) {
    const auto last = texts.rbegin()->first;
    bool alike = texts.size() > 2;
    for (const auto& [layer, form] : forms) alike = alike && (layer == 0 || form == forms.at(1));
    std::string text;
    for (const auto& [layer, equations] : texts) {
      if (layer == 1 && alike) {
        text += fmt::format("Layers $k = 1, {}{}$\n\n{}", last > 2 ? "\\dots, " : "", last, forms.at(1));
        break;
      }
      text += fmt::format("Layer {}\n\n{}", layer, equations);
    }
    return text;
  }

  std::string equation_text(const Equation& equation, LayerStyle style) const {
    const auto symbol = [&](ir::NodeId id) { return names_.symbols[static_cast<std::size_t>(id)]->latex({}, style); };
    if (!equation.is_split()) {
      return displayed(symbol(equation.value) + " = " + writer_.definition(equation.value, {}, style).text);
    }
    std::string left;
    for (const ir::NodeId target : equation.targets) left += (left.empty() ? "" : ",\\, ") + symbol(target);
    return displayed("\\left[" + left + "\\right] = " + writer_.value(equation.value, {}, style).text);
  }

  const ProgramNames& names_;
  FormulaWriter writer_;
};

}  // namespace

std::string program_section(const ir::Graph& program, const ProgramNames& names, const WeightNames& weights) {
  std::string text = "## The model as its program says it\n\n" + ProgramText(program, names, weights).run();
  const std::string table = weights.table();
  if (!table.empty()) text += "The weights, as the program names them:\n\n" + table + "\n";
  return text;
}

}  // namespace mlffgen::explain
