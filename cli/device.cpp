#include "cli/device.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cli/usage.h"

namespace mlffgen::cli {
namespace {

bool is_cuda(const std::string& device) {
  if (device == "cuda") return true;
  constexpr std::size_t kPrefix = 5, kMaxDigits = 4;
  const bool numbered = device.starts_with("cuda:") && device.size() > kPrefix && device.size() <= kPrefix + kMaxDigits;
  return numbered && std::all_of(device.begin() + kPrefix, device.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void add_device_option(CLI::App& app, std::string& device) {
  app.add_option("--device", device, "host, cuda or cuda:N")->type_name("NAME")->capture_default_str();
}

void require_host(const std::string& device) {
  if (device == "host") return;
  usage_check(is_cuda(device), fmt::format("--device: expected host, cuda or cuda:N, not {}{}", quote(device),
                                           did_you_mean(device, {"host", "cuda"})));
  throw UserError(
      fmt::format("cannot run on {}: this version of mlffgen evaluates models on the processor only; use "
                  "--device host",
                  device));
}

}  // namespace mlffgen::cli
