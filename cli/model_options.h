// What compile and explain share: the specification, its weights, and how the model is computed.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "codegen/driver/compile.h"

namespace mlffgen::cli {

struct ModelArguments {
  std::filesystem::path spec, weights;
  CLI::Option* seed_option = nullptr;
  std::uint64_t untrained_seed = 0;
  std::string precision = "float", radial = "auto";
};

// The arguments must outlive the parsing.
void add_model_options(CLI::App& app, ModelArguments& arguments);

// Without targets. Throws UsageError for weights given in two ways.
driver::Options driver_options(const ModelArguments& arguments);

// One line each on the standard error.
void print_diagnostics(const Diagnostics& diagnostics);

}  // namespace mlffgen::cli
