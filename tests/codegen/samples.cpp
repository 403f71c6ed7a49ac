#include "samples.h"

#include <algorithm>
#include <cmath>

namespace mlffgen::test {
namespace {

double distance(const Vector& a, const Vector& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

}  // namespace

Molecule random_molecule(Random& random, int atoms, int elements, double side) {
  Molecule result;
  while (static_cast<int>(result.positions.size()) < atoms) {
    const Vector candidate = {random.uniform(0, side), random.uniform(0, side), random.uniform(0, side)};
    const bool is_free = std::all_of(result.positions.begin(), result.positions.end(),
                                     [&](const Vector& other) { return distance(candidate, other) > 0.8; });
    if (!is_free) continue;
    result.positions.push_back(candidate);
    result.element.push_back(random.below(elements));
  }
  return result;
}

ir::Sample sample_of(const Molecule& molecule, double cutoff) {
  ir::Sample sample;
  sample.element = molecule.element;
  const auto atoms = static_cast<int>(molecule.positions.size());
  std::vector<std::vector<int>> index(molecule.positions.size(), std::vector<int>(molecule.positions.size(), -1));
  for (int i = 0; i < atoms; ++i) {
    for (int j = 0; j < atoms; ++j) {
      const Vector& a = molecule.positions[static_cast<std::size_t>(i)];
      const Vector& b = molecule.positions[static_cast<std::size_t>(j)];
      if (i == j || (cutoff > 0 && distance(a, b) >= cutoff)) continue;
      index[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = static_cast<int>(sample.centre.size());
      sample.centre.push_back(i);
      sample.neighbour.push_back(j);
      sample.displacement.push_back({b[0] - a[0], b[1] - a[1], b[2] - a[2]});
    }
  }
  for (std::size_t q = 0; q < sample.centre.size(); ++q) {
    sample.reverse.push_back(
        index[static_cast<std::size_t>(sample.neighbour[q])][static_cast<std::size_t>(sample.centre[q])]);
  }
  return sample;
}

double energy_of(const ir::Graph& graph, const ir::Sample& sample) {
  return ir::interpret(graph, sample)[static_cast<std::size_t>(graph.output("energy"))][0];
}

std::vector<Vector> forces_of(const ir::Graph& graph, const ir::Sample& sample) {
  const std::vector<std::vector<double>> values = ir::interpret(graph, sample);
  std::vector<double> h(3 * sample.centre.size(), 0.0);
  for (const ir::Output& out : graph.outputs) {
    if (out.name != "pair_gradient") continue;
    const std::vector<double>& term = values[static_cast<std::size_t>(out.node)];
    for (std::size_t k = 0; k < h.size(); ++k) h[k] += term[k];
  }
  std::vector<Vector> forces(sample.element.size(), Vector{});
  for (std::size_t q = 0; q < sample.centre.size(); ++q) {
    const auto reverse = static_cast<std::size_t>(sample.reverse[q]);
    for (std::size_t c = 0; c < 3; ++c) {
      forces[static_cast<std::size_t>(sample.centre[q])][c] += h[3 * reverse + c] - h[3 * q + c];
    }
  }
  return forces;
}

double derivative_at_zero(const std::function<double(double)>& function) {
  constexpr double kStep = 1e-3;
  const double near = (function(kStep) - function(-kStep)) / (2 * kStep);
  const double far = (function(2 * kStep) - function(-2 * kStep)) / (4 * kStep);
  return (4 * near - far) / 3;
}

std::vector<Vector> numerical_forces(const ir::Graph& graph, const Molecule& molecule, double cutoff) {
  std::vector<Vector> forces(molecule.positions.size());
  Molecule moved = molecule;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      forces[i][c] = -derivative_at_zero([&](double step) {
        moved.positions[i][c] = molecule.positions[i][c] + step;
        return energy_of(graph, sample_of(moved, cutoff));
      });
      moved.positions[i][c] = molecule.positions[i][c];
    }
  }
  return forces;
}

double relative_difference(const std::vector<Vector>& a, const std::vector<Vector>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      if (!std::isfinite(a[i][c]) || !std::isfinite(b[i][c])) return INFINITY;
      largest = std::max({largest, std::abs(a[i][c]), std::abs(b[i][c])});
      difference = std::max(difference, std::abs(a[i][c] - b[i][c]));
    }
  }
  return largest > 1e-12 ? difference / largest : difference;
}

double relative_difference(double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return INFINITY;
  const double largest = std::max(std::abs(a), std::abs(b));
  return largest > 1e-12 ? std::abs(a - b) / largest : std::abs(a - b);
}

Molecule rotated(const Molecule& molecule, double angle) {
  const double n = std::sqrt(14.0);
  const Vector axis = {1 / n, 2 / n, 3 / n};
  Molecule result = molecule;
  for (std::size_t i = 0; i < molecule.positions.size(); ++i) {  // Rodrigues' formula
    const Vector& p = molecule.positions[i];
    const Vector cross = {axis[1] * p[2] - axis[2] * p[1], axis[2] * p[0] - axis[0] * p[2],
                          axis[0] * p[1] - axis[1] * p[0]};
    const double along = axis[0] * p[0] + axis[1] * p[1] + axis[2] * p[2];
    for (std::size_t c = 0; c < 3; ++c) {
      result.positions[i][c] =
          p[c] * std::cos(angle) + cross[c] * std::sin(angle) + axis[c] * along * (1 - std::cos(angle));
    }
  }
  return result;
}

Molecule inverted(const Molecule& molecule) {
  Molecule result = molecule;
  for (Vector& p : result.positions) p = {-p[0], -p[1], -p[2]};
  return result;
}

Molecule reordered(const Molecule& molecule) {
  Molecule result = molecule;
  std::reverse(result.positions.begin(), result.positions.end());
  std::reverse(result.element.begin(), result.element.end());
  return result;
}

std::string first_missing(const std::string& text, const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const std::string& part : parts) {
    const std::size_t found = text.find(part, at);
    if (found == std::string::npos) return part;
    at = found + part.size();
  }
  return "";
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace mlffgen::test
