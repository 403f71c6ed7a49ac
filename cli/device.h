// Where a model runs.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/api/open_evaluator.h"

namespace mlffgen::cli {

void add_device_option(CLI::App& app, std::string& device);

// Throws UsageError for anything but host, cuda and cuda:N.
api::Device device_of(const std::string& option);

// The model on the device, and how long that took: reading code from the file, compiling it for the GPU if need be.
struct OpenModel {
  std::unique_ptr<runtime::Evaluator> evaluator;
  double milliseconds = 0;
};

// Throws as open_evaluator does.
OpenModel open_model(const runtime::Bundle& bundle, const api::Device& device);

}  // namespace mlffgen::cli
