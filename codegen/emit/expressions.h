// The expressions of one loop body, as statements in single-assignment form.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

// Where a loop body stands: in a loop over the channels of an atom; over pairs of a chunk, a lane each; or over the
// channels of a batch of pairs.
enum class Place { atom, pair, batch };

// Names that the surrounding text defines: i (atom), t (its row in the tile), f (the channel, or in a loop over
// groups the first of a group, whose members u counts) and, over pairs, e (pair of the chunk or batch) and p (its
// record); for a batch also E (its pairs) and pair (their records).
class Expressions {
 public:
  Expressions(Context& context, Place place) : context_(context), place_(place) {}

  // Values that registers hold already, such as sums over channels: one text a component.
  void set_register(NodeId id, std::vector<std::string> components) { registers_[id] = std::move(components); }

  // The texts of a value's components (one, or x, y, z), after appending what they need to the statements.
  std::vector<std::string> value(NodeId id);

  // Statements that are the same for all pairs of a batch; arrays over its pairs; and statements of one pair (or atom).
  const std::vector<std::string>& invariant() const { return invariant_; }
  const std::vector<std::string>& arrays() const { return arrays_; }
  const std::vector<std::string>& body() const { return body_; }
  // What a group of channels reads before any of it is written: the same for all pairs of a batch, and of one.
  const std::vector<std::string>& invariant_groups() const { return invariant_groups_; }
  const std::vector<std::string>& groups() const { return groups_; }

 private:
  const ir::Node& node(NodeId id) const { return context_.graph[id]; }
  bool varies(NodeId id);
  bool is_ready(NodeId id) const;
  std::vector<std::string> compute(NodeId id);
  std::vector<std::string> load(NodeId id, const std::string& item);
  std::vector<std::string> load_kept(NodeId id);
  std::vector<std::string> load_of_pair(NodeId id);
  std::vector<std::string> gather(const ir::Node& gather);
  std::vector<std::string> elementwise(const ir::Node& node);
  std::vector<std::string> inline_map(NodeId id);
  std::string input_text(NodeId id, int component) const;
  std::string function(const ir::Node& node, const std::string& x) const;
  std::vector<std::string> define(NodeId id, const std::vector<std::string>& texts);
  std::vector<std::string> define_read(NodeId id, const std::vector<std::string>& places);
  std::vector<std::string> define_groups(NodeId id, const std::vector<std::string>& groups);

  Context& context_;
  Place place_;
  std::map<NodeId, std::vector<std::string>> registers_;
  std::map<NodeId, std::vector<std::string>> known_;
  std::map<NodeId, bool> varies_;
  std::vector<std::string> invariant_, arrays_, body_, groups_, invariant_groups_;
};

// The text that a kept value of an atom is read from and written to: a buffer or a tile array.
std::string kept_text(Context& context, NodeId id, int component);

// Where a product's input is put for it.
std::string operand_text(const Context& context, NodeId id, int component);

// The same for a value of a pair: a team array of the batch, or the record.
std::string kept_of_pair_text(const Context& context, NodeId id, int component, Place place, const char* channel);

// "x", "y" or "z" for a component of a vector, nothing for a scalar.
const char* component_suffix(const ir::Node& node, int component);

}  // namespace mlffgen::emit
