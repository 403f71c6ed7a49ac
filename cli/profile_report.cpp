#include "cli/profile_report.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "cli/profile_roofline_report.h"
#include "cli/table.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;
using runtime::Profile;
using runtime::Spread;

std::string time_text(double microseconds) { return fmt::format("{:.1f}", microseconds); }
std::string share_text(double part, double whole) { return fmt::format("{:.1f} %", 100 * part / whole); }
std::string count_text(unsigned count) { return count > 0 ? std::to_string(count) : ""; }

// Medians of the parts of a call, in order.
std::vector<std::pair<std::string, double>> parts_of(const Profile& profile) {
  std::vector<std::pair<std::string, double>> parts;
  for (const Profile::Step& step : profile.steps) {
    if (parts.empty() || parts.back().first != step.part) parts.emplace_back(step.part, 0);
    parts.back().second += step.time.median;
  }
  return parts;
}

// The sum of the steps over the time from the start of the first to the end of the last, by the same clock.
double accounted(const Profile& profile) { return profile.sum_of_steps() / profile.all_steps.median; }

Table steps_table(const Profile& profile, bool on_gpu) {
  const double sum = profile.sum_of_steps();
  std::vector<std::string> heads = {"<part", "<step", "median", "5 %", "95 %", "share"};
  if (on_gpu) heads.insert(heads.end(), {"blocks", "threads", "shared", "copied"});
  Table table(heads);
  for (const Profile::Step& step : profile.steps) {
    std::vector<std::string> row = {step.part,
                                    step.name,
                                    time_text(step.time.median),
                                    time_text(step.time.p5),
                                    time_text(step.time.p95),
                                    share_text(step.time.median, sum)};
    if (on_gpu) {
      row.insert(row.end(), {count_text(step.blocks), count_text(step.threads), count_text(step.shared_bytes),
                             step.bytes > 0 ? size_text(step.bytes) : ""});
    }
    table.add(std::move(row));
  }
  return table;
}

Table parts_table(const Profile& profile) {
  Table table({"<part", "median", "share"});
  for (const auto& [part, time] : parts_of(profile)) {
    table.add({part, time_text(time), share_text(time, profile.sum_of_steps())});
  }
  return table;
}

Table call_table(const Profile& profile) {
  Table table({"<", "median", "5 %", "95 %", "of the call"});
  const auto add = [&](const std::string& what, const Spread& time) {
    table.add({what, time_text(time.median), time_text(time.p5), time_text(time.p95),
               share_text(time.median, profile.call.median)});
  };
  table.add({"sum of the steps", time_text(profile.sum_of_steps()), "", "",
             share_text(profile.sum_of_steps(), profile.call.median)});
  add("from the first to the last step", profile.all_steps);
  if (profile.graph) add("the steps as one graph", *profile.graph);
  if (profile.plain_call) add("the call without a graph", *profile.plain_call);
  add(profile.graph ? "the call, with a graph" : "the call", profile.call);
  return table;
}

json spread_json(const Spread& spread) {
  return {{"median_us", spread.median}, {"p5_us", spread.p5}, {"p95_us", spread.p95}};
}

json optional_json(const std::optional<Spread>& spread) { return spread ? spread_json(*spread) : json(); }

}  // namespace

void print_profile_report(const ProfileReport& report) {
  const Profile& profile = report.profile;
  const bool on_gpu = report.threads == 0;
  fmt::print("{}: {} precision, {}; {} system{}, {} atoms, {} pairs, {} atom{} a block\n", report.model,
             report.precision, report.device, profile.n_systems, profile.n_systems == 1 ? "" : "s", profile.n_atoms,
             profile.n_pairs, profile.tile_atoms, profile.tile_atoms == 1 ? "" : "s");
  print_section(fmt::format("steps{}, microseconds, {} calls after {}", on_gpu ? " launched one by one" : "",
                            report.options.repeats, report.options.warm_up),
                steps_table(profile, on_gpu));
  print_section("parts", parts_table(profile));
  print_section("the whole call", call_table(profile));
  fmt::print("the steps account for {:.1f} % of the time from the first to the last\n", 100 * accounted(profile));
  if (report.roofline) print_roofline(profile, *report.roofline);
  print_section("the GPU's counters, by Nsight Compute", counters_table(report.counters));
}

json profile_json(const ProfileReport& report) {
  const Profile& profile = report.profile;
  const double sum = profile.sum_of_steps();
  json out = {{"model", report.model},
              {"precision", report.precision},
              {"device", report.device},
              {"systems", profile.n_systems},
              {"atoms", profile.n_atoms},
              {"pairs", profile.n_pairs},
              {"tile_atoms", profile.tile_atoms},
              {"repeats", report.options.repeats},
              {"warm_up", report.options.warm_up},
              {"steps", json::array()},
              {"parts", json::array()},
              {"sum_of_steps_us", sum},
              {"all_steps", spread_json(profile.all_steps)},
              {"graph", optional_json(profile.graph)},
              {"plain_call", optional_json(profile.plain_call)},
              {"call", spread_json(profile.call)},
              {"accounted", accounted(profile)},
              {"accounted_of_call", sum / profile.call.median}};
  if (report.threads > 0) out["threads"] = report.threads;
  for (const Profile::Step& step : profile.steps) {
    json row = spread_json(step.time);
    row["part"] = step.part;
    row["name"] = step.name;
    row["share"] = step.time.median / sum;
    if (step.blocks > 0) {
      row["blocks"] = step.blocks;
      row["threads"] = step.threads;
      row["shared_bytes"] = step.shared_bytes;
    }
    if (step.bytes > 0) row["bytes"] = step.bytes;
    out["steps"].push_back(std::move(row));
  }
  for (const auto& [part, time] : parts_of(profile)) {
    out["parts"].push_back({{"part", part}, {"median_us", time}, {"share", time / sum}});
  }
  if (report.roofline) add_roofline_json(out, profile, *report.roofline);
  for (std::size_t k = 0; k < report.counters.size(); ++k) {
    out["steps"][k]["counters"] = report.counters[k] ? counters_json(*report.counters[k]) : json();
  }
  return out;
}

}  // namespace mlffgen::cli
