// Defects of a model that compiles. Only what the energy depends on is looked at; a loop's turns share one report.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/elements.h"
#include "base/text.h"
#include "codegen/elaborate/elaborate.h"
#include "codegen/ir/analysis.h"
#include "codegen/ir/interpret.h"

namespace mlffgen::elaborate {

using ir::Domain;
using ir::Function;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

constexpr double kSmallValue = 1e-6;  // relative to the largest value of the function
constexpr double kSmallSlope = 1e-4;  // relative to the largest value over the cutoff
constexpr int kSamples = 64;
constexpr double kStep = 1e-4;  // of the cutoff
constexpr std::size_t kListedNames = 8;

// How values of pairs fade at the cutoff: the number of derivatives that vanish there, the value's own counted first,
// up to two. Only values that reach a sum over neighbours are looked at.
class Fading {
 public:
  explicit Fading(const Graph& graph, const std::vector<bool>& live) : graph_(graph), order_(graph.nodes.size(), 0) {
    std::vector<bool> wanted(graph.nodes.size(), false);
    for (std::size_t id = graph.nodes.size(); id-- > 0;) {
      const Node& node = graph.nodes[id];
      const bool looks_below = (live[id] && node.op == Op::sum_j) || (wanted[id] && node.type.domain == Domain::pair);
      for (const NodeId input : node.inputs) {
        if (looks_below) wanted[static_cast<std::size_t>(input)] = true;
      }
    }
    for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
      if (wanted[id])
        order_[id] = graph.nodes[id].type.domain == Domain::radial ? radial(id) : compute(graph.nodes[id]);
    }
  }

  int order(NodeId id) const { return order_[static_cast<std::size_t>(id)]; }

 private:
  static constexpr int kSmooth = 2;

  int compute(const Node& node) const {
    const auto smallest = [&] {
      int result = kSmooth;
      for (const NodeId input : node.inputs) result = std::min(result, order(input));
      return result;
    };
    switch (node.op) {
      case Op::zero:
        return kSmooth;
      case Op::constant: {
        const auto& values = node.tensors[0]->values;
        return std::all_of(values.begin(), values.end(), [](double x) { return x == 0; }) ? kSmooth : 0;
      }
      case Op::multiply:
      case Op::dot:
        return std::min(kSmooth, order(node.inputs[0]) + order(node.inputs[1]));
      case Op::add:
      case Op::negate:
      case Op::concat:
      case Op::slice:
      case Op::broadcast:
      case Op::sum_channels:
      case Op::reverse:
      case Op::cartesian_mix:
        return smallest();
      case Op::linear:
        return node.bias ? 0 : smallest();
      case Op::unary:
        return function(node.function, order(node.inputs[0]));
      case Op::power:
        return static_cast<int>(std::clamp(node.number * order(node.inputs[0]), 0.0, 2.0));
      case Op::element_table:
      case Op::distance:
      case Op::direction:
      case Op::spline:
      case Op::at_i:
      case Op::at_j:
      case Op::sum_j:
      case Op::sum_i:
        return 0;
    }
    throw InternalError("operation without a rule at the cutoff");
  }

  static int function(Function f, int order) {
    switch (f) {
      case Function::sin:
      case Function::tanh:
      case Function::silu:
        return order;
      case Function::sqrt:
        return order / 2;
      case Function::exp:
      case Function::log:
      case Function::rsqrt:
      case Function::reciprocal:
      case Function::cos:
      case Function::sigmoid:
      case Function::softplus:
        return 0;
    }
    throw InternalError("function without a rule at the cutoff");
  }

