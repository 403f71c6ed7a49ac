// A strict reader of the small part of YAML that specifications need: mappings with text keys, sequences and scalars.
//
// Everything else is refused with file:line:column: anchors, aliases, tags, duplicate keys, several documents, keys
// that are not plain text, more than 32 levels or 10,000 nodes, more than 1 MB, control characters, invalid UTF-8. A
// scalar keeps the text as written; its type is decided by whoever reads it, so that NO, 017 or 1_000 never turn into
// something else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "dsl/program.h"

namespace mlffgen::dsl {

inline constexpr std::size_t kMaxYamlBytes = 1'000'000;

struct YamlNode {
  enum class Kind { null, scalar, sequence, mapping };
  enum class Style { plain, quoted, literal, folded };
  Kind kind = Kind::null;
  SourceLocation where;
  Style style = Style::plain;                 // scalar
  std::string text;                           // scalar; for null as written: "", "~" or "null" are not told apart
  TextOrigin origin;                          // scalar of literal style: where its first line of text lies
  std::vector<YamlNode> items;                // sequence: its elements; mapping: its values
  std::vector<std::string> keys;              // mapping: one a value, in the file's order
  std::vector<SourceLocation> key_locations;  // mapping
};

// Parses one document. Throws UserError at the first mistake; file_name is used in messages only.
YamlNode parse_yaml(const std::string& text, const std::string& file_name);

// Typed values. Each throws UserError at the node, naming what is read ("cutoff must be a number, but is 'abc'").
std::int64_t as_integer(const YamlNode& node, const std::string& what);       // decimal, unquoted, magnitude <= 2^53
double as_real(const YamlNode& node, const std::string& what);                // decimal, unquoted, finite
const std::string& as_string(const YamlNode& node, const std::string& what);  // printable UTF-8 on one line, not empty
const std::vector<YamlNode>& as_list(const YamlNode& node, const std::string& what);

// The values of a mapping by key. The constructor refuses other kinds of node and every key that is not known.
class YamlMapping {
 public:
  YamlMapping(const YamlNode& node, std::string what, const std::vector<std::string>& known_keys);

  const YamlNode& required(const std::string& key) const;  // throws UserError at the mapping if it is missing
  const YamlNode* optional(const std::string& key) const;  // null if it is missing
  const SourceLocation& where() const { return node_.where; }

 private:
  const YamlNode& node_;
  std::string what_;
};

}  // namespace mlffgen::dsl
