// How much of a model's work a kernel takes: the forms that its code can have.
//
// The finest form is what a framework would run, a kernel a layer; the coarsest, a phase, ends only where the values of
// neighbours are needed, which no block can wait for. Which is fastest depends on the size of the system: fusing saves
// launches and traffic, kernels apart have the registers and the shared memory for themselves.
#pragma once

#include <string>
#include <vector>

#include "codegen/ir/graph.h"

namespace mlffgen::emit {

enum class Fusion {
  phases,   // a kernel does all work between two gathers of neighbours' values
  split,    // sums over neighbours and the dense layers of atoms apart
  forward,  // phases for the energy, a kernel a layer for its gradient
  layers    // a kernel for each sum over neighbours, each dense layer and what lies between two of them
};

// "fused", "split", "fused-forward", "unfused"; InternalError for another name.
const std::string& name(Fusion fusion);
Fusion fusion_named(const std::string& name);
const std::vector<Fusion>& all_fusions();

// The number of the kernel that works out each value: never less than those of what it reads, and more wherever the
// work is cut.
std::vector<int> levels(const ir::Graph& graph, Fusion fusion);

}  // namespace mlffgen::emit
