// The derivation document of one model: its formulas, its analytical gradient, what the kernels store and what they
// cost, as Markdown with LaTeX between dollar signs.
//
// Everything is derived from the same graph and schedule that the kernels are emitted from, so that the document cannot
// drift from the code. Deterministic: the same arguments give the same bytes. Names that come from the user (of the
// model, of weights, of values) are escaped for Markdown and LaTeX.
#pragma once

#include <string>

#include "base/error.h"
#include "codegen/emit/schedule.h"
#include "codegen/ir/graph.h"
#include "codegen/passes/passes.h"
#include "dsl/spec.h"

namespace mlffgen::explain {

// program: the graph that elaborate gave; result: of the pipeline run on it; schedule: of result.graph; diagnostics:
// what elaborate::diagnose said, written as the model's defects.
std::string explain_markdown(const dsl::ModelSpec& spec, const ir::Graph& program, const passes::Result& result,
                             const emit::Schedule& schedule, const Diagnostics& diagnostics);

}  // namespace mlffgen::explain
