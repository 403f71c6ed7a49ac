#include "cli/comparison.h"

#include <algorithm>
#include <cmath>

#include "cli/frames.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

std::optional<std::array<double, 9>> reference_virial(const runtime::Frame& frame) {
  if (frame.virial) return frame.virial;
  const double v = volume(frame.structure);
  if (!frame.stress || v <= 0) return std::nullopt;
  auto virial = *frame.stress;
  for (double& x : virial) x *= -v;
  return virial;
}

Comparison::Forces compare_forces(const std::vector<runtime::Vector3>& reference,
                                  const std::vector<runtime::Vector3>& forces) {
  Comparison::Forces errors;
  double squares = 0, absolutes = 0, reference_squares = 0;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      const double error = std::abs(forces[i][d] - reference[i][d]);
      squares += error * error;
      absolutes += error;
      reference_squares += reference[i][d] * reference[i][d];
      errors.largest = std::max(errors.largest, error);
    }
  }
  const double count = 3 * static_cast<double>(forces.size());
  errors.rmse = std::sqrt(squares / count);
  errors.mae = absolutes / count;
  errors.rms_reference = std::sqrt(reference_squares / count);
  return errors;
}

json forces_json(const Comparison::Forces& forces) {
  return {{"rmse", forces.rmse},
          {"mae", forces.mae},
          {"max", forces.largest},
          {"rms_reference", forces.rms_reference},
          {"rmse_relative", forces.relative()}};
}

template <typename T>
void raise(std::optional<T>& largest, const std::optional<T>& value) {
  if (value) largest = largest ? std::max(*largest, *value) : *value;
}

}  // namespace

Comparison compare(const runtime::Frame& reference, const runtime::Result& result) {
  Comparison comparison;
  comparison.n_atoms = reference.structure.positions.size();
  if (reference.energy) {
    const double difference = result.energy - *reference.energy;
    comparison.energy_per_atom = difference / static_cast<double>(comparison.n_atoms);
    comparison.energy_relative =
        *reference.energy != 0 ? std::abs(difference / *reference.energy) : std::abs(difference);
  }
  if (result.forces.empty()) return comparison;
  if (!reference.forces.empty()) comparison.forces = compare_forces(reference.forces, result.forces);
  if (const auto virial = reference_virial(reference)) {
    double largest = 0, element = 0;
    for (std::size_t k = 0; k < 9; ++k) {
      largest = std::max(largest, std::abs(result.virial[k] - (*virial)[k]));
      element = std::max(element, std::abs((*virial)[k]));
    }
    comparison.virial_largest = largest;
    comparison.virial_relative = element > 0 ? largest / element : largest;
  }
  return comparison;
}

void ComparisonSummary::add(const Comparison& comparison) {
  if (comparison.empty()) return;
  ++frames_;
  if (comparison.energy_per_atom) {
    ++energy_frames_;
    energy_sum_ += std::abs(*comparison.energy_per_atom);
    energy_largest_ = std::max(energy_largest_, std::abs(*comparison.energy_per_atom));
    energy_relative_ = std::max(energy_relative_, *comparison.energy_relative);
  }
  if (comparison.forces) {
    const auto& forces = *comparison.forces;
    const double count = 3 * static_cast<double>(comparison.n_atoms);
    components_ += count;
    squares_ += count * forces.rmse * forces.rmse;
    absolutes_ += count * forces.mae;
    reference_squares_ += count * forces.rms_reference * forces.rms_reference;
    largest_ = std::max(largest_, forces.largest);
  }
  raise(virial_largest_, comparison.virial_largest);
  raise(virial_relative_, comparison.virial_relative);
}

std::optional<double> ComparisonSummary::energy_mae() const {
  if (energy_frames_ == 0) return std::nullopt;
  return energy_sum_ / energy_frames_;
}

std::optional<double> ComparisonSummary::energy_largest() const {
  if (energy_frames_ == 0) return std::nullopt;
  return energy_largest_;
}

std::optional<double> ComparisonSummary::energy_relative() const {
  if (energy_frames_ == 0) return std::nullopt;
  return energy_relative_;
}

std::optional<Comparison::Forces> ComparisonSummary::forces() const {
  if (components_ <= 0) return std::nullopt;
  return Comparison::Forces{std::sqrt(squares_ / components_), absolutes_ / components_, largest_,
                            std::sqrt(reference_squares_ / components_)};
}

std::optional<double> ComparisonSummary::virial_largest() const { return virial_largest_; }
std::optional<double> ComparisonSummary::virial_relative() const { return virial_relative_; }

json comparison_json(const Comparison& comparison) {
  json out = json::object();
  if (comparison.energy_per_atom) {
    out["energy_per_atom"] = *comparison.energy_per_atom;
    out["energy_relative"] = *comparison.energy_relative;
  }
  if (comparison.forces) out["forces"] = forces_json(*comparison.forces);
  if (comparison.virial_largest) {
    out["virial_max"] = *comparison.virial_largest;
    out["virial_relative"] = *comparison.virial_relative;
  }
  return out;
}

json summary_json(const ComparisonSummary& summary) {
  json out = {{"frames", summary.frames()}};
  if (summary.energy_mae()) {
    out["energy_per_atom_mae"] = *summary.energy_mae();
    out["energy_per_atom_max"] = *summary.energy_largest();
    out["energy_relative_max"] = *summary.energy_relative();
  }
  if (summary.forces()) out["forces"] = forces_json(*summary.forces());
  if (summary.virial_largest()) {
    out["virial_max"] = *summary.virial_largest();
    out["virial_relative_max"] = *summary.virial_relative();
  }
  return out;
}

}  // namespace mlffgen::cli
