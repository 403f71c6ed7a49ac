#include "dsl/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/text.h"
#include "dsl/lexer.h"

namespace mlffgen::dsl {
namespace {

constexpr std::size_t kMaxNameCharacters = 64;
constexpr std::size_t kMaxDescriptionCharacters = 10'000;
constexpr std::int64_t kFormatVersion = 1;

// Names that mean something in every program, apart from its keywords.
const std::vector<std::string>& predefined_names() {
  static const std::vector<std::string> list = {"cutoff", "pi",     "element", "distance", "direction", "i",
                                                "j",      "scalar", "vector",  "true",     "false",     "_"};
  return list;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Prose may be folded or a block; it is kept as one line of printable ASCII.
std::string read_description(const YamlNode& node, const std::string& what) {
  YamlNode flat = node;
  std::replace(flat.text.begin(), flat.text.end(), '\n', ' ');
  while (flat.text.ends_with(' ')) flat.text.pop_back();
  const std::string& text = as_string(flat, what);
  if (!is_printable_ascii(text)) throw UserError(node.where, what + " may contain printable ASCII characters only");
  if (text.size() > kMaxDescriptionCharacters) {
    throw UserError(node.where, fmt::format("{} has {} characters; at most {} are allowed", what, text.size(),
                                            kMaxDescriptionCharacters));
  }
  return text;
}

void check_parameter_name(const std::string& name, const SourceLocation& where) {
  if (!is_identifier(name) || name.size() > kMaxNameCharacters) {
    throw UserError(
        where,
        "a parameter's name consists of letters, digits and '_', at most 64 and no digit first, but is " + quote(name));
  }
  if (contains(program_keywords(), name) || contains(predefined_names(), name)) {
    throw UserError(where, "the parameter " + quote(name) + " has the name of a reserved word (reserved: " +
                               join(program_keywords(), ", ") + ", " + join(predefined_names(), ", ") + ")");
  }
}

double read_number(const YamlNode& node, bool is_integer, const std::string& what) {
  return is_integer ? static_cast<double>(as_integer(node, what)) : as_real(node, what);
}

bool read_is_integer(const YamlNode& node, const std::string& what) {
  const std::string& type = as_string(node, what);
  if (type == "integer") return true;
  if (type == "real") return false;
  throw UserError(node.where,
                  what + " must be integer or real, but is " + quote(type) + did_you_mean(type, {"integer", "real"}));
}

Architecture::Parameter read_parameter(const std::string& name, const SourceLocation& where, const YamlNode& node) {
  check_parameter_name(name, where);
  const std::string what = "parameter " + quote(name);
  const auto of = [&](const char* key) { return quote(key) + " of " + what; };
  const YamlMapping entry(node, what, {"type", "default", "minimum", "maximum", "description"});

  Architecture::Parameter out;
  out.name = name;
  out.where = where;
  out.is_integer = read_is_integer(entry.required("type"), of("type"));
  out.minimum = read_number(entry.required("minimum"), out.is_integer, of("minimum"));
  out.maximum = read_number(entry.required("maximum"), out.is_integer, of("maximum"));
  if (out.minimum > out.maximum) {
    throw UserError(entry.required("minimum").where,
                    fmt::format("{} is {}, more than its maximum {}", of("minimum"), out.minimum, out.maximum));
  }
  if (const YamlNode* value = entry.optional("default")) {
    out.default_value = read_parameter_value(*value, out, of("default"));
  }
  if (const YamlNode* text = entry.optional("description"))
    out.description = read_description(*text, of("description"));
  return out;
}

void read_program(const YamlNode& node, Architecture& out) {
  if (node.kind != YamlNode::Kind::scalar || node.style != YamlNode::Style::literal) {
    throw UserError(node.where,
                    "'program' must be a literal block: 'program: |', with the program on indented lines "
                    "below");
  }
  out.program_text = node.text;
  out.program = parse_program(node.text, node.origin);
  if (out.program.statements.empty()) throw UserError(node.where, "the program has no statement");
}

}  // namespace

const std::string& read_name(const YamlNode& node, const std::string& what) {
  const std::string& name = as_string(node, what);
  const bool valid = name.size() <= kMaxNameCharacters && std::all_of(name.begin(), name.end(), [](char c) {
                       return is_identifier(std::string_view(&c, 1)) || (c >= '0' && c <= '9') || c == '.' || c == '-';
                     });
  if (!valid) {
    throw UserError(node.where,
                    what + " must consist of 1 to 64 letters, digits, '_', '.' and '-', but is " + quote(name));
  }
  return name;
}

void check_format_version(const YamlNode& node, const std::string& key) {
  const std::int64_t version = as_integer(node, quote(key));
  if (version == kFormatVersion) return;
  throw UserError(node.where, fmt::format("'{}' is the version of the file's format and must be {}, but is {}", key,
                                          kFormatVersion, version));
}

double read_parameter_value(const YamlNode& node, const Architecture::Parameter& parameter, const std::string& what) {
  const double value = read_number(node, parameter.is_integer, what);
  if (value < parameter.minimum || value > parameter.maximum) {
    throw UserError(node.where, fmt::format("{} is {}, but must lie between {} and {}", what, value, parameter.minimum,
                                            parameter.maximum));
  }
  return value;
}

Architecture read_architecture(const YamlNode& node, bool is_inline) {
  const YamlMapping entry(node, "the architecture",
                          {"mlffgen_architecture", "name", "description", "parameters", "program"});
  const char* version_key = "mlffgen_architecture";
  if (!is_inline || entry.optional(version_key)) check_format_version(entry.required(version_key), version_key);

  Architecture out;
  out.name = is_inline && !entry.optional("name") ? "inline" : read_name(entry.required("name"), "'name'");
  if (const YamlNode* text = entry.optional("description")) out.description = read_description(*text, "'description'");
  if (const YamlNode* parameters = entry.optional("parameters")) {
    // An empty list of known keys would refuse them all: any name may be declared here.
    const YamlMapping checked(*parameters, "'parameters'", parameters->keys);
    for (std::size_t k = 0; k < parameters->keys.size(); ++k) {
      out.parameters.push_back(read_parameter(parameters->keys[k], parameters->key_locations[k], parameters->items[k]));
    }
  }
  read_program(entry.required("program"), out);
  return out;
}

Architecture parse_architecture(const std::string& text, const std::string& file_name) {
  return read_architecture(parse_yaml(text, file_name), false);
}

}  // namespace mlffgen::dsl
