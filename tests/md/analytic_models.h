// Force fields that can be worked out on paper, as evaluators.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/md/simulation.h"

namespace mlffgen::md {

// Fills energy and forces of one structure.
using Field = std::function<void(const runtime::Structure&, runtime::Result&)>;

class AnalyticModel : public runtime::Evaluator {
 public:
  explicit AnalyticModel(Field field, const std::string& length = "angstrom", const std::string& energy = "eV");
  const runtime::Plan& plan() const override { return plan_; }
  std::string device() const override { return "paper"; }
  // Throws StructureError for a position or energy that is not finite.
  void evaluate(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions& options,
                std::vector<runtime::Result>& results) override;

  int calls = 0;

 private:
  Field field_;
  runtime::Plan plan_;
};

// Every atom bound to the origin: energy k r^2 / 2 each.
Field wells(double k);
// Atoms 0 and 1 by a spring: energy k (r - rest)^2 / 2.
Field spring(double k, double rest);
// All pairs, isolated: 4 epsilon ((sigma / r)^12 - (sigma / r)^6).
Field lennard_jones(double epsilon, double sigma);

runtime::Structure molecule(const std::vector<int>& numbers, const std::vector<Vector3>& positions);
// A cluster of argon near its minimum for lennard_jones(0.0104, 3.4).
runtime::Structure argon_cluster();

// A state of all systems at their start, velocities drawn at the temperature of the dynamics.
State start_state(const Systems& systems, const Dynamics& dynamics);

}  // namespace mlffgen::md
