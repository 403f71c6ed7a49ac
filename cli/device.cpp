#include "cli/device.h"

#include <fmt/format.h>

#include <chrono>

#include "base/error.h"
#include "cli/usage.h"

namespace mlffgen::cli {

void add_device_option(CLI::App& app, std::string& device) {
  app.add_option("--device", device, "host, cuda or cuda:N")->type_name("NAME")->capture_default_str();
}

api::Device device_of(const std::string& option) {
  try {
    return api::parse_device(option);
  } catch (const UserError& error) {
    throw UsageError(fmt::format("--device: {}", error.what()));
  }
}

OpenModel open_model(const runtime::Bundle& bundle, const api::Device& device) {
  api::OpenOptions options;
  options.device = device;
  const auto start = std::chrono::steady_clock::now();
  OpenModel model;
  model.evaluator = api::open_evaluator(bundle, options);
  model.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return model;
}

}  // namespace mlffgen::cli
