#include "cli/compile_report.h"

#include <fmt/format.h>

#include <string>

#include "cli/table.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

Table stages(const json& report) {
  Table table({"<stage", "seconds"});
  for (const json& stage : report.at("seconds")) {
    table.add({stage.at("stage"), fmt::format("{:.3f}", stage.at("seconds").get<double>())});
  }
  return table;
}

Table host_code(const json& report) {
  Table table({"<cpu", "size", "vectorised loops"});
  for (const json& target : report.at("host")) {
    table.add({target.at("cpu"), size_text(target.at("bytes")), target.at("vectorised_loops").dump()});
  }
  return table;
}

Table kernels(const json& target) {
  Table table({"<kernel", "registers", "spill bytes", "shared", "blocks/SM", "occupancy"});
  for (const json& kernel : target.at("kernels")) {
    table.add({kernel.at("name"), kernel.at("registers").dump(), kernel.at("spill_bytes").dump(),
               size_text(kernel.at("shared_bytes")), kernel.at("blocks_per_multiprocessor").dump(),
               fmt::format("{:.0f} %", 100 * kernel.at("occupancy").get<double>())});
  }
  return table;
}

Table splines(const json& report) {
  Table table({"<function", "channels", "value error", "slope error"});
  for (const json& spline : report.at("splines")) {
    table.add({spline.at("function"), spline.at("channels").dump(),
               fmt::format("{:.1e}", spline.at("value_error").get<double>()),
               fmt::format("{:.1e}", spline.at("derivative_error").get<double>())});
  }
  return table;
}

}  // namespace

void print_compile_report(const json& report) {
  fmt::print("{}: architecture {}, {} precision, {} phases, {} of features an atom\n",
             report.at("model").get<std::string>(), report.at("architecture").get<std::string>(),
             report.at("precision").get<std::string>(), report.at("phases").get<int>(),
             size_text(report.at("bytes_per_atom")));
  print_section("time", stages(report));
  print_section("host code", host_code(report));
  for (const json& target : report.at("gpu")) {
    print_section(fmt::format("kernels for {} (registers and bytes a thread, shared memory a block)",
                              target.at("arch").get<std::string>()),
                  kernels(target));
  }
  if (report.contains("spline_grid")) {
    const json& grid = report.at("spline_grid");
    print_section(fmt::format("radial tables: degree {}, {} intervals; errors relative to the largest value",
                              grid.at("degree").get<int>(), grid.at("intervals").get<int>()),
                  splines(report));
  }
}

}  // namespace mlffgen::cli
