// What the GPU's own counters say of the kernels of a call, read by Nsight Compute (`ncu`), which runs this program
// again.
//
// Throws UserError where ncu is missing, may not read the counters, or reports what cannot be read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/table.h"
#include "runtime/profile.h"

namespace mlffgen::cli {

// Numbers of one launch, in the order of counter_columns(); none where ncu has none.
struct KernelCounters {
  std::string kernel;
  std::vector<std::optional<double>> values;
};

struct CounterColumn {
  const char* metric;  // of ncu
  const char* key;     // of JSON
  const char* head;    // of the table
  double scale;        // from ncu's base unit to the table's
};
const std::vector<CounterColumn>& counter_columns();

// $PATH, then $CUDA_HOME/bin, /usr/local/cuda*/bin and /opt/nvidia/nsight-compute/*, the newest first.
std::filesystem::path find_ncu();

// What ncu puts before the words of the program that it is to run.
std::vector<std::string> ncu_words(const std::filesystem::path& ncu);

// From what `ncu --csv --page raw` has written.
std::vector<KernelCounters> parse_counters(std::string_view output);

// Runs this program with the words under ncu.
std::vector<KernelCounters> read_counters(const std::vector<std::string>& words);

// Those of each step; none for what is no kernel. UserError unless the launches are those of the profile, in order.
std::vector<std::optional<KernelCounters>> counters_of_steps(const runtime::Profile& profile,
                                                             const std::vector<KernelCounters>& counters);

Table counters_table(const std::vector<std::optional<KernelCounters>>& steps);
nlohmann::json counters_json(const KernelCounters& counters);

}  // namespace mlffgen::cli
