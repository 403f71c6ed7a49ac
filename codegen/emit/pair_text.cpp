#include "codegen/emit/pair_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/emit/body_text.h"
#include "codegen/emit/expressions.h"
#include "codegen/emit/templates.h"

namespace mlffgen::emit {

using ir::Kind;
using ir::Node;

namespace {

// Sums over channels of one stage over batches, of one fate, in an array [pairs of the batch][numbers].
struct Totals {
  std::string name;
  int numbers = 0;
  std::map<NodeId, int> first;  // number of a sum's first component
};

class PairsText {
 public:
  PairsText(Context& context, const Segment& segment) : context_(context), graph_(context.graph), segment_(segment) {
    context_.segment = &segment;
    // What records and team arrays held in an earlier segment is gone.
    std::erase_if(context_.ready, [&](NodeId id) { return ir::is_per_pair(node(id).type.domain); });
  }

  std::string run() {
    std::string records = geometry(), narrow, batches, last;
    std::size_t number = 0;
    for (const Stage& stage : segment_.stages) {
      if (!stage.each_pair) {
        batches += batch_stage(stage, number++);
      } else if (is_last(stage)) {
        last = each_pair(stage.loops[0]);
      } else {
        for (const Loop& loop : stage.loops) {
          (loop.channels == 1 ? records : narrow) += loop.channels == 1 ? body(loop) : each_pair_channel(loop);
        }
        if (!narrow.empty()) narrow += "team_barrier();\n";
      }
      make_ready(stage);
    }
    if (!batches.empty()) {
      const char* const size = is_heavy() ? "kHeavyPairBatch" : "kPairBatch";
      batches = fill_skeleton("batches", {{"stages", batches}, {"pairs_at_once", size}});
    }
    const std::string text = fill_skeleton("pairs", {{"accumulators", accumulators()},
                                                     {"records", records},
                                                     {"narrow", narrow},
                                                     {"batches", batches},
                                                     {"last", last},
                                                     {"store", stores()}});
    context_.use("pair_begin");
    for_each_sum([&](NodeId sum, int) { context_.ready.insert(sum); });
    return text;
  }

 private:
  const Node& node(NodeId id) const { return graph_[id]; }

  // The last stage of pairs makes results; earlier ones fill records.
  static bool is_last(const Stage& stage) { return stage.loops[0].results.empty(); }

  void make_ready(const Stage& stage) {
    for (const Loop& loop : stage.loops) context_.ready.insert(loop.results.begin(), loop.results.end());
    context_.ready.insert(stage.maps.begin(), stage.maps.end());
  }

  // Both kinds of sums at once take most of a GPU's registers.
  bool is_heavy() const {
    return std::any_of(segment_.stages.begin(), segment_.stages.end(), [](const Stage& stage) {
      return std::any_of(stage.loops.begin(), stage.loops.end(),
                         [](const Loop& loop) { return !loop.sums.empty() && !loop.reductions.empty(); });
    });
  }

  // ---- sums over neighbours

  template <typename Visit>
  void for_each_sum(const Visit& visit) const {
    for (const Stage& stage : segment_.stages) {
      for (const Loop& loop : stage.loops) {
        for (const NodeId sum : loop.sums) visit(sum, loop.channels);
      }
    }
  }

  std::string accumulator(NodeId sum, int component) const {
    return fmt::format("a{}{}", sum, component_suffix(node(sum), component));
  }

  std::string accumulators() const {
    std::string text;
    for_each_sum([&](NodeId sum, int channels) {
      for (int c = 0; c < node(sum).type.components(); ++c) {
        text += fmt::format("real {}[slots<{}>()] = {{}};\n", accumulator(sum, c), channels);
      }
    });
    return text;
  }

  std::string stores() {
    std::string text;
    for_each_sum([&](NodeId sum, int channels) {
      mark_written(context_, sum);
      std::string stores;
      for (int c = 0; c < node(sum).type.components(); ++c) {
        const std::string name = accumulator(sum, c), target = kept_text(context_, sum, c);
        if (channels == 1) {
          text += fmt::format("team_sum({}, scratch);\n", name);
          stores += fmt::format("  {} = {}[0];\n", target, name);
        } else {
          stores += fmt::format("  put_group<{}>(&{}, group_of_slots<{}>({}, c));\n", channels, target, channels, name);
        }
      }
      text += channels == 1 ? "if (lane() == 0) {\n" : fmt::format("MLFF_EACH_GROUP(c, f, {}) {{\n", channels);
      text += stores + "}\n";
    });
    return text;
  }

  // ---- a lane for each pair of the chunk

