// Walks a phase as codegen/emit/phase_text.cpp and expressions.cpp write it, and counts instead of writing.
#include "codegen/explain/cost_walk.h"

#include <cmath>
#include <map>

namespace mlffgen::explain {

using emit::Loop;
using emit::NodeId;
using emit::Segment;
using emit::Stage;
using ir::Domain;
using ir::Function;
using ir::Node;
using ir::Op;

namespace {

constexpr int kGeometryNumbers = 4;  // direction and distance of a pair

int squaring_products(int exponent) {
  if (exponent < 0) return 1 + squaring_products(-exponent);
  if (exponent <= 1) return 0;
  return 1 + squaring_products(exponent % 2 == 1 ? exponent - 1 : exponent / 2);
}

struct CallCost {
  int operations;
  int transcendental;
};

CallCost cost_of_call(const Node& node) {
  if (node.op == Op::power) {
    const bool integral = node.number == std::floor(node.number) && std::abs(node.number) <= 64;
    if (integral) return {squaring_products(static_cast<int>(node.number)), 0};
    return {2 * kTranscendental + 1, 2};
  }
  switch (node.function) {
    case Function::exp:
    case Function::log:
    case Function::sin:
    case Function::cos:
      return {kTranscendental, 1};
    case Function::sqrt:
    case Function::reciprocal:
      return {1, 0};
    case Function::rsqrt:
      return {3, 0};
    case Function::tanh:
    case Function::sigmoid:
    case Function::silu:
      return {kTranscendental + 2, 1};
    case Function::softplus:
      return {2 * kTranscendental + 3, 2};
  }
  throw InternalError("function without a cost");
}

// What the emission of one loop body knows: values worked out in it, and whether a value differs from pair to pair.
struct Scope {
  bool over_pairs = false;
  int channels = 1;
  std::set<NodeId> known;
  std::map<NodeId, bool> varies;
};

class PhaseWalker {
 public:
  PhaseWalker(const ir::Graph& graph, const emit::Schedule& schedule, int number)
      : graph_(graph),
        schedule_(schedule),
        phase_(schedule.phases[static_cast<std::size_t>(number)]),
        number_(number) {}

  PhaseCost run() {
    cost_.tile_numbers = phase_.tile_numbers;
    cost_.team_numbers = phase_.team_numbers;
    for (const Segment& segment : phase_.segments) segment.pairs ? pairs(segment) : atoms(segment);
    return std::move(cost_);
  }

 private:
  const Node& node(NodeId id) const { return graph_[id]; }
  bool is_buffer(NodeId id) const { return schedule_.buffer_of(id) != nullptr; }
  void store(NodeId id, Work& work) const {
    if (is_buffer(id)) work.stored += node(id).type.size();
  }

  void atoms(const Segment& segment) {
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) atom_loop(loop);
      for (const NodeId map : stage.maps) product(map, cost_.atom, cost_.tile);
      finish(stage);
    }
  }

  void finish(const Stage& stage) {
    for (const Loop& loop : stage.loops) {
      ready_.insert(loop.results.begin(), loop.results.end());
      ready_.insert(loop.reductions.begin(), loop.reductions.end());
      ready_.insert(loop.sums.begin(), loop.sums.end());
    }
    ready_.insert(stage.maps.begin(), stage.maps.end());
  }

  bool is_energy(NodeId id) const {
    const NodeId energy = graph_.output("energy");
    return node(energy).op == Op::sum_i && node(energy).inputs[0] == id &&
           schedule_.level[static_cast<std::size_t>(energy)] == number_;
  }

  void atom_loop(const Loop& loop) {
    Scope scope{false, loop.channels, {}, {}};
    for (const NodeId id : loop.results) {
      value(id, scope);
      if (!ready_.contains(id)) store(id, cost_.atom);
      if (is_energy(id)) cost_.atom.stored += 1;
    }
    for (const NodeId id : loop.operands) value(id, scope);
    for (const NodeId id : loop.reductions) reduce(id, scope, cost_.atom);
  }

