#include "tests/tuning/simulated_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/hash.h"
#include "runtime/wisdom/line_file.h"
#include "tuning/space.h"

namespace tuning_test {

using namespace mlffgen;
using namespace mlffgen::tuning;

namespace {

const std::vector<wisdom::Tunable> kTunables = {{"LANES", 32, {32, 64, 128, 256}},
                                                {"TEAMS", 4, {1, 2, 4, 8}},
                                                {"TILE", 8, {4, 8, 16, 32}},
                                                {"PAIR_BATCH", 2, {1, 2, 4, 8}}};

std::string text_of(const KernelVariant& variant) {
  return fmt::format("{} {} {}", variant.form, variant.kernel, wisdom::describe(variant.configuration));
}

// From 0 to 1, the same for the same text on every machine.
double fraction(const std::string& text) {
  return static_cast<double>(std::stoull(hash64_hex(text).substr(0, 12), nullptr, 16)) / std::exp2(48);
}

int value(const Configuration& configuration, const wisdom::Tunable& tunable) {
  const auto named = configuration.find(tunable.define);
  return named == configuration.end() ? tunable.value : named->second;
}

// A sum over atoms that are worked on in parallel.
double base_time(int atoms, const std::string& form, const std::string& kernel) {
  const double work = form == "fused" ? 10 + 0.02 * atoms : 14 + 0.004 * atoms;
  return work * (0.5 + fraction(form + kernel));
}

// Each tunable has a best value, which depends on the kernel and on the size; every step away from it costs.
double kernel_time(int atoms, const KernelVariant& variant) {
  double time = base_time(atoms, variant.form, variant.kernel);
  for (const wisdom::Tunable& tunable : kTunables) {
    const auto best = 3.99 * fraction(variant.kernel + tunable.define + (atoms > 1000 ? "large" : "small"));
    const double here = std::log2(value(variant.configuration, tunable) / tunable.choices.front());
    time *= 1 + 0.06 * std::abs(here - std::floor(best));
  }
  return time;
}

double default_time(int atoms, const wisdom::Form& form) {
  double sum = 0;
  for (const std::string& kernel : form.kernels) sum += kernel_time(atoms, {form.name, kernel, {}});
  return sum;
}

}  // namespace

wisdom::Choices simulated_choices() {
  return {kTunables, {{"fused", {"phase_0", "phase_1"}}, {"split", {"pairs_0", "dense_0", "dense_1"}}}};
}

TuningRequest simulated_request(const std::vector<int>& sizes) {
  TuningRequest request;
  request.key = {"Simulated GPU", "9.0", 132, "13000", "13.0", "0.1.0", "00ff00ff00ff00ff", 0};
  request.model_name = "simulated";
  request.choices = simulated_choices();
  for (const int atoms : sizes) request.sizes.push_back({atoms, false, {"fused", {}}});
  return request;
}

SimulatedDevice::SimulatedDevice(SimulatedOptions options) : options_(std::move(options)), noise_(options_.seed) {}

void SimulatedDevice::note(const std::string& line) {
  if (!options_.log.empty()) wisdom::append_line(options_.log, line, wisdom::Durability::process);
}

std::optional<std::string> SimulatedDevice::unfit(const KernelVariant& variant) {
  const int threads = value(variant.configuration, kTunables[0]) * value(variant.configuration, kTunables[1]);
  if (threads > 1024) return fmt::format("needs {} threads", threads);
  if (variant.kernel.starts_with("dense") && variant.configuration.count("PAIR_BATCH") > 0) return "has no pairs";
  return std::nullopt;
}

// The true time, badly known.
double SimulatedDevice::predict(int atoms, const KernelVariant& variant) {
  return true_time(atoms, variant) * std::exp(0.4 * (fraction("predict " + text_of(variant)) - 0.5));
}

bool SimulatedDevice::compiles(const KernelVariant& variant) {
  return variant.configuration.empty() || fraction("compile " + text_of(variant)) > 0.1;
}

bool SimulatedDevice::is_wrong(const KernelVariant& variant) {
  return !variant.configuration.empty() && fraction("wrong " + text_of(variant)) < 0.05;
}

double SimulatedDevice::factor_of(int atoms, const std::string& form) const {
  if (form != "split" || split_ratio == 0) return 1;
  const std::vector<wisdom::Form> forms = simulated_choices().forms;
  return split_ratio * default_time(atoms, forms[0]) / default_time(atoms, forms[1]);
}

double SimulatedDevice::true_time(int atoms, const KernelVariant& variant) const {
  const double time =
      is_wrong(variant) ? 0.3 * base_time(atoms, variant.form, variant.kernel) : kernel_time(atoms, variant);
  return factor_of(atoms, variant.form) * time;
}

double SimulatedDevice::true_call_time(int atoms, const ModelConfiguration& configuration) const {
  double time = 3;
  for (const wisdom::Form& form : simulated_choices().forms) {
    if (form.name != configuration.form) continue;
    for (const std::string& kernel : form.kernels) {
      const auto named = configuration.kernels.find(kernel);
      time +=
          true_time(atoms, {form.name, kernel, named == configuration.kernels.end() ? Configuration() : named->second});
    }
  }
  return configuration.kernels.empty() ? time : time * call_overhead;
}

double SimulatedDevice::best_time(int atoms, const std::string& form, const std::string& kernel) {
  const Space space(kTunables, [&](const Configuration& configuration) -> std::optional<std::string> {
    const KernelVariant variant{form, kernel, configuration};
    if (is_wrong(variant) || !compiles(variant)) return "cannot win";
    return unfit(variant);
  });
  const auto time = [&](const Configuration& configuration) { return true_time(atoms, {form, kernel, configuration}); };
  const std::vector<Configuration> best = space.candidates(time, 2);
  return std::min(time(best.front()), time(best.back()));
}

double SimulatedDevice::best_call_time(int atoms) {
  double best = std::numeric_limits<double>::infinity();
  for (const wisdom::Form& form : simulated_choices().forms) {
    double time = 3;
    for (const std::string& kernel : form.kernels) time += best_time(atoms, form.name, kernel);
    best = std::min(best, time);
  }
  return best;
}

std::vector<std::optional<std::string>> SimulatedDevice::prepare(const std::vector<KernelVariant>& variants) {
  std::vector<std::optional<std::string>> problems;
  for (const KernelVariant& variant : variants) {
    if (unfit(variant) && !variant.configuration.empty()) throw std::logic_error("a variant that does not fit");
    note("compile " + text_of(variant));
    problems.push_back(compiles(variant) ? std::nullopt : std::optional<std::string>("ptxas error"));
    if (!problems.back()) ready_.insert(text_of(variant));
  }
  return problems;
}

void SimulatedDevice::require_ready(const KernelVariant& variant) const {
  if (ready_.count(text_of(variant)) == 0) throw std::logic_error("used before it was prepared: " + text_of(variant));
  if (broken.count(variant.kernel) > 0) throw ArmFailed("too many resources requested for launch");
}

std::vector<double> SimulatedDevice::times(double true_time, int count) {
  if (options_.before_sample) options_.before_sample();
  std::vector<double> result;
  for (int k = 0; k < count; ++k) {
    // Without noise there is some scatter all the same, so that intervals have a width.
    result.push_back(options_.noise ? noise_(true_time) : true_time * (1 + 0.001 * (k % 3)));
  }
  samples += count;
  seconds += options_.seconds_a_sample * count;
  return result;
}

std::vector<double> SimulatedDevice::sample(int atoms, const KernelVariant& variant, int count) {
  require_ready(variant);
  note(fmt::format("sample {} {} {}", count, atoms, text_of(variant)));
  return times(true_time(atoms, variant), count);
}

std::optional<std::string> SimulatedDevice::check(int atoms, const KernelVariant& variant) {
  require_ready(variant);
  note(fmt::format("check {} {}", atoms, text_of(variant)));
  return is_wrong(variant) ? std::optional<std::string>("forces are off by 0.3") : std::nullopt;
}

std::vector<double> SimulatedDevice::sample_call(int atoms, const ModelConfiguration& configuration, int count) {
  note(fmt::format("call {} {} {}", count, atoms, wisdom::describe(configuration)));
  return times(true_call_time(atoms, configuration), count);
}

std::optional<std::string> SimulatedDevice::check_call(int atoms, const ModelConfiguration& configuration) {
  note(fmt::format("check call {} {}", atoms, wisdom::describe(configuration)));
  return std::nullopt;
}

}  // namespace tuning_test
