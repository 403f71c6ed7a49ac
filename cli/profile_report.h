// What `mlffgen profile` says: a row for each step of a call, and how far they account for it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/profile.h"

namespace mlffgen::cli {

struct ProfileReport {
  std::string model, precision, device;
  int threads = 0;  // 0: on a GPU
  runtime::ProfileOptions options;
  runtime::Profile profile;
};

void print_profile_report(const ProfileReport& report);
nlohmann::json profile_json(const ProfileReport& report);

}  // namespace mlffgen::cli
