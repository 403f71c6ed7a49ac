// Reading an architecture: its YAML form (models/architectures/*.yaml, a user's own file, or inline in a spec).
#pragma once

#include <string>

#include "dsl/spec.h"
#include "dsl/yaml.h"

namespace mlffgen::dsl {

// Checks the mapping and parses its program. An inline architecture may leave out 'mlffgen_architecture' and 'name'.
Architecture read_architecture(const YamlNode& node, bool is_inline);

// The architecture in the text of a whole file; file_name is used in messages only.
Architecture parse_architecture(const std::string& text, const std::string& file_name);

// Throws UserError at the node unless it is a name: [A-Za-z0-9_.-]{1,64}.
const std::string& read_name(const YamlNode& node, const std::string& what);

// Throws UserError at the node unless it is the number of the one format version that exists, 1.
void check_format_version(const YamlNode& node, const std::string& key);

// A parameter's value, of its type and within its bounds.
double read_parameter_value(const YamlNode& node, const Architecture::Parameter& parameter, const std::string& what);

}  // namespace mlffgen::dsl
