#include "codegen/explain/gradient_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/elements.h"
#include "base/text.h"
#include "codegen/explain/cost_walk.h"
#include "codegen/explain/escape.h"
#include "codegen/explain/formula.h"
#include "codegen/explain/graph_names.h"
#include "codegen/explain/program_text.h"

namespace mlffgen::explain {

using ir::Domain;
using ir::Graph;
using ir::kNoNode;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

std::vector<NodeId> buffer_nodes(const emit::Schedule& schedule) {
  std::vector<NodeId> nodes;
  for (const emit::Buffer& buffer : schedule.buffers) nodes.push_back(buffer.node);
  return nodes;
}

class GradientText {
 public:
  GradientText(const Graph& program, const ProgramNames& names, const WeightNames& weights,
               const passes::Result& result, const emit::Schedule& schedule)
      : program_(program),
        weights_(weights),
        result_(result),
        graph_(result.graph),
        schedule_(schedule),
        graph_names_(name_graph(program, names, graph_, buffer_nodes(schedule))),
        program_writer_(program, names.symbols, weights,
                        [&program](NodeId id, LayerStyle) {
                          return array_formula(program[id].tensors[0]->values, program.cutoff);
                        }),
        writer_(graph_, graph_names_.symbols, weights,
                [this](NodeId id, LayerStyle style) { return constant(id, style); }) {}

  std::string run() {
    std::string phases = phases_section();
    return compiled_section() + phases + pair_gradient_section() + memory_section();
  }

 private:
  const std::optional<Symbol>& symbol(NodeId id) const { return graph_names_.symbols[static_cast<std::size_t>(id)]; }
  std::string name(NodeId id) const { return writer_.value(id, {}, {}).text; }

  // An array that the compiler worked out of the program's: as the program writes it, or under a symbol of its own.
  Formula constant(NodeId id, LayerStyle style) const {
    const NodeId original = graph_names_.program_constant[static_cast<std::size_t>(id)];
    if (original != kNoNode) return program_writer_.value(original, {}, style);
    if (const auto row = row_of_matrix(id, style)) return {*row, Binding::atom};
    const auto found = std::find(constants_.begin(), constants_.end(), id);
    const auto number = found - constants_.begin() + 1;
    if (found == constants_.end()) constants_.push_back(id);
    return {fmt::format("\\mathbf{{k}}_{{{}}}", number), Binding::atom};
  }

  // The adjoint of a map to one channel begins with its only row.
  std::optional<std::string> row_of_matrix(NodeId id, LayerStyle style) const {
    for (const Node& node : program_.nodes) {
      if (node.op != Op::linear) continue;
      for (const ir::TensorPtr& matrix : node.tensors) {
        if (matrix->rows() == 1 && matrix->values == graph_[id].tensors[0]->values) {
          return weights_.latex(ir::transpose(matrix), style);
        }
      }
    }
    return std::nullopt;
  }

  std::string equation(NodeId id) const {
    if (graph_[id].op == Op::sum_i) {
      return displayed("E = \\sum_{i} \\left(" + name(graph_[id].inputs[0]) + " + \\varepsilon_{Z_i}\\right)");
    }
    return displayed(symbol(id)->latex({}, {}) + " = " + writer_.definition(id, {}, {}).text);
  }

  std::string compiled_section() const {
    std::string text =
        "## What is compiled\n\n"
        "Values of elements alone are tables, values of constants alone are constants; products with a value of the "
        "neighbour are taken once an atom, before the gather. Symbols $\\tau_n$ stand for values that the compiler "
        "introduced, $\\mathbf{k}_n$ for arrays of numbers that it worked out. $\\bar{x} = \\partial E / \\partial x$ "
        "is the adjoint "
        "of $x$, and $\\partial_r x$ the derivative of a function of the distance.\n\n";
    text += element_energies();
    text += equations_of(Domain::element, "Tables with a row for each element:");
    text += equations_of(Domain::radial,
                         "Functions of the distance, worked out for each pair in every phase that uses them:");
    text += splines();
    for (const NodeId id : constants_) {
      text += fmt::format("${}$ has {} numbers.\n\n", constant(id, {}).text, graph_[id].type.channels);
    }
    return text;
  }

  std::string equations_of(Domain domain, const char* heading) const {
    std::string text;
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (node.type.domain != domain || !symbol(static_cast<NodeId>(id))) continue;
      if (node.op != Op::element_table && node.op != Op::spline) text += equation(static_cast<NodeId>(id));
    }
    const std::string tables = listed(domain == Domain::element ? Op::element_table : Op::spline, domain, 0);
    if (domain == Domain::element && !tables.empty()) text += tables + ".\n\n";
    return text.empty() ? "" : std::string(heading) + "\n\n" + text;
  }

