// The map of what runs when.
#include <chrono>

#include "codegen/passes/passes.h"

namespace mlffgen::passes {

namespace {

struct Pass {
  const char* name;
  std::function<ir::Graph(const ir::Graph&, const Options&, Result&)> run;
};

const std::vector<Pass>& passes() {
  using ir::Graph;
  static const std::vector<Pass> list = {
      {"simplify", [](const Graph& g, const Options&, Result&) { return remove_dead_code(simplify(g)); }},
      {"hoist-products", [](const Graph& g, const Options&, Result&) { return remove_dead_code(hoist_products(g)); }},
      {"fold-elements",
       [](const Graph& g, const Options&, Result&) { return remove_dead_code(fold_element_values(g)); }},
      {"split-offset",
       [](const Graph& g, const Options&, Result& result) { return split_energy_offset(g, result.element_energy); }},
      {"tabulate-radial", [](const Graph& g, const Options& options,
                             Result& result) { return tabulate_radial(g, options, result.splines); }},
      {"differentiate", [](const Graph& g, const Options&, Result&) { return differentiate(g); }},
      {"simplify-gradient", [](const Graph& g, const Options&, Result&) { return remove_dead_code(simplify(g)); }},
      {"hoist-gradient", [](const Graph& g, const Options&, Result&) { return remove_dead_code(hoist_products(g)); }},
      // Hoisting may have multiplied tables of two elements' values.
      {"fold-gradient",
       [](const Graph& g, const Options&, Result&) { return remove_dead_code(fold_element_values(g)); }},
      {"merge-linear-sums", [](const Graph& g, const Options&, Result&) { return merge_linear_sums(g); }},
  };
  return list;
}

}  // namespace

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const Pass& pass : passes()) names.emplace_back(pass.name);
  return names;
}

Result run_pipeline(const ir::Graph& program, const Options& options, const Observer& observer) {
  Result result;
  ir::Graph graph = program;
  for (const Pass& pass : passes()) {
    const auto start = std::chrono::steady_clock::now();
    if (std::string(pass.name) == "differentiate") result.energy = graph;
    graph = pass.run(graph, options, result);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    result.seconds.emplace_back(pass.name, elapsed.count());
    if (observer) observer(pass.name, graph);
  }
  result.graph = std::move(graph);
  return result;
}

}  // namespace mlffgen::passes
