#include "cli/profile_roofline_report.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/table.h"

namespace mlffgen::cli {
namespace {

using kernels::DeviceLimits;
using kernels::Rate;
using nlohmann::json;
using runtime::Profile;

// Three digits, but no exponent.
std::string number_text(double value) {
  if (value == 0) return "0";
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, value >= 10 ? 1 : value >= 0.1 ? 2 : 4);
}
std::string percent_text(double part) { return fmt::format("{:.1f} %", 100 * part); }

struct NamedRate {
  const char *key, *name, *unit;
  Rate DeviceLimits::* rate;
  double scale;
};
constexpr NamedRate kRates[] = {
    {"copy", "device memory, read and written", "GB/s", &DeviceLimits::copy, 1e-9},
    {"gather", "gathers of 512-byte rows, L2 and L1", "GB/s", &DeviceLimits::gather, 1e-9},
    {"table", "rows of a small table, L1", "GB/s", &DeviceLimits::table, 1e-9},
    {"weights", "weights read by all blocks, L2", "GB/s", &DeviceLimits::weights, 1e-9},
    {"block_weights", "weights read by one block", "GB/s", &DeviceLimits::block_weights, 1e-9},
    {"multiply_adds", "multiply-adds", "TFLOP/s", &DeviceLimits::multiply_adds, 1e-12},
    {"products", "products of halves on tensor cores", "TFLOP/s", &DeviceLimits::products, 1e-12}};

Table limits_table(const DeviceLimits& limits) {
  Table table({"<", "median", "5 %", "95 %", "<"});
  for (const NamedRate& named : kRates) {
    const Rate& rate = limits.*named.rate;
    table.add({named.name, number_text(named.scale * rate.median), number_text(named.scale * rate.low),
               number_text(named.scale * rate.high), named.unit});
  }
  const auto add = [&](const char* name, const runtime::Spread& time) {
    table.add({name, number_text(time.median), number_text(time.p5), number_text(time.p95), "us"});
  };
  add("a launch in a graph", limits.node);
  if (limits.barrier) add("a barrier of all multiprocessors", *limits.barrier);
  return table;
}

Table steps_table(const Profile& profile, const Roofline& roofline) {
  std::vector<std::string> heads = {"<step", "median",  "MFLOP",          "tensor MFLOP",
                                    "MB",    "TFLOP/s", "tensor TFLOP/s", "GB/s"};
  if (roofline.limits) heads.insert(heads.end(), {"<bound by", "floor", "of limit", "left"});
  Table table(heads);
  for (std::size_t k = 0; k < roofline.steps.size(); ++k) {
    const StepRoof& roof = roofline.steps[k];
    if (!roof.work) continue;
    const runtime::KernelWork& work = roof.work->work;
    std::vector<std::string> row = {profile.steps[k].name,
                                    fmt::format("{:.1f}", profile.steps[k].time.median),
                                    number_text(1e-6 * work.flops),
                                    number_text(1e-6 * work.tensor_flops),
                                    number_text(1e-6 * work.bytes()),
                                    number_text(1e-12 * roof.work->flops_per_second),
                                    number_text(1e-12 * roof.work->tensor_flops_per_second),
                                    number_text(1e-9 * roof.work->bytes_per_second)};
    if (roof.floor) {
      row.insert(row.end(), {limit_name(roof.floor->bound), fmt::format("{:.1f}", roof.floor->floor),
                             percent_text(roof.floor->of_limit), fmt::format("{:.1f}", roof.floor->potential)});
    }
    table.add(std::move(row));
  }
  return table;
}

Table priorities_table(const Profile& profile, const Roofline& roofline) {
  Table table({"", "<step", "left", "of all steps", "<bound by"});
  int rank = 0;
  for (const std::size_t k : roofline.priorities) {
    const StepFloor& floor = *roofline.steps[k].floor;
    if (floor.potential <= 0) break;
    table.add({std::to_string(++rank), profile.steps[k].name, fmt::format("{:.1f}", floor.potential),
               percent_text(floor.potential / profile.sum_of_steps()),
               fmt::format("{} at {}", limit_name(floor.bound), percent_text(floor.of_limit))});
  }
  return table;
}

std::string totals_text(const Profile& profile, const Roofline& roofline) {
  std::string text = fmt::format("\nmodelled steps: {:.1f} us of {:.1f}, {} MFLOP and {} on tensor cores, {} MB",
                                 roofline.time, profile.sum_of_steps(), number_text(1e-6 * roofline.flops),
                                 number_text(1e-6 * roofline.tensor_flops), number_text(1e-6 * roofline.bytes));
  if (roofline.limits) {
    text += fmt::format("; floor {:.1f} us, {:.1f} us left", roofline.floor, roofline.potential);
  }
  std::vector<std::string> others;
  for (std::size_t k = 0; k < roofline.steps.size(); ++k) {
    const std::string& name = profile.steps[k].name;
    if (!roofline.steps[k].work && (others.empty() || others.back() != name)) others.push_back(name);
  }
  text += others.empty() ? "\n" : fmt::format("\nnot modelled: {}\n", join(others, ", "));
  if (!roofline.counted) text += "the model carries no counts of what its kernels work out; compile it again\n";
  return text;
}

json rate_json(const Rate& rate) { return {{"median", rate.median}, {"p5", rate.low}, {"p95", rate.high}}; }
json time_json(const runtime::Spread& time) {
  return {{"median_us", time.median}, {"p5_us", time.p5}, {"p95_us", time.p95}};
}

json limits_json(const DeviceLimits& limits) {
  json out = {{"multiprocessors", limits.multiprocessors}, {"launch", time_json(limits.node)}};
  for (const NamedRate& named : kRates) out[named.key] = rate_json(limits.*named.rate);
  out["barrier"] = limits.barrier ? time_json(*limits.barrier) : json();
  return out;
}

json work_json(const StepWork& step) {
  const runtime::KernelWork& work = step.work;
  return {{"flops", work.flops},
          {"tensor_flops", work.tensor_flops},
          {"gathered_bytes", work.gathered},
          {"table_bytes", work.tables},
          {"weight_bytes", work.weights},
          {"streamed_bytes", work.streamed},
          {"bytes", work.bytes()},
          {"flops_per_second", step.flops_per_second},
          {"tensor_flops_per_second", step.tensor_flops_per_second},
          {"bytes_per_second", step.bytes_per_second}};
}

json floor_json(const StepFloor& floor) {
  json least;
  for (std::size_t k = 0; k < kLimits; ++k) least[limit_key(static_cast<Limit>(k))] = floor.least[k];
  return {{"limits_us", least},
          {"bound", limit_key(floor.bound)},
          {"floor_us", floor.floor},
          {"of_limit", floor.of_limit},
          {"potential_us", floor.potential}};
}

}  // namespace