  // Symbols of the tables of a kind.
  std::string listed(Op op, Domain domain, int derivative) const {
    std::vector<std::string> list;
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (node.op != op || node.type.domain != domain || node.derivative != derivative) continue;
      list.push_back("$" + name(static_cast<NodeId>(id)) + "$");
    }
    return join(list, ", ");
  }

  std::string splines() const {
    if (graph_.spline_grid.degree == 0) return "";
    const ir::SplineGrid& grid = graph_.spline_grid;
    std::string text = fmt::format(
        "Read from tables, B-splines of degree {} on {} intervals from {} to {} in the unit of length: {}. ",
        grid.degree, grid.intervals, latex_number(grid.begin), latex_number(grid.end),
        listed(Op::spline, Domain::radial, 0));
    double value = 0, slope = 0;
    for (const passes::SplineReport& report : result_.splines) {
      value = std::max(value, report.value_error);
      slope = std::max(slope, report.derivative_error);
    }
    text += fmt::format(
        "A table is within {:.0e} of its function and {:.0e} of its derivative, relative to their largest "
        "values.",
        value, slope);
    const std::string slopes = listed(Op::spline, Domain::radial, 1);
    if (!slopes.empty()) text += " The gradient takes the exact derivatives of the tables, " + slopes + ".";
    return text + "\n\n";
  }

  // What an atom's energy has of its element alone.
  std::string element_energies() const {
    std::string text =
        "What depends on an atom's element alone is added in double, outside the kernels: $\\varepsilon_Z$ is ";
    for (std::size_t k = 0; k < graph_.elements.size(); ++k) {
      const std::string value = latex_number(std::stod(fmt::format("{:.6g}", result_.element_energy[k])));
      text += fmt::format("{}${}$ for {}", k == 0 ? "" : ", ", value, element_symbol(graph_.elements[k]));
    }
    return text + ".\n\n";
  }

  std::string phases_section() const {
    std::string text =
        "## The phases\n\n"
        "A phase is all work between two gathers of values of neighbours, and one kernel. The energy is known after "
        "phase " +
        std::to_string(schedule_.energy_phases - 1) + ".\n\n";
    for (std::size_t p = 0; p < schedule_.phases.size(); ++p) text += phase_text(static_cast<int>(p));
    return text;
  }

  std::string phase_text(int phase) const {
    std::string forward, backward, gradient;
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Domain domain = graph_.nodes[id].type.domain;
      const bool here = domain == Domain::atom || domain == Domain::pair || domain == Domain::system;
      if (!here || schedule_.level[id] != phase || !symbol(static_cast<NodeId>(id))) continue;
      (graph_names_.forward[id] ? forward : backward) += equation(static_cast<NodeId>(id));
    }
    for (const ir::Output& out : graph_.outputs) {
      if (out.name == "energy" || schedule_.level[static_cast<std::size_t>(out.node)] != phase) continue;
      gradient += displayed(
          fmt::format("\\vec{{\\eta}}^{{({})}}_{{ij}} = {}", phase, writer_.definition(out.node, {}, {}).text));
    }
    const NodeId energy = graph_.output("energy");
    const bool no_energy = graph_[energy].op == Op::zero && schedule_.level[static_cast<std::size_t>(energy)] == phase;
    if (no_energy) forward += displayed("E = \\sum_{i} \\varepsilon_{Z_i}");
    std::string text = fmt::format("### Phase {}\n\n", phase);
    if (!forward.empty()) text += "The model's values:\n\n" + forward;
    if (!backward.empty()) text += "Values of the gradient:\n\n" + backward;
    if (!gradient.empty()) text += "This phase's part of the pair gradient:\n\n" + gradient;
    return text;
  }

  std::string pair_gradient_section() const {
    std::string phases;
    for (const ir::Output& out : graph_.outputs) {
      if (out.name == "energy") continue;
      phases += fmt::format("{}\\vec{{\\eta}}^{{({})}}_{{ij}}", phases.empty() ? "" : " + ",
                            schedule_.level[static_cast<std::size_t>(out.node)]);
    }
    std::string text = "## From pairs to forces and the virial\n\n";
    if (phases.empty()) return text + "The energy does not depend on positions: forces and virial are zero.\n\n";
    text +=
        "With the gradient $\\vec{\\gamma}_{ij} = \\partial E / \\partial \\vec{r}_{ij}$ of each directed pair, the "
        "phases leave "
        "that of the reverse pair, whose atoms have changed places, at the place of the pair:\n\n";
    text += displayed("\\vec{\\eta}_{ij} = \\vec{\\gamma}_{ji} = " + phases);
    text +=
        "Where a distance and a direction enter the energy, the chain rule with $\\alpha = \\partial E / \\partial r$ "
        "and "
        "$\\vec{\\beta} = \\partial E / \\partial \\hat{r}$ is\n\n";
    text += displayed(
        "\\frac{\\partial E}{\\partial \\vec{r}} = \\alpha\\, \\hat{r} + \\frac{\\vec{\\beta} - (\\vec{\\beta} \\cdot "
        "\\hat{r})\\, "
        "\\hat{r}}{r}");
    text +=
        "(above, the signs of the reverse pair, $\\hat{r}_{ji} = -\\hat{r}_{ij}$, are worked in). Since $\\vec{r}_{ij} "
        "= \\vec{r}_j "
        "- \\vec{r}_i$, an atom is the end of the pairs it is centre of with a minus sign, and of the others with a "
        "plus:\n\n";
    text += displayed(
        "\\vec{F}_i = -\\frac{\\partial E}{\\partial \\vec{r}_i} = \\sum_{j \\in \\mathcal{N}(i)} "
        "\\left(\\vec{\\gamma}_{ij} - "
        "\\vec{\\gamma}_{ji}\\right) = \\sum_{j \\in \\mathcal{N}(i)} \\left(\\vec{\\eta}_{ji} - "
        "\\vec{\\eta}_{ij}\\right)");
    text += "A strain $\\varepsilon$ takes every $\\vec{r}_{ij}$ to $(1 + \\varepsilon)\\, \\vec{r}_{ij}$, so that\n\n";
    text += displayed(
        "\\mathbf{\\Xi} = -\\frac{\\partial E}{\\partial \\varepsilon} = -\\sum_i \\sum_{j \\in \\mathcal{N}(i)} "
        "\\vec{\\gamma}_{ij} \\otimes \\vec{r}_{ij} = \\sum_i \\sum_{j \\in \\mathcal{N}(i)} \\vec{\\eta}_{ij} "
        "\\otimes "
        "\\vec{r}_{ij}");
    return text + "of which the symmetric part is the virial, in the unit of the energy.\n\n";
  }

  std::string memory_section() {
    if (schedule_.buffers.empty()) return "## What is stored and what is computed again\n\nNothing is.\n\n";
    std::string text =
        "## What is stored and what is computed again\n\n"
        "Between phases, values of atoms are kept in device memory until the last phase that reads them; buffers that "
        "never "
        "live together share a slot. Values of pairs are never stored, but for the pair gradient.\n\n"
        "| value | numbers an atom | written in phase | last read in phase | slot |\n|---|--:|--:|--:|--:|\n";
    for (const emit::Buffer& buffer : schedule_.buffers) {
      text += fmt::format("| ${}$ | {} | {} | {} | {} |\n", name(buffer.node), graph_[buffer.node].type.size(),
                          buffer.first_phase, buffer.last_phase, buffer.slot);
    }
    text += fmt::format("\n{} buffers in {} slots: {} numbers an atom.\n\n", schedule_.buffers.size(),
                        schedule_.slots.size(), schedule_.numbers_per_atom());
    std::string again;
    for (std::size_t p = 0; p < schedule_.phases.size(); ++p) again += recomputed(static_cast<int>(p));
    if (again.empty()) return text;
    return text + "Computed again, from what is stored, rather than stored:\n\n" + again + "\n";
  }

  // Values of earlier phases that a phase works out once more; of an expression, its whole.
  std::string recomputed(int phase) {
    const std::set<NodeId> now = cost_of_phase(graph_, schedule_, phase).evaluated;
    std::set<NodeId> again, parts;
    for (const NodeId id : now) {
      const bool per_pair = ir::is_per_pair(graph_[id].type.domain);
      if (per_pair ? computed_.contains(id) : schedule_.level[static_cast<std::size_t>(id)] < phase) again.insert(id);
    }
    for (const NodeId id : again) parts.insert(graph_[id].inputs.begin(), graph_[id].inputs.end());
    computed_.insert(now.begin(), now.end());
    std::vector<std::string> atoms, pairs;
    for (const NodeId id : again) {
      const bool per_pair = ir::is_per_pair(graph_[id].type.domain);
      if (per_pair ? symbol(id).has_value() : symbol(id) || !parts.contains(id)) {
        (per_pair ? pairs : atoms).push_back("$" + name(id) + "$");
      }
    }
    std::vector<std::string> lists;
    if (!pairs.empty()) lists.push_back("for each pair " + join(pairs, ", "));
    if (!atoms.empty()) lists.push_back("for each atom " + join(atoms, ", "));
    return lists.empty() ? "" : fmt::format("- phase {}: {}\n", phase, join(lists, "; "));
  }

  const Graph& program_;
  const WeightNames& weights_;
  const passes::Result& result_;
  const Graph& graph_;
  const emit::Schedule& schedule_;
  GraphNames graph_names_;
  FormulaWriter program_writer_;
  FormulaWriter writer_;
  mutable std::vector<NodeId> constants_;
  std::set<NodeId> computed_;
};

}  // namespace

std::string gradient_sections(const Graph& program, const ProgramNames& names, const WeightNames& weights,
                              const passes::Result& result, const emit::Schedule& schedule) {
  return GradientText(program, names, weights, result, schedule).run();
}

}  // namespace mlffgen::explain
