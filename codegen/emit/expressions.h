// The expressions of one loop body, as statements in single-assignment form.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

// Names that the surrounding text defines: i (atom), t (its row in the tile), f (channel) and, over pairs, e (pair of
// the batch), E (pairs of the batch), j[e], r[e], ux[e], uy[e], uz[e], and row[e], basis[e], slope[e] of splines.
class Expressions {
 public:
  Expressions(Context& context, bool over_pairs) : context_(context), over_pairs_(over_pairs) {}

  // Values that registers hold already, such as sums over channels: one text a component.
  void set_register(NodeId id, std::vector<std::string> components) { registers_[id] = std::move(components); }

  // The texts of a value's components (one, or x, y, z), after appending what they need to the statements.
  std::vector<std::string> value(NodeId id);

  // Statements that are the same for all pairs of a batch; arrays over its pairs; and statements of one pair (or atom).
  const std::vector<std::string>& invariant() const { return invariant_; }
  const std::vector<std::string>& arrays() const { return arrays_; }
  const std::vector<std::string>& body() const { return body_; }

  bool uses_spline() const { return uses_spline_; }

 private:
  const ir::Node& node(NodeId id) const { return context_.graph[id]; }
  bool varies(NodeId id);
  bool is_ready(NodeId id) const;
  std::vector<std::string> compute(NodeId id);
  std::vector<std::string> load(NodeId id, const std::string& item);
  std::vector<std::string> load_kept(NodeId id);
  std::vector<std::string> load_team_array(NodeId id);
  std::vector<std::string> gather(const ir::Node& gather);
  std::vector<std::string> elementwise(const ir::Node& node);
  std::vector<std::string> inline_map(NodeId id);
  std::string function(const ir::Node& node, const std::string& x) const;
  std::vector<std::string> define(NodeId id, const std::vector<std::string>& texts);

  Context& context_;
  bool over_pairs_;
  bool uses_spline_ = false;
  std::map<NodeId, std::vector<std::string>> registers_;
  std::map<NodeId, std::vector<std::string>> known_;
  std::map<NodeId, bool> varies_;
  std::vector<std::string> invariant_, arrays_, body_;
};

// The text that a kept value is written to: a buffer, a tile array or, over pairs, a team array.
std::string kept_text(Context& context, NodeId id, int component, bool over_pairs);

}  // namespace mlffgen::emit
