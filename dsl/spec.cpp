#include "dsl/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/elements.h"
#include "base/files.h"
#include "base/text.h"
#include "base/units.h"
#include "dsl/architecture.h"
#include "dsl/yaml.h"
#include "embedded/architecture_files.h"

namespace mlffgen::dsl {
namespace {

constexpr double kMaxCutoffInAngstrom = 100.0;
constexpr std::string_view kYamlSuffix = ".yaml";

std::string read_unit(const YamlNode& node, const std::string& quantity, const std::vector<std::string>& known) {
  const std::string& unit = as_string(node, "the unit of " + quantity);
  if (std::find(known.begin(), known.end(), unit) != known.end()) return unit;
  throw UserError(node.where, "unknown unit of " + quantity + " " + quote(unit) + did_you_mean(unit, known) +
                                  " (known: " + join(known, ", ") + ")");
}

void read_units(const YamlNode& node, ModelSpec& spec) {
  const YamlMapping units(node, "'units'", {"length", "energy"});
  spec.length_unit = read_unit(units.required("length"), "length", length_units());
  spec.energy_unit = read_unit(units.required("energy"), "energy", energy_units());
}

std::vector<int> read_elements(const YamlNode& node) {
  std::vector<int> out;
  for (const YamlNode& item : as_list(node, "'elements'")) {
    const std::string& symbol = as_string(item, "an element");
    int number = 0;
    try {
      number = atomic_number(symbol);
    } catch (const UserError& error) {
      throw UserError(item.where, error.what());
    }
    if (std::find(out.begin(), out.end(), number) != out.end()) {
      throw UserError(item.where, "the element " + quote(symbol) + " is listed twice");
    }
    out.push_back(number);
  }
  if (out.empty()) throw UserError(node.where, "'elements' must list at least one chemical symbol");
  return out;
}

double read_cutoff(const YamlNode& node, const std::string& length_unit) {
  const double cutoff = as_real(node, "'cutoff'");
  const double maximum = convert_length(kMaxCutoffInAngstrom, "angstrom", length_unit);
  if (!(cutoff > 0) || cutoff > maximum) {
    throw UserError(node.where, fmt::format("'cutoff' must be more than 0 and at most {:.6g} {}, but is {}", maximum,
                                            length_unit, cutoff));
  }
  return cutoff;
}

Architecture read_builtin(const YamlNode& node, const std::string& name) {
  std::string text;
  try {
    text = builtin_architecture_text(name);
  } catch (const UserError& error) {
    throw UserError(node.where, error.what());
  }
  return parse_architecture(text, "builtin/" + name + std::string(kYamlSuffix));
}

Architecture read_architecture_file(const YamlNode& node, const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_text_file(path, kMaxYamlBytes);
  } catch (const UserError& error) {
    throw UserError(node.where, "'architecture': " + std::string(error.what()));
  }
  return parse_architecture(text, path.string());
}

Architecture find_architecture(const YamlNode& node, const std::filesystem::path& folder) {
  if (node.kind == YamlNode::Kind::mapping) return read_architecture(node, true);
  const std::string& name = as_string(node, "'architecture' (a name, a path ending in .yaml, or a mapping)");
  return name.ends_with(kYamlSuffix) ? read_architecture_file(node, folder / name) : read_builtin(node, name);
}

std::map<std::string, double> read_parameters(const YamlNode* node, const Architecture& architecture,
                                              const SourceLocation& spec_where) {
  std::vector<std::string> names;
  names.reserve(architecture.parameters.size());
  for (const auto& parameter : architecture.parameters) names.push_back(parameter.name);
  if (node && names.empty() && node->kind == YamlNode::Kind::mapping && !node->keys.empty()) {
    throw UserError(node->key_locations.front(), "the architecture " + quote(architecture.name) +
                                                     " has no parameters, but " + quote(node->keys.front()) +
                                                     " is given");
  }
  YamlNode empty;
  empty.kind = YamlNode::Kind::mapping;
  empty.where = spec_where;
  const YamlMapping given(node ? *node : empty, "'parameters'", names);

  std::map<std::string, double> out;
  for (const auto& parameter : architecture.parameters) {
    const std::string what = "parameter " + quote(parameter.name);
    if (const YamlNode* value = given.optional(parameter.name)) {
      out[parameter.name] = read_parameter_value(*value, parameter, what);
    } else if (parameter.default_value) {
      out[parameter.name] = *parameter.default_value;
    } else {
      throw UserError(given.where(), fmt::format("'parameters' lacks {} ({} from {} to {}), which the architecture {} "
                                                 "needs",
                                                 quote(parameter.name), parameter.is_integer ? "an integer" : "a real",
                                                 parameter.minimum, parameter.maximum, quote(architecture.name)));
    }
  }
  return out;
}

}  // namespace

ModelSpec parse_spec(const std::string& text, const std::string& file_name, const std::filesystem::path& folder) {
  const YamlNode root = parse_yaml(text, file_name);
  const YamlMapping entry(root, "the spec",
                          {"mlffgen", "name", "units", "elements", "cutoff", "weights", "architecture", "parameters"});
  check_format_version(entry.required("mlffgen"), "mlffgen");

  ModelSpec spec;
  spec.text = text;
  spec.where = root.where;
  spec.name = read_name(entry.required("name"), "'name'");
  read_units(entry.required("units"), spec);
  spec.elements = read_elements(entry.required("elements"));
  spec.cutoff = read_cutoff(entry.required("cutoff"), spec.length_unit);
  if (const YamlNode* weights = entry.optional("weights")) {
    spec.weights = folder / as_string(*weights, "'weights'");
    spec.weights_location = weights->where;
  }
  spec.architecture = find_architecture(entry.required("architecture"), folder);
  spec.parameters = read_parameters(entry.optional("parameters"), spec.architecture, root.where);
  return spec;
}

ModelSpec load_spec(const std::filesystem::path& path) {
  return parse_spec(read_text_file(path, kMaxYamlBytes), path.string(), path.parent_path());
}

std::vector<std::string> builtin_architectures() {
  std::vector<std::string> names;
  for (const auto& [file, text] : embedded::architecture_files()) {
    names.emplace_back(file.substr(0, file.size() - kYamlSuffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string builtin_architecture_text(const std::string& name) {
  for (const auto& [file, text] : embedded::architecture_files()) {
    if (file == name + std::string(kYamlSuffix)) return std::string(text);
  }
  const std::vector<std::string> names = builtin_architectures();
  throw UserError("no architecture " + quote(name) + " is built in" + did_you_mean(name, names) +
                  " (built in: " + join(names, ", ") + "; or give a path ending in .yaml)");
}

}  // namespace mlffgen::dsl
