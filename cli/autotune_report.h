// What `mlffgen autotune` says in the end, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tuning/tuner.h"

namespace mlffgen::cli {

struct AutotuneReport {
  std::string model, precision, device, folder;  // folder of the wisdom
  std::vector<std::string> sizes;                // as the user gave them, in the order of `tuning.sizes`
  std::vector<int> n_atoms;                      // that they really have
  tuning::TuningReport tuning;
  double seconds = 0;
  std::string stopped_by;  // a signal's name; "" for none
};

void print_autotune_report(const AutotuneReport& report);
nlohmann::json autotune_json(const AutotuneReport& report);

}  // namespace mlffgen::cli
