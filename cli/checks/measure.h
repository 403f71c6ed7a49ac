// Relative errors between two results of one structure, and the rows that collect them.
#pragma once

#include <string>

#include "cli/checks/checks.h"

namespace mlffgen::cli {

double force_scale(const CheckContext& context, const runtime::Result& result);  // energy unit / length unit
double energy_scale(const CheckContext& context, const runtime::Structure& structure, const runtime::Result& result);
double virial_scale(const CheckContext& context, const runtime::Result& result);  // energy unit
double largest_force(const runtime::Result& result);                              // largest component

// The largest error of one quantity over all structures.
class Worst {
 public:
  Worst(std::string name, std::string quantity, double bound);

  void add(double error, const std::string& label);
  void note(std::string text) { row_.note = std::move(text); }
  // Skipped, with the reason, if nothing was added.
  CheckRow row(const std::string& reason_if_none = "") const;

 private:
  CheckRow row_;
  bool any_ = false;
};

// Energy, forces and virial of one kind of change.
class WorstResult {
 public:
  WorstResult(const CheckContext& context, const std::string& name);

  // found against expected, both of the structure.
  void add(const Sample& sample, const runtime::Result& expected, const runtime::Result& found);
  void add_to(std::vector<CheckRow>& rows, const std::string& reason_if_none = "") const;

 private:
  const CheckContext& context_;
  Worst energy_, forces_, virial_;
};

}  // namespace mlffgen::cli
