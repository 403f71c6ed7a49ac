// For this folder only: the program's section of the document.
#pragma once

#include <string>

#include "codegen/explain/program_names.h"
#include "codegen/explain/weight_names.h"

namespace mlffgen::explain {

std::string program_section(const ir::Graph& program, const ProgramNames& names, const WeightNames& weights);

// One displayed equation.
std::string displayed(const std::string& latex);

}  // namespace mlffgen::explain
