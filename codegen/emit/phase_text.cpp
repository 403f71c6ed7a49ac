#include "codegen/emit/phase_text.h"

#include <fmt/format.h>

#include "codegen/emit/body_text.h"
#include "codegen/emit/expressions.h"
#include "codegen/emit/pair_text.h"
#include "codegen/emit/templates.h"
#include "codegen/emit/tile_products.h"

namespace mlffgen::emit {

using ir::Kind;
using ir::Node;

namespace {

class PhaseText {
 public:
  explicit PhaseText(Context& context) : context_(context), graph_(context.graph), products_(context) {}

  std::string run() {
    std::string text = products_.start();
    for (const Segment& segment : context_.phase.segments)
      text += segment.pairs ? pairs_text(context_, segment) : atoms(segment);
    return text;
  }

 private:
  const Node& node(NodeId id) const { return graph_[id]; }

  std::string atoms(const Segment& segment) {
    std::string text;
    for (const Stage& stage : segment.stages) {
      std::string loops;
      for (const Loop& loop : stage.loops) loops += atom_loop(loop);
      if (!loops.empty()) text += fill_skeleton("atoms", {{"loops", loops}});
      text += products_.stage(stage);
      if (!stage.maps.empty()) text += "block_barrier();\n";
      for (const Loop& loop : stage.loops) {
        context_.ready.insert(loop.results.begin(), loop.results.end());
        context_.ready.insert(loop.reductions.begin(), loop.reductions.end());
      }
      context_.ready.insert(stage.maps.begin(), stage.maps.end());
    }
    return text;
  }

  std::string atom_loop(const Loop& loop) {
    Expressions expressions(context_, Place::atom);
    std::vector<std::string> stores, results, puts, splits;
    const auto put = [&](const std::string& name, const std::string& target, const std::string& value) {
      if (loop.channels == 1) {
        stores.push_back(target + " = " + value + ";");
        return;
      }
      results.push_back(fmt::format("Group<{}> {};", loop.channels, name));
      stores.push_back(fmt::format("{}.value[u] = {};", name, value));
      puts.push_back(fmt::format("put_group<{}>(&{}, {});", loop.channels, target, name));
    };
    for (const NodeId id : loop.results) {
      const std::vector<std::string> values = expressions.value(id);
      for (int c = 0; c < node(id).type.components(); ++c) {
        for (const std::string& target : targets(id, c)) {
          put(fmt::format("r{}{}", id, component_suffix(node(id), c)), target, values[static_cast<std::size_t>(c)]);
        }
      }
    }
    for (const NodeId id : loop.operands) {
      const std::vector<std::string> values = expressions.value(id);
      const int components = node(id).type.components();
      for (int c = 0; c < components; ++c) {
        put(fmt::format("o{}{}", id, component_suffix(node(id), c)), operand_text(context_, id, c),
            values[static_cast<std::size_t>(c)]);
      }
      splits.push_back(fmt::format("split_rows<{}, {}>(tile + {} * kTile, tile + {} * kTile, t);", loop.channels,
                                   components, context_.phase.operands.at(id), context_.phase.scales.at(id)));
    }
    std::vector<std::string> totals;
    for (const NodeId id : loop.reductions) {
      for (const std::string& value : expressions.value(node(id).inputs[0])) {
        stores.push_back(fmt::format("total[{}] += {};", totals.size(), value));
        totals.push_back(kept_text(context_, id, static_cast<int>(totals.size()) - first_total(loop, id)) + " = " +
                         fmt::format("total[{}];", totals.size()));
        mark_written(context_, id);
      }
    }
    std::string text;
    if (!totals.empty()) text += fmt::format("{{\nreal total[{}] = {{}};\n", totals.size());
    text += fmt::format("MLFF_EACH_GROUP(c, f, {}) {{\n", loop.channels);
    text += lines_text(expressions.groups(), 2) + lines_text(results, 2);
    text += fmt::format("  MLFF_EACH_OF_GROUP(u, {}) {{\n", loop.channels);
    text += lines_text(expressions.body(), 4) + lines_text(stores, 4) + "  }\n" + lines_text(puts, 2) + "}\n";
    text += lines_text(splits, 0);
    if (!totals.empty()) {
      text += "team_sum(total, scratch);\nif (lane() == 0) {\n" + lines_text(totals, 2) + "}\n}\n";
    }
    return text;
  }

  int first_total(const Loop& loop, NodeId id) const {
    int count = 0;
    for (const NodeId other : loop.reductions) {
      if (other == id) break;
      count += node(other).type.components();
    }
    return count;
  }

  bool is_energy(NodeId id) const {
    const NodeId energy = graph_.output("energy");
    return node(energy).inputs[0] == id && context_.schedule.level[static_cast<std::size_t>(energy)] == context_.number;
  }

  // Where a value of an atom is written: its buffer or tile array, and the atom's energy.
  std::vector<std::string> targets(NodeId id, int component) {
    std::vector<std::string> texts;
    mark_written(context_, id);
    const bool kept = !context_.buffer_name(id).empty() || context_.phase.tile_arrays.contains(id);
    if (kept && !context_.ready.contains(id)) texts.push_back(kept_text(context_, id, component));
    if (is_energy(id)) texts.push_back(fmt::format("{}[i]", context_.write("atom_energy")));
    return texts;
  }

  Context& context_;
  const ir::Graph& graph_;
  TileProducts products_;
};

}  // namespace

std::string phase_text(Context& context) { return PhaseText(context).run(); }

}  // namespace mlffgen::emit
