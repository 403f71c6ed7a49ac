// What `mlffgen profile` says: a row for each step of a call, how far they account for it, and on a GPU the roofline.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/profile_counters.h"
#include "cli/profile_roofline.h"
#include "runtime/profile.h"

namespace mlffgen::cli {

struct ProfileReport {
  std::string model, precision, device;
  int threads = 0;  // 0: on a GPU
  runtime::ProfileOptions options;
  runtime::Profile profile;
  std::optional<Roofline> roofline;                     // of a GPU
  std::vector<std::optional<KernelCounters>> counters;  // of the steps, if they were asked for
};

void print_profile_report(const ProfileReport& report);
nlohmann::json profile_json(const ProfileReport& report);

}  // namespace mlffgen::cli