  int radial(std::size_t id) const {
    const double cutoff = graph_.cutoff;
    std::vector<double> distances = {cutoff * (1 - kStep), cutoff, cutoff * (1 + kStep)};
    for (int k = 1; k < kSamples; ++k) distances.push_back(cutoff * k / kSamples);
    const std::vector<double> values = ir::interpret_local(graph_, static_cast<NodeId>(id), distances);
    const auto channels = static_cast<std::size_t>(graph_.nodes[id].type.channels);
    double largest = 0, at_cutoff = 0, slope = 0;
    for (const double x : values) largest = std::max(largest, std::abs(x));
    for (std::size_t f = 0; f < channels; ++f) {
      at_cutoff = std::max(at_cutoff, std::abs(values[channels + f]));
      slope = std::max(slope, std::abs(values[2 * channels + f] - values[f]) / (2 * kStep));
    }
    if (!(at_cutoff <= kSmallValue * largest)) return 0;
    return slope <= kSmallSlope * largest ? kSmooth : 1;
  }

  const Graph& graph_;
  std::vector<int> order_;
};

class Diagnoser {
 public:
  Diagnoser(const Graph& graph, const WeightSource& weights, const dsl::ModelSpec& spec)
      : graph_(graph), weights_(weights), spec_(spec) {}

  Diagnostics run() {
    const NodeId energy = graph_.output("energy");
    if (!ir::depends_on_positions(graph_)[static_cast<std::size_t>(energy)]) {
      warn("no-forces", graph_[energy].where, "the energy does not depend on the positions: all forces are zero");
    }
    mark_live(energy);
    find_roots();
    const Fading fading(graph_, live_);
    for (std::size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (live_[id]) check(graph_.nodes[id], fading);
    }
    check_unused_weights();
    return std::move(found_);
  }

 private:
  void report(Diagnostic::Severity severity, const char* code, const SourceLocation& where,
              const std::string& message) {
    if (!seen_.insert({code, where.str()}).second) return;
    found_.push_back({severity, code, where, message});
  }

  void warn(const char* code, const SourceLocation& where, const std::string& message) {
    report(Diagnostic::Severity::warning, code, where, message);
  }

  void mark_live(NodeId energy) {
    live_.assign(graph_.nodes.size(), false);
    live_[static_cast<std::size_t>(energy)] = true;
    for (std::size_t id = graph_.nodes.size(); id-- > 0;) {
      if (!live_[id]) continue;
      for (const NodeId input : graph_.nodes[id].inputs) live_[static_cast<std::size_t>(input)] = true;
    }
  }

  void check(const Node& node, const Fading& fading) {
    if (node.op == Op::cartesian_mix) check_rotation(node);
    if (node.op == Op::sum_j) check_cutoff(node, fading);
    if (node.op == Op::element_table) check_elements(node);
    const bool is_root = node.op == Op::unary && node.function == Function::sqrt;
    const bool is_fraction = node.op == Op::power && node.number < 1 && node.number != 0;
    if ((is_root || is_fraction) && at(squares_, node.inputs[0]) && !at(margins_, node.inputs[0])) {
      warn("norm-without-epsilon", node.where,
           "the root of a squared vector with nothing added: its gradient has no value where the vector is zero, as at "
           "an atom in a symmetric place; write norm(v, 1e-8)");
    }
  }

  void check_rotation(const Node& node) {
    const std::vector<double>& m = node.tensors[0]->values;
    double largest = 0, off = 0;
    for (std::size_t k = 0; k < m.size(); ++k) {
      largest = std::max(largest, std::abs(m[k]));
      off = std::max(off, std::abs(m[k] - (k % 4 == 0 ? m[0] : 0.0)));
    }
    if (off <= kSmallValue * largest) return;
    warn(
        "breaks-rotation", node.where,
        fmt::format("cartesian_mix with {}, which is no multiple of the identity: energies change when the molecule is "
                    "rotated",
                    quote(node.tensors[0]->name)));
  }

  void check_cutoff(const Node& node, const Fading& fading) {
    const int order = fading.order(node.inputs[0]);
    if (order == 0) {
      warn(
          "radial-jump-at-cutoff", node.where,
          "the summed value does not vanish at the cutoff: the energy jumps when a neighbour crosses it; multiply by a "
          "cutoff function after the last bias");
    } else if (order == 1) {
      report(
          Diagnostic::Severity::note, "radial-kink-at-cutoff", node.where,
          "the summed value vanishes at the cutoff, but its slope does not: forces jump when a neighbour crosses it");
    }
  }

