#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "codegen/ir/interpret.h"
#include "codegen/passes/passes.h"
#include "codegen/passes/radial_derivative.h"
#include "codegen/passes/rewrite.h"
#include "codegen/passes/simplifier.h"

namespace mlffgen::passes {

using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::SplineGrid;

namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::array kIntervals = {16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768};
// Tables begin at this part of the cutoff, since many radial functions have no value at zero distance (sin(x) / x) or
// change abruptly there; below, the first polynomial goes on. No two atoms of a simulation come as close as that.
constexpr double kSmallestDistance = 0.02;
constexpr int kChecksPerInterval = 7;
// Multiplications a pair and channel above which a table is cheaper than evaluating: on a CPU, reading a quintic table
// takes about half the time of 20 Gaussians (docs/results/host_speed.md).
constexpr int kInlineWork = 16;

// Multiplications that one channel of each value takes, from the distance on.
std::vector<double> work_of_values(const Graph& graph) {
  std::vector<double> work(graph.nodes.size(), 0.0);
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    for (const NodeId input : node.inputs) {
      const double below = work[static_cast<std::size_t>(input)];
      const int channels = graph[input].type.channels;
      work[id] += node.op == Op::linear ? channels + below * channels / node.type.channels : below;
    }
  }
  return work;
}

// Radial values used by something that is not radial, worth a table.
std::vector<NodeId> candidates(const Graph& graph, const Options& options) {
  std::vector<bool> frontier(graph.nodes.size(), false);
  for (const Node& node : graph.nodes) {
    if (node.type.domain == Domain::radial) continue;
    for (const NodeId input : node.inputs) frontier[static_cast<std::size_t>(input)] = true;
  }
  const std::vector<double> work = work_of_values(graph);
  std::vector<NodeId> result;
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (!frontier[id] || node.type.domain != Domain::radial || node.type.channels == 1) continue;
    const bool worth_it =
        options.radial == RadialForm::spline || (options.radial == RadialForm::automatic && work[id] > kInlineWork);
    if (worth_it && node.op != Op::zero) result.push_back(static_cast<NodeId>(id));
  }
  return result;
}

// Distances at which a spline of the grid is asked to equal its function: the knots, and points between the first and
// last of them, one for each degree above the first.
std::vector<double> collocation_sites(const SplineGrid& grid) {
  std::vector<double> sites;
  const double width = (grid.end - grid.begin) / grid.intervals;
  for (int k = 0; k <= grid.intervals; ++k) sites.push_back(grid.begin + k * width);
  for (int k = 0; k < grid.degree / 2; ++k) {
    sites.push_back(grid.begin + (k + 0.5) * width);
    sites.push_back(grid.end - (k + 0.5) * width);
  }
  std::sort(sites.begin(), sites.end());
  return sites;
}

RowMatrix basis_matrix(const SplineGrid& grid, const std::vector<double>& sites, int derivative) {
  RowMatrix matrix = RowMatrix::Zero(static_cast<Eigen::Index>(sites.size()), grid.coefficients());
  for (std::size_t s = 0; s < sites.size(); ++s) {
    int row = 0;
    const std::vector<double> basis = ir::spline_basis(grid, sites[s], derivative, row);
    for (std::size_t k = 0; k < basis.size(); ++k) {
      matrix(static_cast<Eigen::Index>(s), row + static_cast<Eigen::Index>(k)) = basis[k];
    }
  }
  return matrix;
}

RowMatrix values_at(const Graph& graph, NodeId id, const std::vector<double>& sites) {
  const int channels = graph[id].type.channels;
  const bool constant = graph[id].type.domain == Domain::constant || channels == 1;
  const std::vector<double> values = ir::interpret_local(graph, id, sites);
  if (!constant) return Eigen::Map<const RowMatrix>(values.data(), static_cast<Eigen::Index>(sites.size()), channels);
  RowMatrix result(static_cast<Eigen::Index>(sites.size()), channels);
  for (Eigen::Index s = 0; s < result.rows(); ++s) {
    for (Eigen::Index c = 0; c < channels; ++c) {
      result(s, c) = values.size() == static_cast<std::size_t>(channels) ? values[static_cast<std::size_t>(c)]
                                                                         : values[static_cast<std::size_t>(s)];
    }
  }
  return result;
}

