#include "cli/autotune_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/table.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;
using tuning::TunedKernel;
using tuning::TunedSize;

const char* outcome_name(TunedSize::Outcome outcome) {
  switch (outcome) {
    case TunedSize::Outcome::tuned:
      return "tuned";
    case TunedSize::Outcome::heuristic:
      return "heuristic";
    case TunedSize::Outcome::known:
      return "known";
    case TunedSize::Outcome::unfinished:
      return "unfinished";
  }
  throw InternalError("a tuning without an outcome");
}

std::string time_text(double microseconds, double error) {
  return error > 0 ? fmt::format("{:.1f} ± {:.1f}", microseconds, error) : fmt::format("{:.1f}", microseconds);
}
std::string gain_text(double before, double after) { return after > 0 ? fmt::format("{:.2f}x", before / after) : ""; }

Table sizes_table(const AutotuneReport& report) {
  Table table({"<size", "atoms", "<outcome", "default, us", "best, us", "gain", "<form"});
  for (std::size_t k = 0; k < report.sizes.size(); ++k) {
    const TunedSize& size = report.tuning.sizes[k];
    std::vector<std::string> row = {report.sizes[k], std::to_string(report.n_atoms[k]), outcome_name(size.outcome)};
    if (size.entry) {
      const auto& entry = *size.entry;
      row.insert(row.end(), {time_text(entry.heuristic_us, entry.heuristic_error_us),
                             time_text(entry.tuned_us, entry.tuned_error_us),
                             gain_text(entry.heuristic_us, entry.tuned_us), entry.best.form});
    }
    table.add(std::move(row));
  }
  return table;
}

Table kernels_table(const TunedSize& size) {
  Table table({"<form", "<kernel", "default, us", "best, us", "gain", "<configuration"});
  for (const TunedKernel& kernel : size.kernels) {
    table.add({kernel.form, kernel.kernel, time_text(kernel.default_us, 0), time_text(kernel.best_us, 0),
               gain_text(kernel.default_us, kernel.best_us), wisdom::describe(kernel.best)});
  }
  return table;
}

json size_json(const AutotuneReport& report, std::size_t k) {
  const TunedSize& size = report.tuning.sizes[k];
  json out = {{"size", report.sizes[k]},  {"n_atoms", report.n_atoms[k]},
              {"atoms", size.atoms},      {"outcome", outcome_name(size.outcome)},
              {"kernels", json::array()}, {"rejected", size.rejected}};
  if (size.entry) {
    const auto& entry = *size.entry;
    out["default_us"] = entry.heuristic_us;
    out["default_error_us"] = entry.heuristic_error_us;
    out["best_us"] = entry.tuned_us;
    out["best_error_us"] = entry.tuned_error_us;
    out["form"] = entry.best.form;
    out["configuration"] = entry.best.kernels;
  }
  for (const TunedKernel& kernel : size.kernels) {
    out["kernels"].push_back({{"form", kernel.form},
                              {"kernel", kernel.kernel},
                              {"default_us", kernel.default_us},
                              {"best_us", kernel.best_us},
                              {"configuration", kernel.best}});
  }
  return out;
}

}  // namespace

void print_autotune_report(const AutotuneReport& report) {
  fmt::print("{}: {} precision, {}; {:.1f} s\n", report.model, report.precision, report.device, report.seconds);
  print_section("calls, medians on the GPU's clock with half the width of their 99 % intervals", sizes_table(report));
  for (std::size_t k = 0; k < report.sizes.size(); ++k) {
    const TunedSize& size = report.tuning.sizes[k];
    print_section(fmt::format("kernels alone, {}", report.sizes[k]), kernels_table(size));
    if (!size.rejected.empty()) {
      fmt::print("{} candidates of {} were rejected; --json says why\n", size.rejected.size(), report.sizes[k]);
    }
  }
  const auto is_unfinished = [](const TunedSize& size) { return size.outcome == TunedSize::Outcome::unfinished; };
  if (!report.stopped_by.empty()) fmt::print("\nended by {}\n", report.stopped_by);
  if (std::ranges::any_of(report.tuning.sizes, is_unfinished)) {
    fmt::print("\nsizes are unfinished: the same command goes on from here\n");
  }
  fmt::print("\nwisdom is in {}\n", report.folder);
}

json autotune_json(const AutotuneReport& report) {
  json out = {{"model", report.model},
              {"precision", report.precision},
              {"device", report.device},
              {"wisdom", report.folder},
              {"seconds", report.seconds},
              {"stopped_by", report.stopped_by},
              {"warnings", report.tuning.warnings},
              {"sizes", json::array()}};
  for (std::size_t k = 0; k < report.sizes.size(); ++k) out["sizes"].push_back(size_json(report, k));
  return out;
}

}  // namespace mlffgen::cli
