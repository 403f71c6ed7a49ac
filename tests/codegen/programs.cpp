#include "programs.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "codegen/elaborate/elaborate.h"

namespace mlffgen::test {

std::string spec_text(const std::string& program) {
  std::string text =
      "mlffgen: 1\n"
      "name: test\n"
      "units: {length: angstrom, energy: eV}\n"
      "elements: [H, C, O]\n"
      "cutoff: 5.0\n"
      "architecture:\n"
      "  parameters:\n"
      "    features: {type: integer, default: 4, minimum: 1, maximum: 64}\n"
      "    layers: {type: integer, default: 2, minimum: 1, maximum: 8}\n"
      "  program: |\n";
  std::istringstream lines(program);
  for (std::string line; std::getline(lines, line);) text += line.empty() ? "\n" : "    " + line + "\n";
  return text;
}

dsl::ModelSpec spec_of_program(const std::string& program) {
  return dsl::parse_spec(spec_text(program), "test.yaml", ".");
}

ir::Graph graph_of(const dsl::ModelSpec& spec) {
  const auto weights = elaborate::untrained_weights(1, spec.cutoff);
  return elaborate::elaborate(spec, *weights);
}

ir::Graph graph_of_program(const std::string& program) { return graph_of(spec_of_program(program)); }

ir::Graph graph_of_architecture(const std::string& name, const std::string& parameters) {
  return graph_of(
      dsl::parse_spec("mlffgen: 1\nname: test\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\n"
                      "cutoff: 5.0\narchitecture: " +
                          name + "\nparameters: {" + parameters + "}\n",
                      "test.yaml", "."));
}

std::string read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace mlffgen::test
