#include "codegen/explain/graph_names.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "codegen/explain/adjoint_values.h"
#include "codegen/explain/formula.h"
#include "codegen/ir/analysis.h"

namespace mlffgen::explain {

using ir::Domain;
using ir::Graph;
using ir::Kind;
using ir::kNoNode;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

// Differences between values of one meaning: rounding, or the error of spline tables carried through the network.
constexpr double kRounding = 1e-9;
constexpr double kTableError = 1e-4;
constexpr double kStep = 2e-4;  // of the distance, in units of the cutoff, for derivatives by differences
constexpr double kDifferenceError = 1e-6;
// Operations that may be written out where a value is used, once or several times.
constexpr int kLongestOnce = 9;
constexpr int kLongestRepeated = 2;

class GraphNamer {
 public:
  GraphNamer(const Graph& program, const ProgramNames& names, const Graph& graph, const std::vector<NodeId>& keeps)
      : program_(program),
        names_(names),
        graph_(graph),
        keeps_(keeps.begin(), keeps.end()),
        sample_(general_sample(graph)),
        program_values_(ir::interpret(program, sample_)),
        values_(ir::interpret(graph, sample_)),
        adjoints_(adjoint_values(graph, sample_, values_)),
        tolerance_(graph.spline_grid.degree > 0 ? kTableError : kRounding),
        uses_(graph.nodes.size(), 0),
        length_(graph.nodes.size(), 0) {
    result_.symbols.resize(graph.nodes.size());
    result_.forward.assign(graph.nodes.size(), false);
    result_.program_constant.assign(graph.nodes.size(), kNoNode);
  }