  void check_elements(const Node& node) {
    const ir::Tensor& table = *node.tensors[0];
    if (table.columns() < 2) return;  // a number of each element, not an embedding
    const auto row = [&](std::size_t k) {
      return table.values.begin() + static_cast<std::ptrdiff_t>(k) * table.columns();
    };
    for (std::size_t k = 0; k < graph_.elements.size(); ++k) {
      const std::string symbol = element_symbol(graph_.elements[k]);
      if (std::all_of(row(k), row(k) + table.columns(), [](double x) { return x == 0; })) {
        untrained(node, symbol, "is all zeros");
        continue;
      }
      for (std::size_t other = 0; other < k; ++other) {
        if (!std::equal(row(k), row(k) + table.columns(), row(other))) continue;
        untrained(node, symbol, "equals that of " + element_symbol(graph_.elements[other]));
        break;
      }
    }
  }

  // One report an element, not one a line.
  void untrained(const Node& node, const std::string& symbol, const std::string& fault) {
    if (!seen_.insert({"untrained-element " + symbol, node.where.str()}).second) return;
    found_.push_back({Diagnostic::Severity::warning, "untrained-element", node.where,
                      fmt::format("the row of element {} in {} {}: the model was not trained on it", symbol,
                                  quote(node.tensors[0]->name), fault)});
  }

  void check_unused_weights() {
    const std::vector<std::string> names = weights_.unused();
    if (names.empty()) return;
    std::string listed;
    for (std::size_t k = 0; k < std::min(names.size(), kListedNames); ++k)
      listed += (k > 0 ? ", " : "") + quote(names[k]);
    if (names.size() > kListedNames) listed += ", ...";
    warn("unused-weights", spec_.weights_location,
         fmt::format("{} of the file's weights {} not used by the program: {}", names.size(),
                     names.size() == 1 ? "is" : "are", listed));
  }

  static bool at(const std::vector<bool>& flags, NodeId id) { return flags[static_cast<std::size_t>(id)]; }

  void find_roots() {
    for (const Node& node : graph_.nodes) {
      squares_.push_back(is_square_of_vector(node));
      margins_.push_back(has_margin(node));
    }
  }

  // Built from the dot product of a vector that can be zero.
  bool is_square_of_vector(const Node& node) const {
    if (node.op == Op::dot) {
      return graph_[node.inputs[0]].op != Op::direction || graph_[node.inputs[1]].op != Op::direction;
    }
    const bool passes_on = node.op == Op::add || node.op == Op::multiply || is_rearrangement(node);
    return passes_on &&
           std::any_of(node.inputs.begin(), node.inputs.end(), [&](NodeId id) { return at(squares_, id); });
  }

  // A sum with a term above zero, where the others are squares.
  bool has_margin(const Node& node) const {
    const auto is_above = [&](NodeId id) { return at(margins_, id); };
    if (node.op == Op::constant) {
      const auto& values = node.tensors[0]->values;
      return std::all_of(values.begin(), values.end(), [](double x) { return x > 0; });
    }
    if (node.op == Op::unary) {
      return node.function == Function::exp || node.function == Function::sigmoid ||
             node.function == Function::softplus;
    }
    if (node.op == Op::multiply) return std::all_of(node.inputs.begin(), node.inputs.end(), is_above);
    return (node.op == Op::add || is_rearrangement(node)) &&
           std::any_of(node.inputs.begin(), node.inputs.end(), is_above);
  }

  static bool is_rearrangement(const Node& node) {
    return node.op == Op::slice || node.op == Op::broadcast || node.op == Op::sum_channels;
  }

  const Graph& graph_;
  const WeightSource& weights_;
  const dsl::ModelSpec& spec_;
  std::vector<bool> squares_, margins_;
  std::vector<bool> live_;
  std::set<std::pair<std::string, std::string>> seen_;
  Diagnostics found_;
};

}  // namespace

Diagnostics diagnose(const Graph& program, const WeightSource& weights, const dsl::ModelSpec& spec) {
  return Diagnoser(program, weights, spec).run();
}

}  // namespace mlffgen::elaborate
