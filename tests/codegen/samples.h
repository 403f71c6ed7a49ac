// What the codegen tests share: small random molecules, and forces found in two independent ways.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "codegen/ir/graph.h"
#include "codegen/ir/interpret.h"

namespace mlffgen::test {

using Vector = std::array<double, 3>;

struct Molecule {
  std::vector<int> element;  // index into the graph's elements
  std::vector<Vector> positions;
};

// The same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : generator_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(generator_() >> 11) * 0x1p-53;
  }
  int below(int n) { return static_cast<int>(generator_() % static_cast<std::uint64_t>(n)); }

 private:
  std::mt19937_64 generator_;
};

// Atoms in a box of the given side, no two nearer than 0.8.
Molecule random_molecule(Random& random, int atoms, int elements, double side = 2.4);

// Every ordered pair nearer than the cutoff (0: every pair), with its reverse.
ir::Sample sample_of(const Molecule& molecule, double cutoff = 0);

double energy_of(const ir::Graph& graph, const ir::Sample& sample);

// From the outputs "pair_gradient": F_i = sum over the pairs q of i of h[reverse q] - h[q]. Zero without such outputs.
std::vector<Vector> forces_of(const ir::Graph& graph, const ir::Sample& sample);

// The derivative of a function at zero by central differences of fourth order.
double derivative_at_zero(const std::function<double(double)>& function);

// Minus the gradient of the energy by central differences.
std::vector<Vector> numerical_forces(const ir::Graph& graph, const Molecule& molecule, double cutoff = 0);

// Largest difference over the largest magnitude (over one if all are smaller than 1e-12).
double relative_difference(const std::vector<Vector>& a, const std::vector<Vector>& b);
double relative_difference(double a, double b);

// A proper rotation by an angle about (1, 2, 3) / |...|, and the point reflection.
Molecule rotated(const Molecule& molecule, double angle);
Molecule inverted(const Molecule& molecule);
// Atoms in the opposite order.
Molecule reordered(const Molecule& molecule);

// Empty if the parts occur in this order, else the first that does not.
std::string first_missing(const std::string& text, const std::vector<std::string>& parts);
std::size_t count_of(const std::string& text, const std::string& part);

}  // namespace mlffgen::test
