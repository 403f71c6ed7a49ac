// What `mlffgen profile` says of a GPU's steps against its limits.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/profile_roofline.h"

namespace mlffgen::cli {

// Tables: the limits, the steps against them, and where time is left to win; what is not modelled is named.
void print_roofline(const runtime::Profile& profile, const Roofline& roofline);

// Adds to the report of a profile: keys to each of "steps", and "limits", "totals" and "priorities".
void add_roofline_json(nlohmann::json& report, const runtime::Profile& profile, const Roofline& roofline);

}  // namespace mlffgen::cli
