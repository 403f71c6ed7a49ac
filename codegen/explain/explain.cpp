#include "codegen/explain/explain.h"

#include <fmt/format.h>

#include "base/elements.h"
#include "codegen/explain/cost.h"
#include "codegen/explain/escape.h"
#include "codegen/explain/gradient_text.h"
#include "codegen/explain/program_text.h"

namespace mlffgen::explain {

namespace {

std::string model_section(const dsl::ModelSpec& spec) {
  std::string elements;
  for (const int element : spec.elements) elements += (elements.empty() ? "" : ", ") + element_symbol(element);
  std::string text = fmt::format("# {}: the model and its analytical gradient\n\n", markdown_text(spec.name));
  text += fmt::format("Architecture {}, elements {}, cutoff $r_\\mathrm{{c}} = {}$ {}, energies in {}.\n\n",
                      spec.architecture.name.empty() ? "of the spec itself" : markdown_code(spec.architecture.name),
                      elements, latex_number(spec.cutoff), markdown_text(spec.length_unit),
                      markdown_text(spec.energy_unit));
  if (spec.architecture.parameters.empty()) return text;
  text += "| parameter | value | meaning |\n|---|--:|---|\n";
  for (const auto& parameter : spec.architecture.parameters) {
    text += fmt::format("| {} | {:.10g} | {} |\n", markdown_code(parameter.name), spec.parameters.at(parameter.name),
                        markdown_text(parameter.description));
  }
  return text + "\n";
}

std::string notation_section() {
  return "## Notation\n\n"
         "Indices: $i$ is an atom, $j$ one of its neighbours $\\mathcal{N}(i)$, the atoms nearer than $r_\\mathrm{c}$; "
         "a value "
         "of an atom carries one index, a value of a pair two. $\\vec{r}_{ij} = \\vec{r}_j - \\vec{r}_i$, $r_{ij} = "
         "|\\vec{r}_{ij}|$, $\\hat{r}_{ij} = \\vec{r}_{ij} / r_{ij}$, and $Z_i$ is the element. A value has channels: "
         "functions, "
         "$\\odot$, the dot product $\\vec{a} \\cdot \\vec{b}$ and the norm act on each channel by itself, "
         "$\\mathbf{W}\\,x$ mixes "
         "channels (of a vector, each Cartesian component in the same way), $\\mathbf{M} \\ast \\vec{v}$ mixes "
         "Cartesian "
         "components, and $\\sum_f$ adds channels up. $[\\,x,\\, y\\,]$ puts channels side by side; $x_{[n]}$ is block "
         "$n$ of "
         "several of equal width, $\\mathbf{W}_{n,[a]}$ block $a$ of a matrix's rows, $\\mathbf{W}_{n,[a,b]}$ also "
         "block $b$ of its "
         "columns. Primes tell apart the statements that set one name, superscripts $(k)$ the turns of a loop; "
         "$\\theta_n$ is a part of a statement that the statement uses several times. $\\mathbf{T}\\left[Z_i\\right]$ "
         "is the row of a "
         "table for the element of the atom.\n\n";
}

std::string defects_section(const Diagnostics& diagnostics) {
  std::string text = "## Defects and notes\n\n";
  if (diagnostics.empty()) return text + "None found.\n\n";
  for (const Diagnostic& diagnostic : diagnostics) {
    const char* severity = diagnostic.severity == Diagnostic::Severity::warning ? "warning" : "note";
    text += fmt::format("- {} {}: {}\n", severity, markdown_code(diagnostic.code), markdown_text(diagnostic.message));
  }
  return text + "\n";
}

}  // namespace

std::string explain_markdown(const dsl::ModelSpec& spec, const ir::Graph& program, const passes::Result& result,
                             const emit::Schedule& schedule, const Diagnostics& diagnostics) {
  const ProgramNames names = name_program(program, spec.architecture.program);
  const WeightNames weights(program, names);
  std::string text = model_section(spec);
  text += notation_section();
  text += program_section(program, names, weights);
  text += gradient_sections(program, names, weights, result, schedule);
  text += defects_section(diagnostics);
  text += "## Cost\n\n" + cost_markdown(cost_of(result.graph, schedule));
  return text;
}

}  // namespace mlffgen::explain