struct Fit {
  std::vector<RowMatrix> coefficients;  // one a function
  std::vector<SplineReport> report;
  double worst = 0;  // largest error of a value or derivative
};

double relative_error(const RowMatrix& found, const RowMatrix& expected) {
  const double scale = expected.cwiseAbs().maxCoeff();
  double worst = 0;
  for (Eigen::Index s = 0; s < found.rows(); ++s) {
    for (Eigen::Index c = 0; c < found.cols(); ++c) {
      worst = std::max(worst, std::abs(found(s, c) - expected(s, expected.cols() == 1 ? 0 : c)));
    }
  }
  return scale > 0 ? worst / scale : worst;
}

Fit fit(const Graph& graph, const std::vector<NodeId>& functions, const std::vector<NodeId>& slopes,
        const SplineGrid& grid) {
  Fit result;
  const std::vector<double> sites = collocation_sites(grid);
  std::vector<double> checks;
  const double step = (grid.end - grid.begin) / grid.intervals / kChecksPerInterval;
  for (int k = 0; k < grid.intervals * kChecksPerInterval; ++k) checks.push_back(grid.begin + (k + 0.5) * step);
  const Eigen::PartialPivLU<Eigen::MatrixXd> solver(basis_matrix(grid, sites, 0));
  const RowMatrix values = basis_matrix(grid, checks, 0), derivatives = basis_matrix(grid, checks, 1);
  for (std::size_t k = 0; k < functions.size(); ++k) {
    const RowMatrix coefficients = solver.solve(Eigen::MatrixXd(values_at(graph, functions[k], sites)));
    SplineReport report;
    report.function = graph[functions[k]].name;
    report.channels = graph[functions[k]].type.channels;
    report.value_error = relative_error(values * coefficients, values_at(graph, functions[k], checks));
    report.derivative_error = relative_error(derivatives * coefficients, values_at(graph, slopes[k], checks));
    result.worst = std::max({result.worst, report.value_error, report.derivative_error});
    result.report.push_back(report);
    result.coefficients.push_back(coefficients);
  }
  return result;
}

}  // namespace

Graph tabulate_radial(const Graph& graph, const Options& options, std::vector<SplineReport>& report) {
  report.clear();
  const std::vector<NodeId> functions = candidates(graph, options);
  if (functions.empty()) return graph;
  Graph extended = graph;
  ir::Builder build(extended);
  RadialDerivative derivative(build);
  std::vector<NodeId> slopes;
  for (const NodeId id : functions) slopes.push_back(derivative.of(id));

  SplineGrid grid;
  grid.degree = options.spline_degree;
  grid.begin = kSmallestDistance * graph.cutoff;
  grid.end = graph.cutoff;
  Fit best;
  for (const int intervals : kIntervals) {
    grid.intervals = intervals;
    best = fit(extended, functions, slopes, grid);
    // NaN compares false: a function without finite values never passes.
    if (best.worst <= options.spline_tolerance) break;
  }
  if (!(best.worst <= options.spline_tolerance)) {
    throw UserError(graph[functions[0]].where,
                    "no spline table of up to " + std::to_string(kIntervals.back()) +
                        " intervals meets the tolerance: the function is not smooth; compile with --radial inline");
  }
  report = best.report;

  Graph result = empty_like(graph);
  result.spline_grid = grid;
  Simplifier simplifier(result);
  std::vector<NodeId> renamed(graph.nodes.size());
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    Node node = graph.nodes[id];
    const auto found = std::find(functions.begin(), functions.end(), static_cast<NodeId>(id));
    std::vector<NodeId> inputs = renamed_inputs(node, renamed);
    if (found != functions.end()) {
      const RowMatrix& table = best.coefficients[static_cast<std::size_t>(found - functions.begin())];
      node.op = Op::spline;
      node.bias = nullptr;
      node.tensors = {ir::make_tensor(node.name, {table.rows(), table.cols()},
                                      std::vector<double>(table.data(), table.data() + table.size()))};
      Node distance;
      distance.op = Op::distance;
      inputs = {simplifier.make(distance, {})};
    }
    renamed[id] = simplifier.make(node, inputs);
  }
  copy_outputs(graph, renamed, result);
  return remove_dead_code(result);
}

}  // namespace mlffgen::passes
