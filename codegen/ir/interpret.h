// A slow, plain interpreter of the IR in double: the oracle of the gradient, the passes and the emitted code.
#pragma once

#include <array>
#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::ir {

// What a graph is evaluated on: atoms of one system and the full directed list of pairs within the cutoff.
struct Sample {
  std::vector<int> element;                         // [atoms], index into graph.elements
  std::vector<int> centre, neighbour;               // [pairs]
  std::vector<int> reverse;                         // [pairs], the pair neighbour -> centre of opposite displacement
  std::vector<std::array<double, 3>> displacement;  // [pairs], r_neighbour - r_centre, length unit
};

// Values of all nodes: [items][3 or 1][channels], items by the node's domain (1, elements, pairs, atoms, pairs, 1).
std::vector<std::vector<double>> interpret(const Graph& graph, const Sample& sample);

// The value of one node alone, which must depend on neither atoms nor pairs: domain constant (one item), element (one
// item an element), or radial (one item for each of the given distances).
std::vector<double> interpret_local(const Graph& graph, NodeId node, const std::vector<double>& distances = {});

// function(x) and the B-spline basis, shared with the passes that fold constants and fit tables.
double apply(Function function, double x);
// The degree + 1 basis values (derivative 0) or their derivatives (1) at a distance, and the first coefficient's row.
std::vector<double> spline_basis(const SplineGrid& grid, double distance, int derivative, int& row);

}  // namespace mlffgen::ir
