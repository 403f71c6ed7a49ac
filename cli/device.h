// Where a model runs.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mlffgen::cli {

void add_device_option(CLI::App& app, std::string& device);

// Throws UsageError for anything but host, cuda and cuda:N, UserError for what this program cannot run on.
void require_host(const std::string& device);

}  // namespace mlffgen::cli
