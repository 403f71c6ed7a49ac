#include "cli/profile_counters.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "cli/subprocess.h"
#include "runtime/jit/environment.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

using Rows = std::vector<std::vector<std::string>>;

constexpr const char* kNoPermission = "ERR_NVGPUCTRPERM";
constexpr const char* kKernelColumn = "Kernel Name";
constexpr std::size_t kErrorCharacters = 300;

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// Folders below `parent` whose names begin so, the last by name first.
std::vector<fs::path> folders(const fs::path& parent, const std::string& begin) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with(begin)) found.push_back(entry->path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

std::vector<fs::path> places_of_ncu() {
  std::vector<fs::path> places;
  const std::string path = jit::environment_variable("PATH").value_or("");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) places.push_back(fs::path(path.substr(at, end - at)) / "ncu");
    at = end + 1;
  }
  if (const auto home = jit::environment_variable("CUDA_HOME")) places.push_back(fs::path(*home) / "bin" / "ncu");
  for (const fs::path& folder : folders("/usr/local", "cuda")) places.push_back(folder / "bin" / "ncu");
  for (const fs::path& folder : folders("/opt/nvidia/nsight-compute", "")) places.push_back(folder / "ncu");
  return places;
}

// The lines of a text that hold a row: quoted cells between commas, a quote within doubled.
Rows rows_of(std::string_view text) {
  Rows rows;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with('"')) continue;
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (std::size_t k = 0; k < line.size(); ++k) {
      const char c = line[k];
      if (c == '"' && quoted && k + 1 < line.size() && line[k + 1] == '"') {
        cells.back() += line[k++];
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.emplace_back();
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

// "1,234.5"; none for "n/a".
std::optional<double> number_of(std::string text) {
  std::erase(text, ',');
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// What an error says, or the last line.
std::string error_line(const std::string& output) {
  std::string last;
  for (std::size_t at = 0; at < output.size();) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    if (line.find("ERROR") != std::string::npos || line.find("error:") != std::string::npos) return line;
    if (!line.empty()) last = line;
    at = end + 1;
  }
  return last;
}

std::string own_path() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) throw UserError(fmt::format("--ncu: cannot find this program's own file: {}", error.message()));
  return path.string();
}

}  // namespace

const std::vector<CounterColumn>& counter_columns() {
  static const std::vector<CounterColumn> columns = {
      {"gpu__time_duration.sum", "duration_ns", "us", 1e-3},
      {"dram__bytes_read.sum", "memory_read_bytes", "MB read", 1e-6},
      {"dram__bytes_write.sum", "memory_written_bytes", "MB written", 1e-6},
      {"lts__t_bytes.sum", "l2_bytes", "MB of L2", 1e-6},
      {"l1tex__t_sector_hit_rate.pct", "l1_hit_percent", "L1 hits %", 1},
      {"sm__warps_active.avg.pct_of_peak_sustained_active", "occupancy_percent", "occupancy %", 1},
      {"sm__pipe_fma_cycles_active.avg.pct_of_peak_sustained_active", "fma_pipe_percent", "FMA %", 1},
      {"sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active", "tensor_pipe_percent", "tensor %", 1},
      {"launch__registers_per_thread", "registers", "registers", 1}};
  return columns;
}

fs::path find_ncu() {
  for (const fs::path& place : places_of_ncu()) {
    if (is_program(place)) return place;
  }
  throw UserError(
      "--ncu: Nsight Compute (ncu) is neither in the PATH nor in $CUDA_HOME/bin, /usr/local/cuda*/bin or "
      "/opt/nvidia/nsight-compute; install it (NVIDIA's package nsight-compute), or leave out --ncu");
}

std::vector<std::string> ncu_words(const fs::path& ncu) {
  std::vector<std::string> metrics;
  for (const CounterColumn& column : counter_columns()) metrics.emplace_back(column.metric);
  // The GPU as it is: neither clocks nor caches are changed between the passes.
  return {ncu.string(),
          "--csv",
          "--page",
          "raw",
          "--print-units",
          "base",
          "--profile-from-start",
          "off",
          "--clock-control",
          "none",
          "--cache-control",
          "none",
          "--metrics",
          join(metrics, ",")};
}

