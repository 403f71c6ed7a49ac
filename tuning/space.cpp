#include "tuning/space.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

namespace mlffgen::tuning {
namespace {

int index_of(const std::vector<int>& choices, int value) {
  return static_cast<int>(std::lower_bound(choices.begin(), choices.end(), value) - choices.begin());
}

int value_of(const Configuration& configuration, const wisdom::Tunable& tunable) {
  const auto named = configuration.find(tunable.define);
  return named == configuration.end() ? tunable.value : named->second;
}

// Keeps the configuration canonical.
void set(Configuration& configuration, const wisdom::Tunable& tunable, int value) {
  if (value == tunable.value) {
    configuration.erase(tunable.define);
  } else {
    configuration[tunable.define] = value;
  }
}

}  // namespace

Space::Space(std::vector<wisdom::Tunable> tunables, Fits fits)
    : tunables_(std::move(tunables)), fits_(std::move(fits)) {
  for (wisdom::Tunable& tunable : tunables_) {
    tunable.choices.push_back(tunable.value);
    std::sort(tunable.choices.begin(), tunable.choices.end());
    const auto repeated = std::unique(tunable.choices.begin(), tunable.choices.end());
    tunable.choices.erase(repeated, tunable.choices.end());
  }
}

std::vector<Configuration> Space::candidates(const Predict& predict, std::size_t most) const {
  std::vector<std::tuple<double, int, Configuration>> order;
  Configuration configuration;
  visit(0, configuration, [&] {
    if (configuration.empty() || fits_(configuration)) return;
    order.emplace_back(predict(configuration), distance(configuration), configuration);
  });
  std::sort(order.begin(), order.end());
  std::vector<Configuration> best = {{}};
  for (auto it = order.begin(); it != order.end() && best.size() < most; ++it) best.push_back(std::get<2>(*it));
  return best;
}

void Space::visit(std::size_t from, Configuration& configuration, const std::function<void()>& visitor) const {
  if (from == tunables_.size()) return visitor();
  for (const int value : tunables_[from].choices) {
    set(configuration, tunables_[from], value);
    visit(from + 1, configuration, visitor);
  }
  set(configuration, tunables_[from], tunables_[from].value);
}

std::vector<Configuration> Space::neighbours(const Configuration& configuration) const {
  std::vector<Configuration> near;
  for (const wisdom::Tunable& tunable : tunables_) {
    const int place = index_of(tunable.choices, value_of(configuration, tunable));
    for (const int next : {place - 1, place + 1}) {
      if (next < 0 || next >= static_cast<int>(tunable.choices.size())) continue;
      Configuration changed = configuration;
      set(changed, tunable, tunable.choices[static_cast<std::size_t>(next)]);
      if (changed.empty() || !fits_(changed)) near.push_back(std::move(changed));
    }
  }
  return near;
}

int Space::distance(const Configuration& configuration) const {
  int steps = 0;
  for (const wisdom::Tunable& tunable : tunables_) {
    const int value = value_of(configuration, tunable);
    steps += std::abs(index_of(tunable.choices, value) - index_of(tunable.choices, tunable.value));
  }
  return steps;
}

}  // namespace mlffgen::tuning