  std::string geometry() {
    std::string text =
        fmt::format("p.j = {}[q0 + e];\n", context_.use("pair_neighbour")) +
        fmt::format("const Quad g = *(const Quad*)({} + row_of(q0 + e, 4));\n", context_.use("pair_geometry")) +
        "p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;\n";
    if (!context_.phase.spline_values && !context_.phase.spline_slopes) return text;
    const ir::SplineGrid& grid = graph_.spline_grid;
    const std::string scale = context_.literal(grid.intervals / (grid.end - grid.begin));
    // How many intervals there are follows from the weights: written as a number that a fingerprint leaves out.
    text += fmt::format(
        "const real at = (p.r - {1}) * {2};\n"
        "p.row = spline_interval(at, (int){3});\n"
        "real basis[{0} + 1], slope[{0} + 1];\n"
        "spline_basis<{0}>(at - (real)p.row, basis, slope);\n",
        grid.degree, context_.literal(grid.begin), scale, context_.literal(grid.intervals));
    const auto copy = [&](const char* what, const std::string& factor) {
      text +=
          fmt::format("MLFF_UNROLL for (int k = 0; k <= {0}; ++k) p.{1}[k] = {1}[k]{2};\n", grid.degree, what, factor);
    };
    if (context_.phase.spline_values) copy("basis", "");
    if (context_.phase.spline_slopes) copy("slope", " * " + scale);
    return text;
  }

  // Of the last stage, which finds all sums over channels in memory.
  std::string each_pair(const Loop& loop) {
    std::string text = "const Record& p = record[e];\n";
    if (!loop.gradients.empty()) text += "const int q = q0 + e;\n";
    registers_.clear();
    for (const auto& [id, sums] : deferred_) {
      for (std::size_t c = 0; c < sums.size(); ++c) {
        registers_[id].push_back(fmt::format("v{}{}", id, component_suffix(node(id), static_cast<int>(c))));
        text += fmt::format("const real {} = {};\n", registers_[id].back(), sums[c]);
      }
    }
    return "MLFF_EACH_PAIR(e, count) {\n" + indented(text + body(loop), 2) + "}\n";
  }

  std::string each_pair_channel(const Loop& loop) {
    return fmt::format("MLFF_EACH_PAIR_CHANNEL(e, f, count, {}) {{\n  Record& p = record[e];\n", loop.channels) +
           indented(body(loop), 2) + "}\n";
  }

  std::string body(const Loop& loop) {
    Expressions expressions(context_, Place::pair);
    for (const auto& [id, names] : registers_) expressions.set_register(id, names);
    std::vector<std::string> stores;
    add_results(loop, Place::pair, "f", expressions, stores);
    for (const NodeId sum : loop.sums) add_sum(sum, "0", expressions, stores);
    add_gradient(loop, expressions, stores);
    return lines_text(expressions.body(), 0) + lines_text(stores, 0);
  }

  void add_results(const Loop& loop, Place place, const char* channel, Expressions& expressions,
                   std::vector<std::string>& stores) const {
    for (const NodeId id : loop.results) {
      const std::vector<std::string> values = expressions.value(id);
      for (std::size_t c = 0; c < values.size(); ++c) {
        // A carried value goes to the record even if a team array holds it, too.
        const bool carried = segment_.record.contains(id);
        const std::string target =
            kept_of_pair_text(context_, id, static_cast<int>(c), carried ? Place::pair : place, channel);
        stores.push_back(fmt::format("{} = {};", target, values[c]));
      }
    }
  }