void print_roofline(const Profile& profile, const Roofline& roofline) {
  if (roofline.limits) print_section("limits of this GPU, measured", limits_table(*roofline.limits));
  print_section(roofline.limits ? "steps against the limits, microseconds" : "work of the steps, microseconds",
                steps_table(profile, roofline));
  print_section("where time is left, microseconds", priorities_table(profile, roofline));
  fmt::print("{}", totals_text(profile, roofline));
}

void add_roofline_json(json& report, const Profile& profile, const Roofline& roofline) {
  for (std::size_t k = 0; k < roofline.steps.size(); ++k) {
    const StepRoof& roof = roofline.steps[k];
    json& step = report["steps"][k];
    step["work"] = roof.work ? work_json(*roof.work) : json();
    step["roofline"] = roof.floor ? floor_json(*roof.floor) : json();
  }
  report["limits"] = roofline.limits ? limits_json(*roofline.limits) : json();
  report["totals"] = {{"modelled_us", roofline.time},
                      {"flops", roofline.flops},
                      {"tensor_flops", roofline.tensor_flops},
                      {"bytes", roofline.bytes}};
  if (!roofline.limits) return;
  report["totals"]["floor_us"] = roofline.floor;
  report["totals"]["potential_us"] = roofline.potential;
  report["priorities"] = json::array();
  for (const std::size_t k : roofline.priorities) {
    const StepFloor& floor = *roofline.steps[k].floor;
    report["priorities"].push_back({{"step", k},
                                    {"name", profile.steps[k].name},
                                    {"potential_us", floor.potential},
                                    {"bound", limit_key(floor.bound)}});
  }
}

}  // namespace mlffgen::cli
