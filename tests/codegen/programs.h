// Programs of the language as the tests write them: the statements alone, or an architecture by name.
#pragma once

#include <string>

#include "codegen/ir/graph.h"
#include "dsl/spec.h"

namespace mlffgen::test {

// A spec around a program: elements H, C, O, cutoff 5, parameters features = 4 and layers = 2.
std::string spec_text(const std::string& program);
dsl::ModelSpec spec_of_program(const std::string& program);
// Untrained weights.
ir::Graph graph_of(const dsl::ModelSpec& spec);
ir::Graph graph_of_program(const std::string& program);
// A built-in architecture with parameters in YAML ("features: 4, layers: 3").
ir::Graph graph_of_architecture(const std::string& name, const std::string& parameters);

std::string read_whole_file(const std::string& path);

}  // namespace mlffgen::test
