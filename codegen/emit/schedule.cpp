#include "codegen/emit/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/emit/place_values.h"
#include "codegen/emit/stage_phase.h"

namespace mlffgen::emit {

using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::Op;

bool is_elementwise(Op op) {
  switch (op) {
    case Op::add:
    case Op::multiply:
    case Op::negate:
    case Op::unary:
    case Op::power:
    case Op::dot:
    case Op::cartesian_mix:
    case Op::broadcast:
      return true;
    case Op::zero:
    case Op::constant:
    case Op::element_table:
    case Op::distance:
    case Op::direction:
    case Op::spline:
    case Op::linear:
    case Op::concat:
    case Op::slice:
    case Op::sum_channels:
    case Op::at_i:
    case Op::at_j:
    case Op::reverse:
    case Op::sum_j:
    case Op::sum_i:
      return false;
  }
  return false;
}

bool is_inline_map(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.op != Op::linear || !ir::is_per_pair(node.type.domain)) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](NodeId input) { return graph[input].type.channels <= kInlineInputs; });
}

bool wants_operand(const Graph& graph, NodeId map, NodeId input) {
  constexpr int kFragment = 16;
  return graph[map].type.channels % kFragment == 0 && graph[input].type.channels % kFragment == 0;
}

const Buffer* Schedule::buffer_of(NodeId id) const {
  const auto found = std::find_if(buffers.begin(), buffers.end(), [&](const Buffer& b) { return b.node == id; });
  return found == buffers.end() ? nullptr : &*found;
}

int Schedule::numbers_per_atom() const {
  int total = 0;
  for (const int slot : slots) total += slot;
  return total;
}

namespace {

// Gives each buffer the first slot of its size that nothing living at the same time holds.
void assign_slots(Schedule& schedule, const Graph& graph) {
  std::vector<int> free_after;  // last phase that uses each slot
  std::sort(schedule.buffers.begin(), schedule.buffers.end(), [](const Buffer& a, const Buffer& b) {
    return std::pair(a.first_phase, a.node) < std::pair(b.first_phase, b.node);
  });
  for (Buffer& buffer : schedule.buffers) {
    const int size = graph[buffer.node].type.size();
    std::size_t slot = 0;
    while (slot < schedule.slots.size() && (schedule.slots[slot] != size || free_after[slot] >= buffer.first_phase)) {
      ++slot;
    }
    if (slot == schedule.slots.size()) {
      schedule.slots.push_back(size);
      free_after.push_back(0);
    }
    free_after[slot] = buffer.last_phase;
    buffer.slot = static_cast<int>(slot);
  }
}

}  // namespace

Schedule make_schedule(const Graph& graph, Fusion fusion) {
  Schedule schedule;
  schedule.level = levels(graph, fusion);
  int phases = 0;
  for (const ir::Output& out : graph.outputs) {
    phases = std::max(phases, schedule.level[static_cast<std::size_t>(out.node)] + 1);
    if (out.name == "energy") schedule.energy_phases = schedule.level[static_cast<std::size_t>(out.node)] + 1;
  }
  const Placement placement = place_values(graph, schedule.level, phases);
  schedule.buffers = placement.buffers;
  assign_slots(schedule, graph);
  bool gradient_written = false;
  for (int level = 0; level < phases; ++level) {
    Phase phase = stage_phase(graph, placement, schedule.level, level);
    for (const Segment& segment : phase.segments) {
      for (const Stage& stage : segment.stages) {
        for (const Loop& loop : stage.loops) phase.first_gradient |= !loop.gradients.empty() && !gradient_written;
      }
    }
    gradient_written |= phase.first_gradient;
    schedule.phases.push_back(std::move(phase));
  }
  return schedule;
}

std::string print(const Schedule& schedule, const Graph& graph) {
  const auto list = [&](const char* what, const std::vector<NodeId>& ids) {
    std::string text;
    for (const NodeId id : ids) text += fmt::format(" %{}", id);
    return ids.empty() ? std::string() : fmt::format(" {}{}", what, text);
  };
  std::string text;
  for (std::size_t p = 0; p < schedule.phases.size(); ++p) {
    const Phase& phase = schedule.phases[p];
    text += fmt::format(
        "phase {}: {} numbers of tile arrays an atom; {} of the record, {} of deferred sums, {} of team "
        "arrays a pair\n",
        p, phase.tile_numbers, phase.record_numbers, phase.deferred_numbers, phase.team_numbers);
    for (const Segment& segment : phase.segments) {
      text += segment.pairs ? "  pairs\n" : "  atoms\n";
      for (const Stage& stage : segment.stages) {
        text += stage.each_pair ? "    stage, a lane a pair\n" : "    stage\n";
        for (const Loop& loop : stage.loops) {
          text += fmt::format("      loop over {} channels:{}{}{}{}{}\n", loop.channels, list("keep", loop.results),
                              list("sum", loop.sums), list("reduce", loop.reductions), list("gradient", loop.gradients),
                              list("multiply", loop.operands));
        }
        if (!stage.maps.empty()) text += fmt::format("     {}\n", list("maps", stage.maps));
      }
    }
  }
  for (const Buffer& buffer : schedule.buffers) {
    text += fmt::format("buffer %{}: {}, phases {} to {}, slot {}\n", buffer.node, graph[buffer.node].type.str(),
                        buffer.first_phase, buffer.last_phase, buffer.slot);
  }
  text += fmt::format("{} numbers an atom\n", schedule.numbers_per_atom());
  return text;
}

}  // namespace mlffgen::emit
