#include "codegen/emit/phase_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/emit/expressions.h"
#include "codegen/emit/templates.h"

namespace mlffgen::emit {

using ir::Kind;
using ir::Node;
using ir::Op;

namespace {

class PhaseText {
 public:
  explicit PhaseText(Context& context) : context_(context), graph_(context.graph) {}

  std::string run() {
    std::string text;
    for (const Segment& segment : context_.phase.segments) text += segment.pairs ? pairs(segment) : atoms(segment);
    return text;
  }

 private:
  const Node& node(NodeId id) const { return graph_[id]; }

  static const char* suffix(const Node& n, int component) {
    static constexpr const char* kSuffixes[] = {"x", "y", "z"};
    return n.type.kind == Kind::vector ? kSuffixes[component] : "";
  }

  static void append(std::string& text, const std::vector<std::string>& lines, int columns) {
    for (const std::string& line : lines) text += std::string(static_cast<std::size_t>(columns), ' ') + line + "\n";
  }

  // ---- atoms

  std::string atoms(const Segment& segment) {
    std::string text;
    for (const Stage& stage : segment.stages) {
      std::string loops;
      for (const Loop& loop : stage.loops) loops += atom_loop(loop);
      if (!loops.empty()) text += fill_skeleton("atoms", {{"loops", loops}});
      for (const NodeId map : stage.maps) text += tile_product(map);
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
    Expressions expressions(context_, false);
    std::vector<std::string> stores;
    for (const NodeId id : loop.results) {
      const std::vector<std::string> values = expressions.value(id);
      for (std::size_t c = 0; c < values.size(); ++c) {
        for (const std::string& target : targets(id, static_cast<int>(c)))
          stores.push_back(target + " = " + values[c] + ";");
      }
    }
    std::vector<std::string> totals;
    for (const NodeId id : loop.reductions) {
      for (const std::string& value : expressions.value(node(id).inputs[0])) {
        stores.push_back(fmt::format("total[{}] += {};", totals.size(), value));
        totals.push_back(kept_text(context_, id, static_cast<int>(totals.size()) - first_total(loop, id), false) +
                         " = " + fmt::format("total[{}];", totals.size()));
        mark_written(id);
      }
    }
    std::string text;
    if (!totals.empty()) text += fmt::format("{{\nreal total[{}] = {{}};\n", totals.size());
    text += fmt::format("MLFF_EACH_CHANNEL(c, f, {}) {{\n", loop.channels);
    append(text, expressions.body(), 2);
    append(text, stores, 2);
    text += "}\n";
    if (!totals.empty()) {
      text += "team_sum(total, scratch);\nif (lane() == 0) {\n";
      append(text, totals, 2);
      text += "}\n}\n";
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

  void mark_written(NodeId id) {
    const std::string buffer = context_.buffer_name(id);
    if (!buffer.empty()) context_.write(buffer);
  }

  bool is_energy(NodeId id) const {
    const NodeId energy = graph_.output("energy");
    return node(energy).inputs[0] == id && context_.schedule.level[static_cast<std::size_t>(energy)] == context_.number;
  }

  // Where a value of an atom is written: its buffer or tile array, and the atom's energy.
  std::vector<std::string> targets(NodeId id, int component) {
    std::vector<std::string> texts;
    mark_written(id);
    const bool kept = !context_.buffer_name(id).empty() || context_.phase.tile_arrays.contains(id);
    if (kept && !context_.ready.contains(id)) texts.push_back(kept_text(context_, id, component, false));
    if (is_energy(id)) texts.push_back(fmt::format("{}[i]", context_.write("atom_energy")));
    return texts;
  }

  // The address of the tile's rows of a kept value.
  std::string rows_of(NodeId id) {
    const std::string buffer = context_.buffer_name(id);
    if (!buffer.empty()) return fmt::format("{} + row_of(first, {})", context_.use(buffer), node(id).type.size());
    return fmt::format("tile + {} * kTile", context_.phase.tile_arrays.at(id));
  }

  std::string product(const char* function, const std::string& rows, NodeId id, const std::vector<std::string>& inputs,
                      const std::string& output) {
    const Node& n = node(id);
    std::string text;
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const std::string bias = k == 0 && n.bias ? context_.use(context_.constants.add(n.bias)) : "nullptr";
      text += fmt::format("{}<{}, {}>({}, {}, {}, {}, {}, {});\n", function, node(n.inputs[k]).type.channels,
                          n.type.channels, rows, inputs[k],
                          context_.use(context_.constants.add(ir::transpose(n.tensors[k]))), output, bias, k > 0);
    }
    return text;
  }

  std::string tile_product(NodeId id) {
    const Node& n = node(id);
    mark_written(id);
    std::vector<std::string> inputs;
    for (const NodeId input : n.inputs) inputs.push_back(rows_of(input));
    return product("linear_tile", n.type.kind == Kind::vector ? "rows * 3" : "rows", id, inputs, rows_of(id));
  }

  // ---- pairs

  struct Reduction {
    NodeId id;
    int first;  // of its components in the stage's array of totals
  };

  std::string pairs(const Segment& segment) {
    std::string accumulators, store;
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) {
        for (const NodeId sum : loop.sums) {
          accumulators += accumulator(sum);
          store += sum_store(sum, loop.channels);
        }
      }
    }
    std::string stages;
    registers_.clear();
    // Team arrays hold values of the pairs at hand: an earlier segment's are gone.
    std::erase_if(context_.ready, [&](NodeId id) { return ir::is_per_pair(node(id).type.domain); });
    uses_spline_ = false;
    for (std::size_t s = 0; s < segment.stages.size(); ++s) stages += pair_stage(segment.stages[s], s);
    const std::string text = fill_skeleton(
        "pairs", {{"accumulators", accumulators}, {"geometry", geometry()}, {"stages", stages}, {"store", store}});
    context_.use("pair_begin");
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) context_.ready.insert(loop.sums.begin(), loop.sums.end());
    }
    return text;
  }

