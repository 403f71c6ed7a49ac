// What `mlffgen eval` says: one row a frame, and a summary.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/comparison.h"
#include "cli/frames.h"
#include "cli/statistics.h"
#include "runtime/load_times.h"

namespace mlffgen::cli {

struct FrameReport {
  int index = 0;  // in the file, from 0
  std::string name;
  std::size_t n_atoms = 0;
  double energy = 0;                         // energy unit
  std::optional<double> rms_force, largest;  // components, energy unit / length unit
  std::optional<Comparison> comparison;
  std::optional<Timing> timing;
};

struct EvalReport {
  std::string model, precision, device;
  int threads = 0;                         // 0: on a GPU
  double load_ms = 0;                      // from the file's content to a model ready to run
  std::optional<runtime::LoadTimes> load;  // its steps, on a GPU
  std::optional<double> first_call_ms;     // in which memory is made, and a GPU's graph is recorded
  Units units;
  std::vector<FrameReport> frames;
  std::optional<ComparisonSummary> comparison;
  std::optional<Timing> timing;  // of all calls together
};

FrameReport frame_report(int index, const runtime::Frame& frame, const runtime::Result& result);

void print_eval_report(const EvalReport& report);
nlohmann::json eval_json(const EvalReport& report);

}  // namespace mlffgen::cli
