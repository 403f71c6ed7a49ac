// The model specification: the YAML file that names an architecture, its parameters, elements, units and cutoff.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dsl/program.h"

namespace mlffgen::dsl {

// A network architecture: declared integer or real parameters and a program (models/architectures/*.yaml, or inline).
struct Architecture {
  struct Parameter {
    std::string name;
    bool is_integer = true;
    std::optional<double> default_value;  // absent: the spec must give it
    double minimum = 0, maximum = 0;      // inclusive
    std::string description;
    SourceLocation where;
  };
  std::string name;
  std::string description;
  std::vector<Parameter> parameters;
  Program program;
  std::string program_text;
};

struct ModelSpec {
  std::string name;                              // [A-Za-z0-9_.-]{1,64}
  std::string length_unit;                       // "angstrom", "bohr" or "nm"
  std::string energy_unit;                       // "eV", "kcal/mol", "kJ/mol", "hartree" or "meV"
  std::vector<int> elements;                     // atomic numbers, in the order of the spec, without repeats
  double cutoff = 0;                             // length_unit
  std::optional<std::filesystem::path> weights;  // resolved against the spec's folder
  SourceLocation weights_location;
  Architecture architecture;
  std::map<std::string, double> parameters;  // every declared parameter, defaults filled in
  std::string text;                          // the spec file as read, kept in the bundle for provenance
  SourceLocation where;
};

// Reads a spec. The architecture is one of the built-in names, a path ending in .yaml relative to the spec's folder, or
// an inline mapping. Throws UserError (file:line:column: message) on the first mistake.
ModelSpec load_spec(const std::filesystem::path& path);
ModelSpec parse_spec(const std::string& text, const std::string& file_name, const std::filesystem::path& folder);

// Names of the architectures built in, sorted.
std::vector<std::string> builtin_architectures();
// The YAML text of a built-in architecture; throws UserError naming the nearest ones otherwise.
std::string builtin_architecture_text(const std::string& name);

}  // namespace mlffgen::dsl
