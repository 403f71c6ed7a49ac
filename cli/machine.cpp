#include "cli/machine.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "runtime/cuda/driver.h"
#include "runtime/jit/nvrtc.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

bool is_plain(char c) {
  constexpr std::string_view kPlain = "-_./:,=+@%";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kPlain.find(c) != kPlain.npos;
}

std::string shell_word(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

void add_gpu(json& facts, int index) {
  const cuda::Driver driver = cuda::examine_driver().driver;
  if (driver.version > 0) facts["cuda"] = cuda::version_text(driver.version);
  if (!driver.kernel_driver.empty()) facts["driver"] = driver.kernel_driver;
  for (const cuda::DeviceInfo& gpu : driver.devices) {
    if (gpu.index != index) continue;
    facts["gpu"] = gpu.name;
    facts["gpu_arch"] = gpu.arch;
    facts["gpu_memory_bytes"] = gpu.memory_bytes;
  }
  try {
    const jit::NvrtcVersion version = jit::Nvrtc().version();
    facts["nvrtc"] = fmt::format("{}.{}", version.major, version.minor);
  } catch (const UserError&) {
    // A model with machine code for this GPU runs without.
  }
}

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min);
}

std::string command_text() {
  std::ifstream file("/proc/self/cmdline");
  std::string text = "mlffgen", word;
  std::getline(file, word, '\0');
  while (std::getline(file, word, '\0')) text += " " + shell_word(word);
  return text;
}

json describe_machine(int gpu) {
  json facts = {{"processor", processor_name()}, {"threads", omp_get_max_threads()}};
  double load = 0;
  if (getloadavg(&load, 1) == 1) facts["load_average"] = std::round(100 * load) / 100;
  if (gpu >= 0) add_gpu(facts, gpu);
  return facts;
}

}  // namespace mlffgen::cli
