// From the syntax tree of an architecture to the typed graph of one model: loops unrolled, weights bound, types
// checked.
#pragma once

#include "codegen/elaborate/weights.h"
#include "codegen/ir/graph.h"
#include "dsl/spec.h"

namespace mlffgen::elaborate {

// The graph of the spec's program, with the one output "energy" (system scalar of one channel). Throws UserError at the
// first mistake of the program, the parameters or the weights.
ir::Graph elaborate(const dsl::ModelSpec& spec, WeightSource& weights);

// Defects of a model that compiles: cartesian mixing, functions that do not vanish at the cutoff, norms without
// epsilon, unused weights, elements without trained embeddings.
Diagnostics diagnose(const ir::Graph& program, const WeightSource& weights, const dsl::ModelSpec& spec);

// Names of the functions of the program language, sorted.
std::vector<std::string> function_names();

}  // namespace mlffgen::elaborate
