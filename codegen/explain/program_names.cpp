#include "codegen/explain/program_names.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace mlffgen::explain {

using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

using Place = std::pair<int, int>;  // line and column

Place place_of(const SourceLocation& where) { return {where.line, where.column}; }

// Where the last operation of each statement stands that sets a name.
void find_assignments(const std::vector<dsl::Statement>& statements, std::set<Place>& places) {
  for (const dsl::Statement& s : statements) {
    if (s.kind == dsl::Statement::Kind::assign) places.insert(place_of(s.values[0].where));
    if (s.kind == dsl::Statement::Kind::add_assign) places.insert(place_of(s.where));
    find_assignments(s.body, places);
    find_assignments(s.else_body, places);
  }
}

class ProgramNamer {
 public:
  ProgramNamer(const Graph& graph, const dsl::Program& source) : graph_(graph), users_(graph.nodes.size()) {
    find_assignments(source.statements, assignments_);
    for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
      for (const NodeId input : graph.nodes[id].inputs)
        users_[static_cast<std::size_t>(input)].push_back(static_cast<NodeId>(id));
    }
  }

  ProgramNames run() {
    result_.symbols.resize(graph_.nodes.size());
    find_splits();
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) choose(static_cast<NodeId>(id));
    make_symbols();
    for (Equation& equation : result_.equations) {
      equation.layer = layer_of(equation.targets[0]);
      for (const NodeId target : equation.targets) {
        if (layer_of(target) != equation.layer) equation.layer = -1;
      }
    }
    return std::move(result_);
  }

 private:
  const std::vector<NodeId>& users(NodeId id) const { return users_[static_cast<std::size_t>(id)]; }
  int layer_of(NodeId id) const { return result_.symbols[static_cast<std::size_t>(id)]->layer; }
  bool is_energy(NodeId id) const { return graph_.output("energy") == id; }

  // A tuple: slices of one value, made one after the other, that together are the whole of it.
  void find_splits() {
    for (std::size_t at = 0; at < graph_.nodes.size();) {
      const Node& first = graph_.nodes[at];
      std::vector<NodeId> parts;
      int channel = 0;
      std::size_t next = at;
      while (next < graph_.nodes.size() && graph_.nodes[next].op == Op::slice &&
             graph_.nodes[next].inputs == first.inputs && graph_.nodes[next].begin == channel &&
             !graph_.nodes[next].name.empty()) {
        parts.push_back(static_cast<NodeId>(next));
        channel += graph_.nodes[next].type.channels;
        ++next;
      }
      const bool whole = parts.size() > 1 && channel == graph_[first.inputs[0]].type.channels;
      if (whole) {
        for (const NodeId part : parts) split_of_[part] = parts;
      }
      at = whole ? next : at + 1;
    }
  }

  // The value that a tuple takes apart has no name of its own where the tuple's first name was lent to it.
  bool is_taken_apart(NodeId id) const {
    if (users(id).empty()) return false;
    const auto found = split_of_.find(users(id)[0]);
    if (found == split_of_.end() || graph_[id].name != graph_[users(id)[0]].name) return false;
    return users(id) == found->second;
  }

  bool is_bound(NodeId id) const {
    const Node& node = graph_[id];
    if (node.name.empty()) return false;
    return users(id).empty() || std::any_of(users(id).begin(), users(id).end(), [&](NodeId user) {
             const bool leaves_statement =
                 assignments_.contains(place_of(node.where)) && place_of(graph_[user].where) != place_of(node.where);
             return graph_[user].name != node.name || leaves_statement;
           });
  }

  static bool is_leaf(Op op) { return op == Op::distance || op == Op::direction || op == Op::constant; }

  // Written as briefly as its symbol would be.
  bool is_short(NodeId id) const {
    const Node& node = graph_[id];
    if (node.op != Op::at_i && node.op != Op::at_j && node.op != Op::negate && node.op != Op::broadcast) return false;
    return is_leaf(graph_[node.inputs[0]].op) || result_.symbols[static_cast<std::size_t>(node.inputs[0])].has_value();
  }

  void choose(NodeId id) {
    const Node& node = graph_[id];
    if (is_leaf(node.op) || node.type.domain == ir::Domain::constant) return;
    const auto split = split_of_.find(id);
    if (split != split_of_.end()) {
      mark(id);
      if (split->second[0] == id) result_.equations.push_back({split->second, node.inputs[0], -1});
      return;
    }
    if (is_taken_apart(id)) return;
    const bool zero = node.op == Op::zero && !node.name.empty();
    const bool repeated = (users(id).size() > 1 && !is_short(id) && node.op != Op::zero) || zero;
    if (!is_energy(id) && !is_bound(id) && !repeated) return;
    if (is_short(id) && !is_bound(id)) return;
    if (is_energy(id) || is_bound(id) || zero) {
      mark(id);
    } else {
      introduce(id);
    }
    result_.equations.push_back({{id}, id, -1});
  }

  // Part of a statement, which writes it several times.
  void introduce(NodeId id) {
    Symbol symbol;
    symbol.type = graph_[id].type;
    symbol.base = "\\theta";
    symbol.number = ++introduced_;
    result_.symbols[static_cast<std::size_t>(id)] = symbol;
  }

  void mark(NodeId id) {
    Symbol symbol;
    symbol.type = graph_[id].type;
    symbol.base = is_energy(id) ? "E" : base_of_name(graph_[id].name.empty() ? "x" : graph_[id].name);
    result_.symbols[static_cast<std::size_t>(id)] = symbol;
    marked_.push_back(id);
  }

  void make_symbols() {
    std::map<std::string, std::vector<Place>> statements;
    std::map<std::pair<std::string, Place>, std::vector<NodeId>> turns;
    for (const NodeId id : marked_) {
      const std::string& base = result_.symbols[static_cast<std::size_t>(id)]->base;
      const Place where = place_of(graph_[id].where);
      std::vector<Place>& known = statements[base];
      if (std::find(known.begin(), known.end(), where) == known.end()) known.push_back(where);
      turns[{base, where}].push_back(id);
    }
    for (const auto& [key, ids] : turns) {
      const std::vector<Place>& known = statements[key.first];
      const auto statement = std::find(known.begin(), known.end(), key.second) - known.begin();
      for (std::size_t turn = 0; turn < ids.size(); ++turn) {
        Symbol& symbol = *result_.symbols[static_cast<std::size_t>(ids[turn])];
        symbol.primes = static_cast<int>(statement);
        if (ids.size() > 1) symbol.layer = static_cast<int>(turn);
      }
      if (ids.size() > 1) result_.layers = std::max(result_.layers, static_cast<int>(ids.size()));
    }
  }

  const Graph& graph_;
  std::vector<std::vector<NodeId>> users_;
  std::map<NodeId, std::vector<NodeId>> split_of_;
  std::set<Place> assignments_;
  std::vector<NodeId> marked_;
  int introduced_ = 0;
  ProgramNames result_;
};

}  // namespace

ProgramNames name_program(const ir::Graph& program, const dsl::Program& source) {
  return ProgramNamer(program, source).run();
}

}  // namespace mlffgen::explain
