// The configurations that a kernel may have: every combination of the tunables' choices that the GPU can run, in the
// order in which they are worth trying.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/wisdom/configuration.h"

namespace mlffgen::tuning {

using wisdom::Configuration;

// Configurations are canonical: values that are defaults are not named.
class Space {
 public:
  // Why the kernel cannot run with the configuration ("needs 2048 threads a block"), or why it is not worth a name of
  // its own ("the kernel has no pairs"); nothing if it can.
  using Fits = std::function<std::optional<std::string>(const Configuration&)>;
  // The time to expect, in any unit; only the order counts.
  using Predict = std::function<double(const Configuration&)>;

  Space(std::vector<wisdom::Tunable> tunables, Fits fits);

  // The default first, whether it fits or not; then all that fit, the fastest by prediction first, of equally fast ones
  // the nearest to the default (distance), of equally near ones in alphabetical order. At most `most` in all.
  std::vector<Configuration> candidates(const Predict& predict, std::size_t most) const;

  // All that fit and differ in one tunable by one step: to the next larger or smaller of its choices. In the order of
  // the tunables, smaller values first.
  std::vector<Configuration> neighbours(const Configuration& configuration) const;

  // Steps from the default, of all tunables together.
  int distance(const Configuration& configuration) const;

 private:
  // All values of the tunables from this one on, in place.
  void visit(std::size_t from, Configuration& configuration, const std::function<void()>& visitor) const;

  std::vector<wisdom::Tunable> tunables_;  // choices in rising order, the default among them
  Fits fits_;
};

}  // namespace mlffgen::tuning