  void add_sum(NodeId sum, const char* slot, Expressions& expressions, std::vector<std::string>& stores) const {
    const std::vector<std::string> values = expressions.value(node(sum).inputs[0]);
    for (std::size_t c = 0; c < values.size(); ++c) {
      stores.push_back(fmt::format("{}[{}] += {};", accumulator(sum, static_cast<int>(c)), slot, values[c]));
    }
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
                                   index_text("q", 3, static_cast<int>(c), ""),
                                   context_.phase.first_gradient ? "=" : "+=", sums[c]));
    }
  }

  // ---- batches

  std::string batch_stage(const Stage& stage, std::size_t number) {
    Totals now{fmt::format("total{}", number), 0, {}}, later{fmt::format("part{}", number), 0, {}};
    bool keeps = !stage.maps.empty();
    for (const Loop& loop : stage.loops) {
      for (const NodeId id : loop.reductions) {
        Totals& totals = segment_.deferred.contains(id) ? later : now;
        totals.first[id] = totals.numbers;
        totals.numbers += node(id).type.components();
      }
      keeps |= !loop.results.empty();
    }
    std::string text;
    for (const Totals* totals : {&now, &later}) {
      if (totals->numbers > 0) text += fmt::format("real {}[E * {}] = {{}};\n", totals->name, totals->numbers);
    }
    for (const Loop& loop : stage.loops) text += channel_loop(loop, now, later);
    for (const NodeId map : stage.maps) text += team_product(map);
    if (keeps || (&stage == last_batch_stage() && !segment_.team_arrays.empty())) text += "team_barrier();\n";
    if (now.numbers > 0) text += fmt::format("team_sum({}, scratch);\n", now.name);
    for (const auto& [id, first] : now.first) {
      for (int c = 0; c < node(id).type.components(); ++c) {
        registers_[id].push_back(fmt::format("{}[e * {} + {}]", now.name, now.numbers, first + c));
      }
    }
    if (later.numbers > 0) text += leave_sums(later);
    return text;
  }

  const Stage* last_batch_stage() const {
    const Stage* last = nullptr;
    for (const Stage& stage : segment_.stages) last = stage.each_pair ? last : &stage;
    return last;
  }

  std::string leave_sums(const Totals& totals) {
    const std::string place =
        deferred_numbers_ == 0 ? "sums" : fmt::format("sums + {} * kWarps * kPairChunk", deferred_numbers_);
    deferred_numbers_ += totals.numbers;
    for (const auto& [id, first] : totals.first) {
      for (int c = 0; c < node(id).type.components(); ++c) {
        deferred_[id].push_back(fmt::format("left_sum<{}>({}, e, {})", totals.numbers, place, first + c));
      }
    }
    return fmt::format("leave_sums<{}>({}, p0, {});\n", totals.numbers, place, totals.name);
  }

  std::string team_product(NodeId id) {
    const auto address = [&](NodeId value) {
      return fmt::format("team_array + {} * kPairBatch", segment_.team_arrays.at(value));
    };
    const Node& n = node(id);
    std::string text;
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const int channels = node(n.inputs[k]).type.channels;
      // The same thread adds to a sum only if the inputs are alike.
      if (k > 0 && channels != node(n.inputs[k - 1]).type.channels) text += "team_barrier();\n";
      const std::string bias = k == 0 && n.bias ? context_.use(context_.constants.add(n.bias)) : "nullptr";
      text += fmt::format("linear_team<{}, {}>({}, {}, {}, {}, {}, {});\n", channels, n.type.channels,
                          n.type.kind == Kind::vector ? "E * 3" : "E", address(n.inputs[k]),
                          context_.use(context_.constants.add(ir::transpose(n.tensors[k]))), address(id), bias, k > 0);
    }
    return text;
  }

  std::string channel_loop(const Loop& loop, const Totals& now, const Totals& later) {
    Expressions expressions(context_, Place::batch);
    for (const auto& [id, names] : registers_) expressions.set_register(id, names);
    std::vector<std::string> stores;
    add_results(loop, Place::batch, "f + u", expressions, stores);
    for (const NodeId sum : loop.sums) add_sum(sum, "c + u", expressions, stores);
    for (const NodeId id : loop.reductions) {
      const Totals& totals = segment_.deferred.contains(id) ? later : now;
      const std::vector<std::string> values = expressions.value(node(id).inputs[0]);
      for (std::size_t c = 0; c < values.size(); ++c) {
        stores.push_back(fmt::format("{}[e * {} + {}] += {};", totals.name, totals.numbers,
                                     totals.first.at(id) + static_cast<int>(c), values[c]));
      }
    }
    std::string text = fmt::format("MLFF_EACH_GROUP(c, f, {}) {{\n", loop.channels);
    text += lines_text(expressions.invariant_groups(), 2) + lines_text(expressions.arrays(), 2);
    text += "  MLFF_UNROLL for (int e = 0; e < E; ++e) {\n    Record& p = pair[e];\n";
    text += lines_text(expressions.groups(), 4) + fmt::format("    MLFF_EACH_OF_GROUP(u, {}) {{\n", loop.channels);
    text += lines_text(expressions.invariant(), 6) + lines_text(expressions.body(), 6) + lines_text(stores, 6);
    return text + "    }\n  }\n}\n";
  }

  Context& context_;
  const ir::Graph& graph_;
  const Segment& segment_;
  std::map<NodeId, std::vector<std::string>> registers_, deferred_;  // texts of sums over channels
  int deferred_numbers_ = 0;
};

}  // namespace

std::string pairs_text(Context& context, const Segment& segment) { return PairsText(context, segment).run(); }

std::string record_text(const Context& context) {
  if (!context.phase.has_pairs) return "struct Record {};";
  const int degree = context.graph.spline_grid.degree;
  std::string text =
      "struct alignas(16) Record {  // of a pair\n"
      "  real ux, uy, uz, r;\n";
  if (context.phase.spline_values) text += fmt::format("  real basis[{} + 1];\n", degree);
  if (context.phase.spline_slopes) text += fmt::format("  real slope[{} + 1];\n", degree);
  for (const NodeId id : context.phase.record) {
    const Node& node = context.graph[id];
    for (int c = 0; c < node.type.components(); ++c) {
      text += fmt::format("  real v{}{}", id, component_suffix(node, c));
      text += node.type.channels == 1 ? ";\n" : fmt::format("[{}];\n", node.type.channels);
    }
  }
  return text + "  int j, row;\n};";
}

}  // namespace mlffgen::emit