std::vector<KernelCounters> parse_counters(std::string_view output) {
  const Rows rows = rows_of(output);
  const auto is_heading = [](const std::vector<std::string>& row) {
    return std::find(row.begin(), row.end(), kKernelColumn) != row.end();
  };
  const auto heading = std::find_if(rows.begin(), rows.end(), is_heading);
  if (heading == rows.end()) throw UserError("--ncu: ncu has reported no kernel");
  const auto column_of = [&](const char* name) {
    return static_cast<std::size_t>(std::find(heading->begin(), heading->end(), name) - heading->begin());
  };
  const std::size_t name = column_of(kKernelColumn);
  std::vector<KernelCounters> counters;
  for (auto row = heading + 1; row != rows.end(); ++row) {
    // The first row below the heading holds the units.
    if (row->size() != heading->size() || (*row)[name].empty()) continue;
    KernelCounters& kernel = counters.emplace_back();
    kernel.kernel = (*row)[name].substr(0, (*row)[name].find('('));
    for (const CounterColumn& column : counter_columns()) {
      const std::size_t at = column_of(column.metric);
      kernel.values.push_back(at < row->size() ? number_of((*row)[at]) : std::nullopt);
    }
  }
  if (counters.empty()) throw UserError("--ncu: ncu has reported no kernel");
  return counters;
}

std::vector<KernelCounters> read_counters(const std::vector<std::string>& words) {
  std::vector<std::string> all = ncu_words(find_ncu());
  all.push_back(own_path());
  all.insert(all.end(), words.begin(), words.end());
  const Finished finished = run_program(all);
  if (finished.output.find(kNoPermission) != std::string::npos) {
    throw UserError(fmt::format(
        "--ncu: this user may not read the GPU's counters ({0}); run as root, or have them allowed for all users: "
        "https://developer.nvidia.com/{0}",
        kNoPermission));
  }
  if (finished.status != 0) {
    throw UserError(fmt::format("--ncu: {} has ended with status {}: {}", quote(all[0]), finished.status,
                                quote(error_line(finished.output), kErrorCharacters)));
  }
  return parse_counters(finished.output);
}

std::vector<std::optional<KernelCounters>> counters_of_steps(const runtime::Profile& profile,
                                                             const std::vector<KernelCounters>& counters) {
  std::vector<std::optional<KernelCounters>> steps;
  std::size_t next = 0;
  for (const runtime::Profile::Step& step : profile.steps) {
    steps.emplace_back();
    if (step.blocks == 0) continue;
    const std::string found = next < counters.size() ? counters[next].kernel : "no further kernel";
    if (found != step.name) {
      throw UserError(fmt::format("--ncu: where the profile has {}, ncu reports {}", quote(step.name), quote(found)));
    }
    steps.back() = counters[next++];
  }
  if (next == counters.size()) return steps;
  throw UserError(
      fmt::format("--ncu: behind the last kernel of the profile ncu reports {}", quote(counters[next].kernel)));
}

Table counters_table(const std::vector<std::optional<KernelCounters>>& steps) {
  std::vector<std::string> heads = {"<step"};
  for (const CounterColumn& column : counter_columns()) heads.emplace_back(column.head);
  Table table(heads);
  for (const auto& step : steps) {
    if (!step) continue;
    std::vector<std::string> row = {step->kernel};
    for (std::size_t k = 0; k < step->values.size(); ++k) {
      const auto& value = step->values[k];
      row.push_back(value ? fmt::format("{:.4g}", *value * counter_columns()[k].scale) : "-");
    }
    table.add(std::move(row));
  }
  return table;
}

nlohmann::json counters_json(const KernelCounters& counters) {
  nlohmann::json out = nlohmann::json::object();
  for (std::size_t k = 0; k < counters.values.size(); ++k) {
    const auto& value = counters.values[k];
    out[counter_columns()[k].key] = value ? nlohmann::json(*value) : nlohmann::json();
  }
  return out;
}

}  // namespace mlffgen::cli
