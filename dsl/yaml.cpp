#include "dsl/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "dsl/yaml_text.h"

namespace mlffgen::dsl {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 10'000;
constexpr std::size_t kMaxParserMessage = 200;

// Builds the tree from the parser's events. It throws UserError through the parser, which owns nothing that needs more
// than its destructors.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlText& text) : text_(text) {}

  bool has_root() const { return has_root_; }
  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(has_document_, true)) fail(mark, "a second YAML document begins here; only one is allowed");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(start(YamlNode::Kind::null, mark)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { fail(mark, "YAML aliases (*name) are not allowed"); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    fail(mark, "YAML anchors (&name) are not allowed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
    YamlNode node = start(YamlNode::Kind::scalar, mark);
    node.text = value;
    const char first = text_.character_at(mark.line, mark.column);
    if (first == '"' || first == '\'') node.style = YamlNode::Style::quoted;
    if (first == '>') node.style = YamlNode::Style::folded;
    if (first == '|') {
      node.style = YamlNode::Style::literal;
      node.origin = text_.literal_origin(mark.line, node.where, value);
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(start(YamlNode::Kind::sequence, mark));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(start(YamlNode::Kind::mapping, mark));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    bool has_key = false;  // a key waits for its value
  };

  SourceLocation location(const YAML::Mark& mark) const { return text_.location(mark.line, mark.column); }

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& message) const {
    throw UserError(location(mark), message);
  }

  YamlNode start(YamlNode::Kind kind, const YAML::Mark& mark) {
    // No node's own text can begin with these, which introduce its properties.
    const char first = text_.character_at(mark.line, mark.column);
    if (first == '!') fail(mark, "YAML tags (!name) are not allowed");
    if (first == '&') fail(mark, "YAML anchors (&name) are not allowed");
    if (++nodes_ > kMaxNodes) fail(mark, "the file has more than " + std::to_string(kMaxNodes) + " YAML nodes");
    YamlNode node;
    node.kind = kind;
    node.where = location(mark);
    return node;
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::mapping && !stack_.back().has_key;
  }

  void open(YamlNode node) {
    if (expects_key()) throw UserError(node.where, "a key must be plain text, not a list or a mapping");
    if (stack_.size() == kMaxDepth) {
      throw UserError(node.where, "the YAML is nested too deeply (at most " + std::to_string(kMaxDepth) + " levels)");
    }
    stack_.push_back({std::move(node)});
  }

  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Frame& parent = stack_.back();
    if (expects_key()) {
      add_key(parent, node);
      return;
    }
    // The parser sees a missing value only where the next thing begins, lines further on.
    if (parent.has_key && node.kind == YamlNode::Kind::null) node.where = parent.node.key_locations.back();
    parent.node.items.push_back(std::move(node));
    parent.has_key = false;
  }

  static void add_key(Frame& parent, const YamlNode& key) {
    const bool usable = key.kind == YamlNode::Kind::scalar &&
                        (key.style == YamlNode::Style::plain || key.style == YamlNode::Style::quoted);
    if (!usable) throw UserError(key.where, "a key must be plain text");
    const auto& keys = parent.node.keys;
    const auto found = std::find(keys.begin(), keys.end(), key.text);
    if (found != keys.end()) {
      const SourceLocation& first = parent.node.key_locations[static_cast<std::size_t>(found - keys.begin())];
      throw UserError(key.where, "the key " + quote(key.text) + " is given twice (first in line " +
                                     std::to_string(first.line) + ")");
    }
    parent.node.keys.push_back(key.text);
    parent.node.key_locations.push_back(key.where);
    parent.has_key = true;
  }

  const YamlText& text_;
  std::vector<Frame> stack_;
  YamlNode root_;
  bool has_root_ = false;
  bool has_document_ = false;
  std::size_t nodes_ = 0;
};

}  // namespace

YamlNode parse_yaml(const std::string& text, const std::string& file_name) {
  const YamlText checked(text, file_name);
  TreeBuilder builder(checked);
  std::istringstream stream(checked.text());
  try {
    YAML::Parser parser(stream);
    // A second document is refused by the builder as soon as it begins.
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const SourceLocation where =
        error.mark.is_null() ? SourceLocation{file_name, 1, 1} : checked.location(error.mark.line, error.mark.column);
    // The parser's messages may repeat characters of the file.
    throw UserError(where, "not valid YAML: " + quote(error.msg, kMaxParserMessage));
  }
  if (!builder.has_root()) throw UserError(SourceLocation{file_name, 1, 1}, "the file is empty");
  return builder.take_root();
}

}  // namespace mlffgen::dsl
