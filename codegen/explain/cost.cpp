#include "codegen/explain/cost.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codegen/explain/cost_walk.h"
#include "codegen/passes/passes.h"

namespace mlffgen::explain {

using ir::Domain;
using ir::Op;

Work& Work::operator+=(const Work& other) {
  operations += other.operations;
  transcendental_calls += other.transcendental_calls;
  gathered += other.gathered;
  loaded += other.loaded;
  stored += other.stored;
  weights += other.weights;
  return *this;
}

namespace {

std::vector<PhaseCost> cost_of_phases(const ir::Graph& graph, const emit::Schedule& schedule) {
  std::vector<PhaseCost> phases;
  for (std::size_t p = 0; p < schedule.phases.size(); ++p) {
    phases.push_back(cost_of_phase(graph, schedule, static_cast<int>(p)));
  }
  return phases;
}

RunCost total(const std::vector<PhaseCost>& phases, std::size_t count, const CostOptions& options) {
  RunCost run;
  // Pairs left over after the full batches are taken one by one.
  const double full = std::floor(options.neighbours / options.pair_batch);
  const double batches = full + (options.neighbours - full * options.pair_batch);
  for (std::size_t p = 0; p < count; ++p) {
    const PhaseCost& phase = phases[p];
    run.pair_operations += phase.pair.operations;
    run.atom_operations += phase.atom.operations;
    const auto add = [&](const Work& work, double times) {
      run.operations += work.operations * times;
      run.transcendental_calls += work.transcendental_calls * times;
      run.traffic += (work.gathered + work.loaded + work.stored) * times;
      run.weights += work.weights * times;
    };
    add(phase.pair, options.neighbours);
    add(phase.batch, batches);
    add(phase.atom, 1);
    add(phase.tile, 1.0 / options.tile_atoms);
  }
  return run;
}

int forward_slots(const ir::Graph& graph, const emit::Schedule& schedule) {
  std::vector<bool> forward(graph.nodes.size(), false);
  forward[static_cast<std::size_t>(graph.output("energy"))] = true;
  for (std::size_t id = graph.nodes.size(); id-- > 0;) {
    if (!forward[id]) continue;
    for (const emit::NodeId input : graph.nodes[id].inputs) forward[static_cast<std::size_t>(input)] = true;
  }
  std::set<int> slots;
  for (const emit::Buffer& buffer : schedule.buffers) {
    if (forward[static_cast<std::size_t>(buffer.node)]) slots.insert(buffer.slot);
  }
  int numbers = 0;
  for (const int slot : slots) numbers += schedule.slots[static_cast<std::size_t>(slot)];
  return numbers;
}

}  // namespace

ModelCost cost_of(const ir::Graph& graph, const emit::Schedule& schedule, const CostOptions& options) {
  ModelCost cost;
  cost.options = options;
  cost.phases = cost_of_phases(graph, schedule);
  cost.energy_phases = schedule.energy_phases;
  cost.energy_gradient = total(cost.phases, cost.phases.size(), options);
  cost.energy_as_run = total(cost.phases, static_cast<std::size_t>(schedule.energy_phases), options);
  cost.buffer_numbers = schedule.numbers_per_atom();

  ir::Graph forward = graph;
  std::erase_if(forward.outputs, [](const ir::Output& out) { return out.name != "energy"; });
  forward = passes::remove_dead_code(forward);
  const emit::Schedule alone = emit::make_schedule(forward);
  const std::vector<PhaseCost> phases = cost_of_phases(forward, alone);
  cost.energy = total(phases, phases.size(), options);
  cost.forward_slot_numbers = forward_slots(graph, schedule);
  cost.forward_buffer_numbers = alone.numbers_per_atom();
  for (const ir::Node& node : forward.nodes) {
    if (node.op == Op::zero) continue;
    if (node.type.domain == Domain::atom) cost.forward_values += node.type.size();
    if (ir::is_per_pair(node.type.domain)) cost.forward_pair_values += node.type.size();
  }
  cost.gradient_ratio = cost.energy.operations > 0 ? cost.energy_gradient.operations / cost.energy.operations : 0;
  return cost;
}

namespace {

nlohmann::json work_json(const Work& work) {
  return {{"operations", work.operations}, {"transcendental_calls", work.transcendental_calls},
          {"gathered", work.gathered},     {"loaded", work.loaded},
          {"stored", work.stored},         {"weights", work.weights}};
}

nlohmann::json phase_json(const PhaseCost& phase) {
  return {{"pair", work_json(phase.pair)},
          {"batch", work_json(phase.batch)},
          {"atom", work_json(phase.atom)},
          {"tile", work_json(phase.tile)},
          {"scalar_products", phase.scalar_products},
          {"vector_products", phase.vector_products}};
}

nlohmann::json run_json(const RunCost& run) {
  return {{"pair_operations", run.pair_operations},
          {"atom_operations", run.atom_operations},
          {"operations", run.operations},
          {"transcendental_calls", run.transcendental_calls},
          {"traffic", run.traffic},
          {"weights", run.weights}};
}

// "1,234,567", or "12.5" where a number is not whole.
std::string grouped(double value) {
  const bool whole = value == std::floor(value);
  std::string text = whole || value >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
  for (std::size_t at = std::min(text.find('.'), text.size()); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string run_row(const char* name, const RunCost& run) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", name, grouped(run.pair_operations),
                     grouped(run.atom_operations), grouped(run.operations), grouped(run.transcendental_calls),
                     grouped(run.traffic), grouped(run.weights));
}

std::string table_row(std::size_t phase, const std::vector<double>& numbers) {
  std::string text = fmt::format("| {} ", phase);
  for (const double number : numbers) text += "| " + grouped(number) + " ";
  return text + "|\n";
}

std::string phase_tables(const ModelCost& cost) {
  std::string text =
      "Operations of each phase, and shared memory in numbers:\n\n"
      "| phase | a pair | a batch of pairs | an atom | tile arrays of an atom | team arrays of a pair |\n"
      "|--:|--:|--:|--:|--:|--:|\n";
  for (std::size_t p = 0; p < cost.phases.size(); ++p) {
    const PhaseCost& phase = cost.phases[p];
    text += table_row(p, {phase.pair.operations, phase.batch.operations, phase.atom.operations,
                          static_cast<double>(phase.tile_numbers), static_cast<double>(phase.team_numbers)});
  }
  text +=
      "\nNumbers (4 bytes in float, 8 in double) that a phase reads and writes in device memory:\n\n"
      "| phase | gathered a pair | read a pair | a batch | an atom | written a pair | an atom "
      "| weights read a pair | a batch | an atom | a tile |\n"
      "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  for (std::size_t p = 0; p < cost.phases.size(); ++p) {
    const PhaseCost& phase = cost.phases[p];
    text += table_row(
        p, {phase.pair.gathered, phase.pair.loaded, phase.batch.loaded, phase.atom.loaded, phase.pair.stored,
            phase.atom.stored, phase.pair.weights, phase.batch.weights, phase.atom.weights, phase.tile.weights});
  }
  return text;
}

std::string ratio(double a, double b) { return b > 0 ? fmt::format("{:.2f}", a / b) : "-"; }

std::string memory_table(const ModelCost& cost) {
  std::string text =
      "| memory of an atom | numbers | bytes, float | bytes, double | against the energy alone |\n"
      "|---|--:|--:|--:|--:|\n";
  const auto row = [&](const char* name, int numbers) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", name, grouped(numbers), grouped(4.0 * numbers),
                        grouped(8.0 * numbers), ratio(numbers, cost.forward_buffer_numbers));
  };
  row("buffers at their peak, energy alone", cost.forward_buffer_numbers);
  row("buffers at their peak, energy and gradient", cost.buffer_numbers);
  row("of these, slots that hold a value of the forward pass", cost.forward_slot_numbers);
  row("every value of an atom that the forward pass computes", cost.forward_values);
  return text;
}

}  // namespace

