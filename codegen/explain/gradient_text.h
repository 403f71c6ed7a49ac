// For this folder only: the sections on the compiled graph and its gradient.
#pragma once

#include <string>

#include "codegen/emit/schedule.h"
#include "codegen/explain/program_names.h"
#include "codegen/explain/weight_names.h"
#include "codegen/passes/passes.h"

namespace mlffgen::explain {

std::string gradient_sections(const ir::Graph& program, const ProgramNames& names, const WeightNames& weights,
                              const passes::Result& result, const emit::Schedule& schedule);

}  // namespace mlffgen::explain
