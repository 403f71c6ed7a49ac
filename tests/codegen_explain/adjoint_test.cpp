// The adjoints worked out as numbers are derivatives, and so are the forces and the virial of the document's formulas.
#include <doctest/doctest.h>

#include <cmath>

#include "codegen/explain/adjoint_values.h"
#include "compiled.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;
using namespace mlffgen::test;

namespace {

// dE/d(pair displacement) of each pair, from the adjoints of distances and directions by the chain rule of the
// document.
std::vector<Vector> pair_gradients(const ir::Graph& graph, const ir::Sample& sample, const explain::Values& adjoint) {
  std::vector<Vector> result(sample.centre.size(), Vector{});
  for (std::size_t q = 0; q < sample.centre.size(); ++q) {
    const Vector& d = sample.displacement[q];
    const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    double along = 0, dot = 0;
    Vector turn{};
    for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
      if (adjoint[id].empty()) continue;
      if (graph.nodes[id].op == ir::Op::distance) along += adjoint[id][q];
      for (std::size_t x = 0; x < 3 && graph.nodes[id].op == ir::Op::direction; ++x) turn[x] += adjoint[id][3 * q + x];
    }
    for (std::size_t x = 0; x < 3; ++x) dot += turn[x] * d[x] / r;
    for (std::size_t x = 0; x < 3; ++x) result[q][x] = along * d[x] / r + (turn[x] - dot * d[x] / r) / r;
  }
  return result;
}

}  // namespace

TEST_CASE("adjoints of distances and directions give the forces of central differences") {
  Random random(3);
  for (const std::string& architecture : dsl::builtin_architectures()) {
    CAPTURE(architecture);
    const ir::Graph graph = graph_of_architecture(architecture, "features: 4, layers: 2, readout: 4");
    const Molecule molecule = random_molecule(random, 4, 3);
    const ir::Sample sample = sample_of(molecule, graph.cutoff);
    const explain::Values adjoint = explain::adjoint_values(graph, sample, ir::interpret(graph, sample));
    const std::vector<Vector> gamma = pair_gradients(graph, sample, adjoint);
    std::vector<Vector> forces(molecule.element.size(), Vector{});
    for (std::size_t q = 0; q < gamma.size(); ++q) {
      for (std::size_t x = 0; x < 3; ++x) {
        forces[static_cast<std::size_t>(sample.centre[q])][x] += gamma[q][x];
        forces[static_cast<std::size_t>(sample.neighbour[q])][x] -= gamma[q][x];
      }
    }
    CHECK(relative_difference(forces, numerical_forces(graph, molecule, graph.cutoff)) < 1e-6);
  }
}

TEST_CASE("the pair gradient of the compiled graph is the reverse pair's, and gives the document's forces and virial") {
  Random random(5);
  const Compiled model =
      compile(spec_of_architecture("painn-schnetpack", "features: 4, layers: 2, readout: 4"), inline_radial());
  const ir::Graph& graph = model.result.graph;
  const Molecule molecule = random_molecule(random, 4, 3);
  const ir::Sample sample = sample_of(molecule, graph.cutoff);
  const auto values = ir::interpret(graph, sample);
  std::vector<Vector> eta(sample.centre.size(), Vector{});
  for (const ir::Output& out : graph.outputs) {
    for (std::size_t q = 0; q < eta.size() && out.name == "pair_gradient"; ++q) {
      for (std::size_t x = 0; x < 3; ++x) eta[q][x] += values[static_cast<std::size_t>(out.node)][3 * q + x];
    }
  }
  const std::vector<Vector> gamma = pair_gradients(graph, sample, explain::adjoint_values(graph, sample, values));
  std::vector<Vector> reversed;
  for (const int q : sample.reverse) reversed.push_back(gamma[static_cast<std::size_t>(q)]);
  CHECK(relative_difference(eta, reversed) < 1e-10);

  for (std::size_t x = 0; x < 3; ++x) {
    for (std::size_t y = 0; y < 3; ++y) {
      double virial = 0;
      for (std::size_t q = 0; q < eta.size(); ++q) virial += eta[q][x] * sample.displacement[q][y];
      const double expected = -derivative_at_zero([&](double strain) {
        ir::Sample strained = sample;
        for (auto& d : strained.displacement) d[x] += strain * d[y];
        return energy_of(graph, strained);
      });
      CHECK(virial == doctest::Approx(expected).epsilon(1e-6));
    }
  }
}

TEST_CASE("the sample is the same for every call, within the cutoff, and in general position") {
  const ir::Graph graph = graph_of_architecture("schnet", "features: 4");
  const ir::Sample sample = explain::general_sample(graph);
  CHECK(sample.displacement == explain::general_sample(graph).displacement);
  REQUIRE(sample.centre.size() == 6);
  std::vector<double> distances;
  for (const Vector& d : sample.displacement) distances.push_back(std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
  for (std::size_t q = 0; q < 6; ++q) {
    CHECK(distances[q] < graph.cutoff);
    CHECK(distances[static_cast<std::size_t>(sample.reverse[q])] == doctest::Approx(distances[q]));
  }
}
