// A profile against the roofline: what each step works out and moves, how long the GPU's measured limits let that take,
// which of them binds, and how much time is left to win.
//
// Work is what the compiler counts (runtime/kernel_cost.h), not what hardware counts. The limits that a multiprocessor
// has are those of as many of them as the launch has blocks for: nine blocks cannot use 132.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/kernel_cost.h"
#include "runtime/kernels/device_limits.h"
#include "runtime/profile.h"

namespace mlffgen::cli {

enum class Limit { launch, multiply_adds, products, memory, gathers, l1, weights };
inline constexpr std::size_t kLimits = 7;
const char* limit_name(Limit limit);  // "device memory"
const char* limit_key(Limit limit);   // of JSON: "memory"

// Of a step whose work is known.
struct StepWork {
  runtime::KernelWork work;
  double flops_per_second = 0, tensor_flops_per_second = 0, bytes_per_second = 0;  // reached
};

// Microseconds that each limit lets the step take at least. The largest is its floor, and what it belongs to binds.
struct StepFloor {
  std::array<double, kLimits> least{};
  Limit bound = Limit::launch;
  double floor = 0;
  double of_limit = 0;   // floor over time: 1 for a step that cannot be quicker
  double potential = 0;  // microseconds of time beyond the floor, not below zero
};

struct StepRoof {
  std::optional<StepWork> work;    // none: not modelled
  std::optional<StepFloor> floor;  // none without limits
};

struct Roofline {
  std::vector<StepRoof> steps;  // those of the profile
  std::optional<kernels::DeviceLimits> limits;
  bool counted = true;  // false: the model carries no costs

  // Of the steps that are modelled.
  double time = 0, flops = 0, tensor_flops = 0, bytes = 0;
  double floor = 0, potential = 0;
  std::vector<std::size_t> priorities;  // steps by potential, the largest first
};

// Costs by the names of kernels; the runtime's own reductions are known besides.
Roofline roofline_of(const runtime::Profile& profile, const std::map<std::string, runtime::KernelCost>& costs,
                     runtime::Precision precision, const std::optional<kernels::DeviceLimits>& limits);

}  // namespace mlffgen::cli
