// What `mlffgen compile` prints for people.
#pragma once

#include <nlohmann/json.hpp>

namespace mlffgen::cli {

// The report of driver::Compiled as tables: stages, kernels of each GPU, host code, splines.
void print_compile_report(const nlohmann::json& report);

}  // namespace mlffgen::cli