  GraphNames run() {
    find_forward();
    match_constants();
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) match_program(static_cast<NodeId>(id));
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) match_radial_slope(static_cast<NodeId>(id));
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const auto node = static_cast<NodeId>(id);
      if (!result_.forward[id]) match_adjoint(node);
      if (!symbol(node)) introduce(node);
      measure(node);
    }
    renumber();
    return std::move(result_);
  }

 private:
  // Numbers in the order of the document: radial values, then phase by phase, the model's values before the gradient's.
  void renumber() {
    const std::vector<int> level = ir::levels(graph_);
    std::vector<std::size_t> order;
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      const auto& named = symbol(static_cast<NodeId>(id));
      if (named && count_.contains(named->base)) order.push_back(id);
    }
    const auto place = [&](std::size_t id) {
      const bool radial = graph_.nodes[id].type.domain == Domain::radial;
      const bool table = graph_.nodes[id].type.domain == Domain::element;
      return std::make_tuple(table ? -2 : radial ? -1 : level[id], result_.forward[id] ? 0 : 1, id);
    };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
    std::map<std::string, std::map<int, int>> renamed;
    for (const std::size_t id : order) {
      Symbol& named = *symbol(static_cast<NodeId>(id));
      std::map<int, int>& numbers = renamed[named.base];
      named.number = numbers.emplace(named.number, static_cast<int>(numbers.size()) + 1).first->second;
    }
  }

  std::optional<Symbol>& symbol(NodeId id) { return result_.symbols[static_cast<std::size_t>(id)]; }
  const std::vector<double>& values(NodeId id) const { return values_[static_cast<std::size_t>(id)]; }

  void find_forward() {
    const NodeId energy = graph_.output("energy");
    result_.forward[static_cast<std::size_t>(energy)] = true;
    for (NodeId id = static_cast<NodeId>(graph_.nodes.size()) - 1; id >= 0; --id) {
      for (const NodeId input : graph_[id].inputs) {
        ++uses_[static_cast<std::size_t>(input)];
        if (result_.forward[static_cast<std::size_t>(id)]) result_.forward[static_cast<std::size_t>(input)] = true;
      }
    }
  }

  static bool is_leaf(Op op) {
    return op == Op::distance || op == Op::direction || op == Op::zero || op == Op::constant;
  }

  // Written as an index of its operand.
  static bool is_index(Op op) {
    return op == Op::at_i || op == Op::at_j || op == Op::negate || op == Op::broadcast || op == Op::reverse;
  }

  // The largest difference between a's values and a block of b's, over the largest magnitude of b's.
  static double difference(const ir::Type& type, const std::vector<double>& a, const ir::Type& wide,
                           const std::vector<double>& b, int block) {
    const auto size = static_cast<std::size_t>(type.size()), wide_size = static_cast<std::size_t>(wide.size());
    double worst = 0, scale = 0;
    for (std::size_t item = 0; item < a.size() / size; ++item) {
      for (int c = 0; c < type.components(); ++c) {
        for (int f = 0; f < type.channels; ++f) {
          const double x = a[item * size + static_cast<std::size_t>(c * type.channels + f)];
          const double y =
              b[item * wide_size + static_cast<std::size_t>(c * wide.channels + block * type.channels + f)];
          worst = std::max(worst, std::abs(x - y));
          scale = std::max(scale, std::abs(y));
        }
      }
    }
    return scale > 0 && std::isfinite(worst) ? worst / scale : 1;
  }

  struct Match {
    NodeId node = kNoNode;
    int block = 0;  // counted from 1; 0: the whole
    double difference = 1;
  };

  // A whole value is preferred to a block of a larger one, and the closest of several to the others.
  void consider(NodeId id, NodeId other, const ir::Type& wide, const std::vector<double>& b, Match& best) const {
    const ir::Type& type = graph_[id].type;
    if (b.empty() || wide.domain != type.domain || wide.kind != type.kind || wide.channels % type.channels != 0) return;
    const int blocks = wide.channels / type.channels;
    if (blocks > 1 && type.channels == 1) return;
    for (int block = 0; block < blocks; ++block) {
      const double error = difference(type, values(id), wide, b, block);
      const bool same_kind = best.node == kNoNode || (best.block == 0) == (blocks == 1);
      if (error <= tolerance_ && (same_kind ? error < best.difference : blocks == 1)) {
        best = {other, blocks > 1 ? block + 1 : 0, error};
      }
    }
  }

  void match_constants() {
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (graph_.nodes[id].op != Op::constant || graph_.nodes[id].type.channels == 1) continue;
      Match best;
      for (std::size_t p = 0; p < program_.nodes.size(); ++p) {
        if (program_.nodes[p].type.domain == Domain::constant && program_.nodes[p].type == graph_.nodes[id].type) {
          consider(static_cast<NodeId>(id), static_cast<NodeId>(p), program_.nodes[p].type, program_values_[p], best);
        }
      }
      result_.program_constant[id] = best.node;
    }
  }

  void match_program(NodeId id) {
    const Node& node = graph_[id];
    if (!result_.forward[static_cast<std::size_t>(id)] || is_leaf(node.op) || is_index(node.op)) return;
    if (node.op == Op::sum_i) {
      symbol(id) = Symbol{"E", 0, 0, -1, 0, false, false, node.type};
      return;
    }
    Match best;
    for (std::size_t p = 0; p < program_.nodes.size(); ++p) {
      if (!names_.symbols[p] || program_.nodes[p].op == Op::zero) continue;
      consider(id, static_cast<NodeId>(p), program_.nodes[p].type, program_values_[p], best);
    }
    if (best.node == kNoNode) return;
    Symbol found = *names_.symbols[static_cast<std::size_t>(best.node)];
    found.type = node.type;
    found.block = best.block;
    assign(id, found);
  }

  // Of two values with the same numbers, the first has the symbol.
  void assign(NodeId id, const Symbol& found) {
    if (taken_.insert(found).second) symbol(id) = found;
  }

  void match_radial_slope(NodeId id) {
    const Node& node = graph_[id];
    if (node.type.domain != Domain::radial || is_leaf(node.op) || is_index(node.op) ||
        result_.forward[static_cast<std::size_t>(id)]) {
      return;
    }
    for (std::size_t other = 0; other < graph_.nodes.size(); ++other) {
      const auto& named = result_.symbols[other];
      if (!named || named->radial_slope || graph_.nodes[other].type != node.type) continue;
      const std::vector<double>& slope = radial_slope(static_cast<NodeId>(other));
      if (difference(node.type, values(id), node.type, slope, 0) > std::max(tolerance_, kDifferenceError)) continue;
      Symbol found = *named;
      found.radial_slope = true;
      assign(id, found);
      return;
    }
  }

  // By central differences of fourth order.
  const std::vector<double>& radial_slope(NodeId id) {
    const auto known = slopes_.find(id);
    if (known != slopes_.end()) return known->second;
    std::vector<double> slope;
    for (const auto& [steps, weight] : {std::pair{-2, 1.0}, {-1, -8.0}, {1, 8.0}, {2, -1.0}}) {
      std::vector<double> distances;
      for (const auto& d : sample_.displacement) {
        distances.push_back(std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) + steps * kStep * graph_.cutoff);
      }
      const std::vector<double> at = ir::interpret_local(graph_, id, distances);
      slope.resize(at.size(), 0.0);
      for (std::size_t k = 0; k < at.size(); ++k) slope[k] += weight * at[k] / (12 * kStep * graph_.cutoff);
    }
    return slopes_[id] = std::move(slope);
  }

  void match_adjoint(NodeId id) {
    const Node& node = graph_[id];
    if (node.type.domain != Domain::atom || is_leaf(node.op) || (is_index(node.op) && node.op != Op::negate)) return;
    NodeId best = kNoNode;
    for (std::size_t other = 0; other < graph_.nodes.size(); ++other) {
      const auto& named = result_.symbols[other];
      if (!named || !result_.forward[other] || graph_.nodes[other].type != node.type) continue;
      // Equal adjoints, as those of a sum's terms, belong to the last value.
      if (adjoints_[other].empty()) continue;
      if (difference(node.type, values(id), node.type, adjoints_[other], 0) > kRounding) continue;
      best = static_cast<NodeId>(other);
    }
    if (best == kNoNode) return;
    Symbol found = *symbol(best);
    found.adjoint = true;
    assign(id, found);
  }

  // Operations in a value as it is written where it is used.
  void measure(NodeId id) {
    const Node& node = graph_[id];
    int& length = length_[static_cast<std::size_t>(id)];
    length = 0;
    if (symbol(id) || is_leaf(node.op)) return;
    if (const auto slope = find_slope(graph_, id)) {
      length = 1 + length_[static_cast<std::size_t>(slope->argument)];
      return;
    }
    length = is_index(node.op) ? 0 : 1;
    for (const NodeId input : node.inputs) length += length_[static_cast<std::size_t>(input)];
  }

  // A symbol for a value that the program does not name, if formulas are shorter with it.
  void introduce(NodeId id) {
    const Node& node = graph_[id];
    if (is_leaf(node.op) || is_index(node.op) || node.op == Op::sum_i || node.type.domain == Domain::constant) return;
    measure(id);
    const int length = length_[static_cast<std::size_t>(id)];
    const int uses = uses_[static_cast<std::size_t>(id)];
    const bool heavy = node.op == Op::linear || node.op == Op::sum_j;
    const bool kept = keeps_.contains(id) && (heavy || length > 1);
    const bool wanted = node.op == Op::element_table || node.op == Op::sum_channels || (heavy && uses > 1) || kept ||
                        length > (uses > 1 ? kLongestRepeated : kLongestOnce);
    if (!wanted || is_output(id) || is_inside_slope(id)) return;
    Symbol made;
    made.type = node.type;
    made.base = node.op == Op::sum_channels ? (node.type.kind == Kind::vector ? "\\beta" : "\\alpha") : "\\tau";
    made.number = ++count_[made.base];
    assign(id, made);
  }

  bool is_output(NodeId id) const {
    return std::any_of(graph_.outputs.begin(), graph_.outputs.end(),
                       [&](const ir::Output& out) { return out.node == id; });
  }

  // Part of a product that is written as the derivative of a function.
  bool is_inside_slope(NodeId id) const {
    if (inside_slopes_.empty()) {
      for (std::size_t other = 0; other < graph_.nodes.size(); ++other) mark_slope(static_cast<NodeId>(other));
      inside_slopes_.insert(kNoNode);
    }
    return inside_slopes_.contains(id);
  }

  void mark_slope(NodeId root) const {
    const auto slope = find_slope(graph_, root);
    if (!slope) return;
    std::vector<NodeId> stack = graph_[root].inputs;
    while (!stack.empty()) {
      const NodeId id = stack.back();
      stack.pop_back();
      if (id == slope->argument || is_leaf(graph_[id].op)) continue;
      // The function's own value is used elsewhere too.
      if (result_.forward[static_cast<std::size_t>(id)]) continue;
      inside_slopes_.insert(id);
      stack.insert(stack.end(), graph_[id].inputs.begin(), graph_[id].inputs.end());
    }
  }

  const Graph& program_;
  const ProgramNames& names_;
  const Graph& graph_;
  std::set<NodeId> keeps_;
  ir::Sample sample_;
  Values program_values_, values_, adjoints_;
  double tolerance_;
  std::vector<int> uses_, length_;
  std::set<Symbol> taken_;
  std::map<std::string, int> count_;
  std::map<NodeId, std::vector<double>> slopes_;
  mutable std::set<NodeId> inside_slopes_;
  GraphNames result_;
};

}  // namespace

GraphNames name_graph(const Graph& program, const ProgramNames& names, const Graph& graph,
                      const std::vector<NodeId>& keeps) {
  return GraphNamer(program, names, graph, keeps).run();
}

}  // namespace mlffgen::explain