  std::string accumulator(NodeId sum) const {
    std::string text;
    for (int c = 0; c < node(sum).type.components(); ++c) {
      text += fmt::format("real a{}{}[slots<{}>()] = {{}};\n", sum, suffix(node(sum), c), node(sum).type.channels);
    }
    return text;
  }

  std::string sum_store(NodeId sum, int channels) {
    mark_written(sum);
    std::string text = fmt::format("MLFF_EACH_CHANNEL(c, f, {}) {{\n", channels);
    for (int c = 0; c < node(sum).type.components(); ++c) {
      text += fmt::format("  {} = a{}{}[c];\n", kept_text(context_, sum, c, false), sum, suffix(node(sum), c));
    }
    return text + "}\n";
  }

  std::string geometry() {
    const std::string neighbour = context_.use("pair_neighbour"), geometry = context_.use("pair_geometry");
    std::string text =
        "int j[E];\n"
        "real ux[E], uy[E], uz[E], r[E];\n"
        "MLFF_UNROLL for (int e = 0; e < E; ++e) {\n" +
        fmt::format("  j[e] = {}[q0 + e];\n", neighbour) +
        fmt::format("  const real* const g = {} + row_of(q0 + e, 4);\n", geometry) +
        "  ux[e] = g[0], uy[e] = g[1], uz[e] = g[2], r[e] = g[3];\n"
        "}\n"
        "(void)j, (void)ux, (void)uy, (void)uz, (void)r;\n";
    return uses_spline_ ? text + spline_prelude() : text;
  }

  std::string spline_prelude() const {
    const ir::SplineGrid& grid = graph_.spline_grid;
    const double scale = grid.intervals / (grid.end - grid.begin);
    return fmt::format(
        "int row[E];\n"
        "real basis[E][{0} + 1], slope[E][{0} + 1];\n"
        "MLFF_UNROLL for (int e = 0; e < E; ++e) {{\n"
        "  const real at = (r[e] - {1}) * {2};\n"
        "  const int interval = (int)at;\n"
        "  row[e] = at < {3} ? 0 : (interval > {4} ? {4} : interval);\n"
        "  spline_basis<{0}>(at - (real)row[e], basis[e], slope[e]);\n"
        "  MLFF_UNROLL for (int k = 0; k <= {0}; ++k) slope[e][k] *= {2};\n"
        "}}\n",
        grid.degree, context_.literal(grid.begin), context_.literal(scale), context_.literal(0), grid.intervals - 1);
  }

