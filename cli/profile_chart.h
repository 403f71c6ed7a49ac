// The roofline of a profile as a chart: what each kernel reaches, below what the GPU was measured to give.
#pragma once

#include <string>

#include "cli/profile_roofline.h"
#include "cli/svg_chart.h"

namespace mlffgen::cli {

// One point a kernel with operations: operations a second over operations a byte. `subtitle` begins the footnote and
// says what was profiled. Needs limits.
PointChart roofline_chart(const std::string& title, const std::string& subtitle, const runtime::Profile& profile,
                          const Roofline& roofline);

}  // namespace mlffgen::cli