nlohmann::json to_json(const ModelCost& cost) {
  nlohmann::json phases = nlohmann::json::array();
  for (const PhaseCost& phase : cost.phases) {
    phases.push_back(phase_json(phase));
    phases.back()["tile_numbers"] = phase.tile_numbers;
    phases.back()["team_numbers"] = phase.team_numbers;
  }
  return {{"neighbours", cost.options.neighbours},
          {"pair_batch", cost.options.pair_batch},
          {"tile_atoms", cost.options.tile_atoms},
          {"phases", phases},
          {"energy_phases", cost.energy_phases},
          {"energy", run_json(cost.energy)},
          {"energy_as_run", run_json(cost.energy_as_run)},
          {"energy_gradient", run_json(cost.energy_gradient)},
          {"gradient_ratio", cost.gradient_ratio},
          {"buffer_numbers", cost.buffer_numbers},
          {"forward_buffer_numbers", cost.forward_buffer_numbers},
          {"forward_slot_numbers", cost.forward_slot_numbers},
          {"forward_values", cost.forward_values},
          {"forward_pair_values", cost.forward_pair_values}};
}

nlohmann::json costs_json(const ir::Graph& graph, const emit::Schedule& schedule,
                          const std::vector<std::string>& kernels) {
  internal_check(kernels.size() == schedule.phases.size(), "each phase has a kernel");
  nlohmann::json costs = nlohmann::json::object();
  for (std::size_t p = 0; p < kernels.size(); ++p) {
    costs[kernels[p]] = phase_json(cost_of_phase(graph, schedule, static_cast<int>(p)));
  }
  return costs;
}

std::string cost_markdown(const ModelCost& cost) {
  std::string text = phase_tables(cost);
  text += fmt::format(
      "\nA fused multiply-add counts 2 operations, a call of exp, log, sin or cos {}. Totals for one atom with {} "
      "neighbours, in batches of {} pairs and tiles of {} atoms:\n\n",
      kTranscendental, grouped(cost.options.neighbours), cost.options.pair_batch, cost.options.tile_atoms);
  text +=
      "| run | operations of each pair | of the atom itself | in all | transcendental calls | numbers moved | weights "
      "read |\n"
      "|---|--:|--:|--:|--:|--:|--:|\n";
  text += run_row("energy alone, compiled for it", cost.energy);
  text += run_row(fmt::format("energy alone, phases 0 to {}", cost.energy_phases - 1).c_str(), cost.energy_as_run);
  text += run_row("energy and gradient", cost.energy_gradient);
  if (cost.gradient_ratio > 0) {
    text += fmt::format("\nEnergy and gradient take {:.2f} times the operations of the energy alone.\n",
                        cost.gradient_ratio);
  }
  text += "\n";
  text += memory_table(cost);
  text += fmt::format(
      "\nThe forward pass also computes {} numbers for each pair. No phase writes any of them to device memory.\n",
      grouped(cost.forward_pair_values));
  return text;
}

}  // namespace mlffgen::explain