  std::string pair_stage(const Stage& stage, std::size_t number) {
    std::vector<Reduction> reductions;
    int totals = 0;
    for (const Loop& loop : stage.loops) {
      for (const NodeId id : loop.reductions) {
        reductions.push_back({id, totals});
        totals += node(id).type.components();
      }
    }
    const std::string total = fmt::format("total{}", number);
    std::string text;
    if (totals > 0) text += fmt::format("real {}[E * {}] = {{}};\n", total, totals);
    for (const Loop& loop : stage.loops) text += pair_loop(loop, reductions, total, totals);
    bool keeps = false;
    for (const Loop& loop : stage.loops) {
      context_.ready.insert(loop.results.begin(), loop.results.end());
      keeps |= !loop.results.empty();
    }
    for (const NodeId map : stage.maps) text += team_product(map);
    context_.ready.insert(stage.maps.begin(), stage.maps.end());
    if (keeps || !stage.maps.empty()) text += "team_barrier();\n";
    if (totals > 0) text += fmt::format("team_sum({}, scratch);\n", total);
    for (const Reduction& reduction : reductions) {
      std::vector<std::string> names;
      for (int c = 0; c < node(reduction.id).type.components(); ++c) {
        names.push_back(fmt::format("{}[e * {} + {}]", total, totals, reduction.first + c));
      }
      registers_[reduction.id] = names;
    }
    return text;
  }

  std::string team_product(NodeId id) {
    const auto address = [&](NodeId value) {
      return fmt::format("team_array + {} * kPairBatch", context_.phase.team_arrays.at(value));
    };
    std::vector<std::string> inputs;
    for (const NodeId input : node(id).inputs) inputs.push_back(address(input));
    return product("linear_team", node(id).type.kind == Kind::vector ? "E * 3" : "E", id, inputs, address(id));
  }

  std::string pair_loop(const Loop& loop, const std::vector<Reduction>& reductions, const std::string& total,
                        int totals) {
    Expressions expressions(context_, true);
    for (const auto& [id, names] : registers_) expressions.set_register(id, names);
    std::vector<std::string> stores;
    for (const NodeId id : loop.results) {
      const std::vector<std::string> values = expressions.value(id);
      for (std::size_t c = 0; c < values.size(); ++c) {
        stores.push_back(kept_text(context_, id, static_cast<int>(c), true) + " = " + values[c] + ";");
      }
    }
    for (const NodeId sum : loop.sums) {
      const std::vector<std::string> values = expressions.value(node(sum).inputs[0]);
      for (std::size_t c = 0; c < values.size(); ++c) {
        stores.push_back(fmt::format("a{}{}[c] += {};", sum, suffix(node(sum), static_cast<int>(c)), values[c]));
      }
    }
    for (const Reduction& reduction : reductions) {
      if (std::find(loop.reductions.begin(), loop.reductions.end(), reduction.id) == loop.reductions.end()) continue;
      const std::vector<std::string> values = expressions.value(node(reduction.id).inputs[0]);
      for (std::size_t c = 0; c < values.size(); ++c) {
        stores.push_back(
            fmt::format("{}[e * {} + {}] += {};", total, totals, reduction.first + static_cast<int>(c), values[c]));
      }
    }
    add_gradient(loop, expressions, stores);
    uses_spline_ |= expressions.uses_spline();
    std::string text = fmt::format("MLFF_EACH_CHANNEL(c, f, {}) {{\n", loop.channels);
    append(text, expressions.invariant(), 2);
    append(text, expressions.arrays(), 2);
    text += "  MLFF_UNROLL for (int e = 0; e < E; ++e) {\n";
    append(text, expressions.body(), 4);
    append(text, stores, 4);
    return text + "  }\n}\n";
  }

  void add_gradient(const Loop& loop, Expressions& expressions, std::vector<std::string>& stores) {
    if (loop.gradients.empty()) return;
    std::vector<std::string> sums(3);
    for (const NodeId term : loop.gradients) {
      const std::vector<std::string> values = expressions.value(term);
      for (std::size_t c = 0; c < 3; ++c) sums[c] += (sums[c].empty() ? "" : " + ") + values[c];
    }
    for (std::size_t c = 0; c < 3; ++c) {
      stores.push_back(fmt::format("{}[{}] {} {};", context_.write("pair_gradient"),
                                   index_text("q0 + e", 3, static_cast<int>(c), ""),
                                   context_.phase.first_gradient ? "=" : "+=", sums[c]));
    }
  }

  Context& context_;
  const ir::Graph& graph_;
  std::map<NodeId, std::vector<std::string>> registers_;
  bool uses_spline_ = false;
};

}  // namespace

std::string phase_text(Context& context) { return PhaseText(context).run(); }

}  // namespace mlffgen::emit
