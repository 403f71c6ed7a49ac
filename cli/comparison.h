// Results against what a file says: errors of one structure, and of all together.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/extxyz.h"
#include "runtime/result.h"

namespace mlffgen::cli {

// Units are those of the frame. Absent where the frame holds no such reference.
struct Comparison {
  struct Forces {
    double rmse = 0, mae = 0, largest = 0;  // over components, energy unit / length unit
    double rms_reference = 0;               // energy unit / length unit
    // rmse / rms_reference; the reference's forces may all be zero: then the rmse itself
    double relative() const { return rms_reference > 0 ? rmse / rms_reference : rmse; }
  };
  std::size_t n_atoms = 0;
  std::optional<double> energy_per_atom;  // result minus reference, energy unit
  std::optional<double> energy_relative;  // |difference| / |reference|
  std::optional<Forces> forces;
  std::optional<double> virial_largest;   // largest difference of an element, energy unit
  std::optional<double> virial_relative;  // the same over the largest element

  bool empty() const { return !energy_per_atom && !forces && !virial_largest; }
};

// A stress stands in for a virial where the frame has no virial and is periodic in all three directions.
Comparison compare(const runtime::Frame& reference, const runtime::Result& result);

// All frames together. Forces: over all components of all frames.
class ComparisonSummary {
 public:
  void add(const Comparison& comparison);

  int frames() const { return frames_; }          // that held any reference
  std::optional<double> energy_mae() const;       // per atom
  std::optional<double> energy_largest() const;   // per atom, absolute
  std::optional<double> energy_relative() const;  // largest
  std::optional<Comparison::Forces> forces() const;
  std::optional<double> virial_largest() const;
  std::optional<double> virial_relative() const;

 private:
  int frames_ = 0, energy_frames_ = 0;
  double energy_sum_ = 0, energy_largest_ = 0, energy_relative_ = 0;
  double components_ = 0, squares_ = 0, absolutes_ = 0, reference_squares_ = 0, largest_ = 0;
  std::optional<double> virial_largest_, virial_relative_;
};

nlohmann::json comparison_json(const Comparison& comparison);
nlohmann::json summary_json(const ComparisonSummary& summary);

}  // namespace mlffgen::cli
