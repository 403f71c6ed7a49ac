#include "cli/checks/measure.h"

#include <omp.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/units.h"

namespace mlffgen::cli {

namespace {

// The fraction of a float build's error bound, and what a double build keeps of its digits (DESIGN: numbers that a
// model must meet).
constexpr Bounds kFloatBounds = {2e-6, 2e-5, 2e-5, 2e-3, 1e-5, 0.06, 2};
constexpr Bounds kDoubleBounds = {1e-10, 1e-9, 1e-9, 1e-6, 1e-10, 0.02, 6};

}  // namespace

Bounds bounds_for(runtime::Precision precision, double tolerance_scale) {
  Bounds bounds = precision == runtime::Precision::double_precision ? kDoubleBounds : kFloatBounds;
  for (double* bound : {&bounds.energy, &bounds.forces, &bounds.virial, &bounds.force_difference, &bounds.force_sum}) {
    *bound *= tolerance_scale;
  }
  return bounds;
}

CheckContext make_context(runtime::Evaluator& model, std::vector<Sample> samples, std::uint64_t seed,
                          double tolerance_scale, bool kinks) {
  const runtime::Plan& plan = model.plan();
  CheckContext context{model, std::move(samples), bounds_for(plan.precision, tolerance_scale), seed, kinks};
  context.angstrom = 1 / length_in_angstrom(plan.length_unit);
  context.energy_floor = kEnergyFloor / energy_in_ev(plan.energy_unit);
  context.force_floor = kForceFloor / energy_in_ev(plan.energy_unit) / context.angstrom;
  for (const Sample& sample : context.samples) {
    try {
      context.results.push_back(evaluate_one(context, sample.structure));
    } catch (const UserError& error) {
      throw UserError(sample.label + ": " + error.what());
    }
  }
  return context;
}

std::vector<runtime::Result> evaluate_all(CheckContext& context, std::span<const runtime::Structure> structures,
                                          bool forces) {
  constexpr std::size_t kAtomsPerThread = 32;
  std::size_t n_atoms = 0;
  for (const runtime::Structure& structure : structures) n_atoms += structure.positions.size();
  const std::size_t threads =
      std::clamp<std::size_t>(n_atoms / kAtomsPerThread, 1, static_cast<std::size_t>(omp_get_max_threads()));
  return context.model.evaluate(structures, {forces, static_cast<int>(threads)});
}

runtime::Result evaluate_one(CheckContext& context, const runtime::Structure& structure) {
  return evaluate_all(context, {&structure, 1}).front();
}

double force_scale(const CheckContext& context, const runtime::Result& result) {
  double squares = 0;
  for (const auto& force : result.forces) {
    for (const double x : force) squares += x * x;
  }
  const double count = 3 * static_cast<double>(std::max<std::size_t>(result.forces.size(), 1));
  return std::max(std::sqrt(squares / count), context.force_floor);
}

double energy_scale(const CheckContext& context, const runtime::Structure& structure, const runtime::Result& result) {
  const runtime::Plan& plan = context.model.plan();
  double scale = 0;
  for (std::size_t i = 0; i < result.atom_energies.size(); ++i) {
    const auto at = std::find(plan.elements.begin(), plan.elements.end(), structure.atomic_numbers[i]);
    const auto index = static_cast<std::size_t>(at - plan.elements.begin());
    scale += std::abs(result.atom_energies[i] - plan.element_energy[index]);
  }
  return std::max(scale, context.energy_floor);
}

double virial_scale(const CheckContext& context, const runtime::Result& result) {
  double largest = 0;
  for (const double x : result.virial) largest = std::max(largest, std::abs(x));
  return std::max(largest, force_scale(context, result) * context.model.plan().cutoff);
}

double largest_force(const runtime::Result& result) {
  double largest = 0;
  for (const auto& force : result.forces) {
    for (const double x : force) largest = std::max(largest, std::abs(x));
  }
  return largest;
}

Worst::Worst(std::string name, std::string quantity, double bound) {
  row_.name = std::move(name);
  row_.quantity = std::move(quantity);
  row_.bound = bound;
}

void Worst::add(double error, const std::string& label) {
  if (!any_ || error > row_.measured || std::isnan(error)) {
    row_.measured = error;
    row_.worst = label;
  }
  any_ = true;
}

CheckRow Worst::row(const std::string& reason_if_none) const {
  CheckRow row = row_;
  if (!any_) {
    row.note = reason_if_none;
    return row;
  }
  row.status = row.measured <= row.bound ? CheckRow::Status::pass : CheckRow::Status::fail;
  return row;
}

WorstResult::WorstResult(const CheckContext& context, const std::string& name)
    : context_(context),
      energy_(name, "energy", context.bounds.energy),
      forces_(name, "forces", context.bounds.forces),
      virial_(name, "virial", context.bounds.virial) {}

void WorstResult::add(const Sample& sample, const runtime::Result& expected, const runtime::Result& found) {
  const double energy = std::abs(found.energy - expected.energy);
  energy_.add(energy / energy_scale(context_, sample.structure, expected), sample.label);
  double squares = 0, virial = 0;
  internal_check(found.forces.size() == expected.forces.size(), "two results of one structure differ in atoms");
  for (std::size_t i = 0; i < expected.forces.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) squares += std::pow(found.forces[i][d] - expected.forces[i][d], 2);
  }
  const double rmse = std::sqrt(squares / (3 * static_cast<double>(expected.forces.size())));
  forces_.add(rmse / force_scale(context_, expected), sample.label);
  for (std::size_t k = 0; k < 9; ++k) virial = std::max(virial, std::abs(found.virial[k] - expected.virial[k]));
  virial_.add(virial / virial_scale(context_, expected), sample.label);
}

void WorstResult::add_to(std::vector<CheckRow>& rows, const std::string& reason_if_none) const {
  for (const Worst* worst : {&energy_, &forces_, &virial_}) rows.push_back(worst->row(reason_if_none));
}

}  // namespace mlffgen::cli
