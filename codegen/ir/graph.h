// The intermediate representation: a typed graph in single-assignment form. Every pass reads and writes this.
//
// Nodes are kept in an order in which inputs come before their users. Shapes: a scalar value has [channels] numbers
// per item of its domain, a vector value [3][channels]. In elementwise operations an operand of one channel is
// repeated over the channels of the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "codegen/ir/tensor.h"
#include "codegen/ir/type.h"

namespace mlffgen::ir {

using NodeId = std::int32_t;
constexpr NodeId kNoNode = -1;

enum class Op {
  zero,           // all zeros, of the type given
  constant,       // tensor [channels]
  element_table,  // tensor [elements][channels]: the row of the atom's element
  distance,       // |r_j - r_i|, radial
  direction,      // (r_j - r_i) / distance, pair vector of one channel
  spline,         // (distance) tensor [coefficients][channels]: B-spline on a uniform grid, or its first derivative
  add,            // a + b, same kind
  multiply,       // a * b, at most one vector
  negate,         // -a
  unary,          // function(a), scalars only
  power,          // a ** number, scalars only
  dot,            // sum over x, y, z of two vectors -> scalar
  linear,         // sum over inputs of matrix_n a_n, plus bias; tensors = matrices [out][in], one an input
  cartesian_mix,  // out_x = sum_y matrix[x][y] a_y: breaks rotational symmetry unless the matrix is a multiple of one
  concat,         // channels of all inputs, one after the other
  slice,          // channels begin .. begin + channels - 1 of a
  broadcast,      // one channel repeated
  sum_channels,   // sum over channels -> one channel
  at_i,           // the value of the pair's centre atom i
  at_j,           // the value of the pair's neighbour j
  reverse,        // the value of the pair i -> j at the pair j -> i
  sum_j,          // sum over the neighbours j of atom i
  sum_i,          // sum over the atoms of a system
};

enum class Function { exp, log, sqrt, rsqrt, reciprocal, sin, cos, tanh, sigmoid, silu, softplus };

struct Node {
  Op op = Op::zero;
  Type type;
  std::vector<NodeId> inputs;
  Function function = Function::exp;  // unary
  double number = 0;                  // power: the exponent
  int begin = 0;                      // slice: the first channel
  int derivative = 0;                 // spline: 0 the value, 1 its derivative with respect to distance
  std::vector<TensorPtr> tensors;     // constant, element_table, spline: one; linear: one an input; cartesian_mix: one
  TensorPtr bias;                     // linear: [out], or null
  std::string name;                   // the name in the program it came from, for people
  SourceLocation where;
};

struct Output {
  std::string name;  // "energy" (system scalar), "pair_gradient" (pair vector, reverse pair's dE/d(displacement))
  NodeId node = kNoNode;
};

// The uniform knots of every spline table of a model.
struct SplineGrid {
  int degree = 0;  // 0: the model has no spline
  int intervals = 0;
  double begin = 0, end = 0;  // length unit
  int coefficients() const { return intervals + degree; }
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<Output> outputs;
  std::vector<int> elements;  // atomic numbers; the rows of element tables
  double cutoff = 0;          // length unit
  SplineGrid spline_grid;

  const Node& operator[](NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  NodeId output(const std::string& name) const;  // kNoNode if there is none
};

const char* name_of(Op op);
const char* name_of(Function function);

// The type that an operation has by its inputs; throws UserError at node.where if its rule is broken.
// zero, broadcast, slice and element_table take kind and channels from node.type.
Type infer_type(const Graph& graph, const Node& node);

// Appends a node after inferring its type.
NodeId append(Graph& graph, Node node);

// Checks every invariant of the graph; throws InternalError naming the node.
void verify(const Graph& graph);

// One line a node: "%12: atom scalar[128] = multiply %3, %11   # s".
std::string print(const Graph& graph);

}  // namespace mlffgen::ir