  void reduce(NodeId id, Scope& scope, Work& work) {
    value(node(id).inputs[0], scope);
    work.operations += static_cast<double>(node(id).type.components()) * scope.channels;
    if (!scope.over_pairs) store(id, work);
    cost_.evaluated.insert(id);
  }

  // A matrix product of a row: its weights are read once for all rows of the tile or batch.
  void product(NodeId id, Work& row, Work& shared) {
    const Node& n = node(id);
    cost_.evaluated.insert(id);
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const Node& input = node(n.inputs[k]);
      const double operations = 2.0 * n.type.size() * input.type.channels;
      row.operations += operations;
      shared.weights += static_cast<double>(n.type.channels) * input.type.channels;
      if (ir::is_per_pair(n.type.domain)) continue;
      if (emit::wants_operand(graph_, id, n.inputs[k])) {
        (n.type.kind == ir::Kind::vector ? cost_.vector_products : cost_.scalar_products) += operations;
      }
      if (is_buffer(n.inputs[k])) row.loaded += input.type.size();
      if (k > 0 && is_buffer(id)) row.loaded += n.type.size();
      store(id, row);
    }
    if (n.bias) shared.weights += n.type.channels;
  }

  void pairs(const Segment& segment) {
    cost_.pair.loaded += kGeometryNumbers;
    spline_value_ = spline_slope_ = false;
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) pair_loop(loop);
      for (const NodeId map : stage.maps) product(map, cost_.pair, cost_.batch);
      for (const Loop& loop : stage.loops) {
        for (const NodeId id : loop.reductions) registers_.insert(id);
        ready_.insert(loop.results.begin(), loop.results.end());
        for (const NodeId sum : loop.sums) store(sum, cost_.atom);
      }
      ready_.insert(stage.maps.begin(), stage.maps.end());
    }
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) ready_.insert(loop.sums.begin(), loop.sums.end());
    }
    registers_.clear();
    count_spline_basis();
  }

  // Cox-de Boor: 6 d operations to raise the degree to d; see spline_basis in templates/common.cuh.
  void count_spline_basis() {
    if (!spline_value_ && !spline_slope_) return;
    const int degree = graph_.spline_grid.degree;
    cost_.pair.operations += 3 + 3 * degree * (degree + 1);
    if (spline_slope_) cost_.pair.operations += 2 * degree + 1;
  }

  void pair_loop(const Loop& loop) {
    Scope scope{true, loop.channels, {}, {}};
    for (const NodeId id : loop.results) value(id, scope);
    for (const NodeId sum : loop.sums) {
      value(node(sum).inputs[0], scope);
      cost_.pair.operations += static_cast<double>(node(sum).type.components()) * loop.channels;
      cost_.evaluated.insert(sum);
    }
    for (const NodeId id : loop.reductions) reduce(id, scope, cost_.pair);
    if (loop.gradients.empty()) return;
    for (const NodeId term : loop.gradients) value(term, scope);
    cost_.pair.operations += 3.0 * (static_cast<double>(loop.gradients.size()) - (phase_.first_gradient ? 1 : 0));
    cost_.pair.stored += 3;
    if (!phase_.first_gradient) cost_.pair.loaded += 3;
  }

  bool varies(NodeId id, Scope& scope) {
    const auto found = scope.varies.find(id);
    if (found != scope.varies.end()) return found->second;
    const Node& n = node(id);
    bool result = false;
    if (ir::is_per_pair(n.type.domain) && n.op != Op::at_i && n.op != Op::zero) {
      result = n.op == Op::at_j || n.op == Op::distance || n.op == Op::direction || n.op == Op::spline ||
               ready_.contains(id) || registers_.contains(id);
      for (const NodeId input : n.inputs) result = result || varies(input, scope);
    }
    return scope.varies[id] = result;
  }

  bool is_ready(NodeId id) const {
    if (ready_.contains(id)) return true;
    return node(id).type.domain == Domain::atom && schedule_.level[static_cast<std::size_t>(id)] < number_ &&
           is_buffer(id);
  }

  Work& work_of(NodeId id, Scope& scope) {
    if (!scope.over_pairs) return cost_.atom;
    return varies(id, scope) ? cost_.pair : cost_.batch;
  }

  void value(NodeId id, Scope& scope) {
    if (!scope.known.insert(id).second || registers_.contains(id)) return;
    const Node& n = node(id);
    if (is_ready(id)) {
      if (!ir::is_per_pair(n.type.domain) && is_buffer(id)) work_of(id, scope).loaded += n.type.size();
      return;
    }
    switch (n.op) {
      case Op::zero:
      case Op::distance:
      case Op::direction:
        return;
      case Op::constant:
        if (n.type.channels > 1) work_of(id, scope).weights += n.type.channels;
        return;
      case Op::element_table:
        work_of(id, scope).weights += n.type.channels;
        return;
      case Op::spline:
        spline(id);
        return;
      case Op::at_i:
      case Op::broadcast:
        value(n.inputs[0], scope);
        return;
      case Op::at_j:
        gather(n);
        return;
      case Op::linear:
        inline_map(id);
        return;
      case Op::add:
      case Op::multiply:
      case Op::negate:
      case Op::unary:
      case Op::power:
      case Op::dot:
      case Op::cartesian_mix:
        elementwise(id, scope);
        return;
      case Op::concat:
      case Op::slice:
      case Op::sum_channels:
      case Op::reverse:
      case Op::sum_j:
      case Op::sum_i:
        break;
    }
    throw InternalError("a value is counted before it is kept");
  }

  void spline(NodeId id) {
    const int weights = graph_.spline_grid.degree + 1;
    (node(id).derivative == 0 ? spline_value_ : spline_slope_) = true;
    cost_.pair.operations += (2.0 * weights - 1) * node(id).type.channels;
    cost_.pair.weights += static_cast<double>(weights) * node(id).type.channels;
    cost_.evaluated.insert(id);
  }

  void gather(const Node& at_j) {
    const Node& source = node(at_j.inputs[0]);
    if (source.op == Op::zero) return;
    (source.op == Op::element_table ? cost_.pair.weights : cost_.pair.gathered) += source.type.size();
  }

  // Evaluated channel by channel for all pairs of a batch; inputs lie in team arrays.
  void inline_map(NodeId id) { product(id, cost_.pair, cost_.batch); }

  void elementwise(NodeId id, Scope& scope) {
    const Node& n = node(id);
    for (const NodeId input : n.inputs) value(input, scope);
    cost_.evaluated.insert(id);
    const double items = static_cast<double>(n.type.components()) * scope.channels;
    Work& work = work_of(id, scope);
    switch (n.op) {
      case Op::add:
      case Op::multiply:
        work.operations += items;
        return;
      case Op::negate:
        return;
      case Op::dot:
      case Op::cartesian_mix:
        work.operations += 5 * items;
        return;
      default:
        break;
    }
    const CallCost call = cost_of_call(n);
    work.operations += call.operations * items;
    work.transcendental_calls += call.transcendental * items;
  }

  const ir::Graph& graph_;
  const emit::Schedule& schedule_;
  const emit::Phase& phase_;
  int number_;
  PhaseCost cost_;
  std::set<NodeId> ready_;
  std::set<NodeId> registers_;
  bool spline_value_ = false, spline_slope_ = false;
};

}  // namespace

PhaseCost cost_of_phase(const ir::Graph& graph, const emit::Schedule& schedule, int phase) {
  return PhaseWalker(graph, schedule, phase).run();
}

}  // namespace mlffgen::explain
