// The physics that every model must obey, as rows of a table: `mlffgen check`.
//
// Errors are relative, and bounds depend on the precision (bounds_for). Forces: over the RMS force of the structure, or
// kForceFloor if that is more. Energies: over the sum of the atoms' energies without their element's offset, each taken
// positive, or kEnergyFloor if that is more. Virials: over the largest element, or the force's scale times the cutoff
// if that is more. Finite differences: over the largest component of a force, or the virial's scale.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "runtime/evaluator.h"

namespace mlffgen::cli {

inline constexpr double kForceFloor = 0.25;  // eV/angstrom: 5e-6 eV/angstrom is 2e-5 of it
inline constexpr double kEnergyFloor = 1;    // eV

struct Sample {
  std::string label;
  runtime::Structure structure;  // the model's length unit
};

struct CheckRow {
  enum class Status { pass, fail, skipped };
  std::string name;      // "rotation"
  std::string quantity;  // "forces"
  Status status = Status::skipped;
  double measured = 0;  // the largest relative error; the number of values that differ where the bound is 0
  double bound = 0;
  std::string worst;  // the structure of the largest error
  std::string note;
};

struct Bounds {
  double energy = 0, forces = 0, virial = 0;  // one structure evaluated twice
  double force_difference = 0;                // forces and virials against finite differences
  double force_sum = 0;                       // of the largest force
  double first_step = 0;                      // angstrom, largest step of the finite differences
  int step_sizes = 1;                         // so many first steps are tried, each a quarter of the one before
};
Bounds bounds_for(runtime::Precision precision, double tolerance_scale);

struct CheckContext {
  runtime::Evaluator& model;
  std::vector<Sample> samples;
  Bounds bounds;
  std::uint64_t seed = 0;
  bool kinks = false;   // the compiler said norm-without-epsilon
  bool on_gpu = false;  // where sums may be taken in another order within a batch
  std::function<void(const std::string& what)> progress{};

  double force_floor = 0, energy_floor = 0, angstrom = 1;  // in the model's units
  std::vector<runtime::Result> results{};                  // of the samples
};

// With as many threads as the atoms are worth: for a few, waiting for each other costs more than the work.
std::vector<runtime::Result> evaluate_all(CheckContext& context, std::span<const runtime::Structure> structures,
                                          bool forces = true);
runtime::Result evaluate_one(CheckContext& context, const runtime::Structure& structure);

// Evaluates the samples; fills in what follows from the model.
CheckContext make_context(runtime::Evaluator& model, std::vector<Sample> samples, std::uint64_t seed,
                          double tolerance_scale, bool kinks);

// Each adds rows.
void check_derivatives(CheckContext& context, std::vector<CheckRow>& rows);
void check_symmetries(CheckContext& context, std::vector<CheckRow>& rows);
void check_periodicity(CheckContext& context, std::vector<CheckRow>& rows);
void check_consistency(CheckContext& context, std::vector<CheckRow>& rows);

}  // namespace mlffgen::cli
