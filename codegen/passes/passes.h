// The passes of the compiler: each takes a graph and gives a new one that means the same (or more, where it says so).
// They are pure and deterministic; pipeline.cpp is the list of what runs when.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::passes {

// How radial functions are computed in the kernels.
enum class RadialForm {
  automatic,  // inline where that is cheap, else splines
  inline_,    // evaluated for every pair
  spline,     // read from B-spline tables
};

struct Options {
  RadialForm radial = RadialForm::automatic;
  double spline_tolerance = 1e-6;  // error bound of a table and of its slope, relative to their largest values
  int spline_degree = 5;
};

// What a spline table costs in accuracy.
struct SplineReport {
  std::string function;  // the name in the program
  int channels = 0;
  double value_error = 0;       // largest |table - function| over the largest |function|
  double derivative_error = 0;  // the same of the derivatives with respect to distance
};

// Removes zeros, identities, double negations, concat, slice and reverse; folds constants; shares equal nodes.
ir::Graph simplify(const ir::Graph& graph);

// Removes nodes that no output needs.
ir::Graph remove_dead_code(const ir::Graph& graph);

// Computes products of values at the neighbour once an atom: x[j] * c[j] -> (x * c)[j]; and takes factors of the
// centre out of sums: sum_j(x[i] * y) -> x * sum_j(y).
ir::Graph hoist_products(const ir::Graph& graph);

// Evaluates all that depends on weights and elements alone into element tables.
ir::Graph fold_element_values(const ir::Graph& graph);

// Moves per-atom energies that depend on the element alone (offsets, the last bias) out of the graph, so that they are
// added in double: gives one energy an element and leaves the rest in the graph.
ir::Graph split_energy_offset(const ir::Graph& graph, std::vector<double>& element_energy);

// Replaces radial functions by spline tables on one grid, the coarsest that meets the tolerance.
ir::Graph tabulate_radial(const ir::Graph& graph, const Options& options, std::vector<SplineReport>& report);

// Adds the output "pair_gradient": with E's derivative g with respect to the displacement of each pair, the value of
// the reverse pair's g. One output a level (ir/analysis.h); their sum is the gradient.
ir::Graph differentiate(const ir::Graph& graph);

// Sums of linear maps become one linear map of several inputs, where nothing else uses the terms.
ir::Graph merge_linear_sums(const ir::Graph& graph);

struct Result {
  ir::Graph energy;                    // simplified, before the gradient: what the user wrote
  ir::Graph graph;                     // energy and gradient, ready for scheduling
  std::vector<double> element_energy;  // [elements], model energy unit
  std::vector<SplineReport> splines;
  std::vector<std::pair<std::string, double>> seconds;  // time of each pass
};

// Called after each pass with its name and result; may be empty.
using Observer = std::function<void(const std::string& pass, const ir::Graph& graph)>;

Result run_pipeline(const ir::Graph& program, const Options& options, const Observer& observer = {});

// Names of the passes in order, for --print-after.
std::vector<std::string> pass_names();

}  // namespace mlffgen::passes
