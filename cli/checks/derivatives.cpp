// Forces against finite displacements, virials against finite strains.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "cli/checks/checks.h"
#include "cli/checks/measure.h"
#include "cli/checks/random.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr std::size_t kLevels = 4;       // steps, each half of the one before
constexpr double kRattle = 0.1;          // angstrom
constexpr double kWanted = 0.01;         // of the bound: an error that no smaller step need improve
constexpr double kRough = 0.25;          // of the bound: an estimated error that is too large to compare with
constexpr std::size_t kSmall = 12;       // atoms up to which every component is checked
constexpr std::size_t kComponents = 12;  // of a larger structure

// The structure changed by a step: an atom moved, or a strain.
using Change = std::function<Structure(double step)>;

struct Derivative {
  double value = 0, error = 0;  // the error as estimated from the steps
};

// Central differences of kLevels steps, extrapolated: two values that are exact but for the sixth power of the step,
// the second from steps half as long. Their difference is the estimate: 64 times the second one's error where the
// energy is smooth, and not small where it is not, or where rounding rules.
Derivative extrapolate(CheckContext& context, const Change& change, double first_step) {
  std::vector<Structure> structures;
  std::vector<double> steps;
  for (std::size_t level = 0; level < kLevels; ++level) {
    steps.push_back(first_step / static_cast<double>(1U << level));
    structures.push_back(change(steps.back()));
    structures.push_back(change(-steps.back()));
  }
  const std::vector<Result> results = evaluate_all(context, structures, false);
  std::vector<double> values;
  for (std::size_t level = 0; level < kLevels; ++level) {
    // Difference by atom: the offsets of the elements, a million times larger than what changes, drop out.
    double difference = 0;
    for (std::size_t i = 0; i < results[2 * level].atom_energies.size(); ++i) {
      difference += results[2 * level].atom_energies[i] - results[2 * level + 1].atom_energies[i];
    }
    values.push_back(difference / (2 * steps[level]));
  }
  for (const double power : {4.0, 16.0}) {
    for (std::size_t k = 0; k + 1 < values.size(); ++k) {
      values[k] = values[k + 1] + (values[k + 1] - values[k]) / (power - 1);
    }
    values.pop_back();
  }
  return {values[1], std::abs(values[1] - values[0])};
}

// The best of ever smaller steps: the root of a squared vector has a kink where the vector vanishes, and only steps
// that stay on one side of it see the gradient.
Derivative differentiate(CheckContext& context, const Change& change, double first_step, double wanted_error) {
  constexpr double kShrink = 4;
  Derivative best = extrapolate(context, change, first_step);
  double step = first_step;
  for (int k = 1; k < context.bounds.step_sizes && best.error > wanted_error; ++k) {
    step /= kShrink;
    const Derivative next = extrapolate(context, change, step);
    if (next.error < best.error) best = next;
  }
  return best;
}

bool is_float(const CheckContext& context) {
  return context.model.plan().precision == runtime::Precision::single_precision;
}

// A kink narrower than the steps shows as a difference that no step resolves: in double the steps are small enough.
double difference_bound(const CheckContext& context) {
  constexpr double kWithKinks = 5;
  return context.bounds.force_difference * (is_float(context) && context.kinks ? kWithKinks : 1);
}

std::string float_note(const CheckContext& context) {
  if (!is_float(context)) return "";
  return fmt::format(
      "; at atoms displaced by up to {} angstrom, as float steps are too large for symmetric structures{}", kRattle,
      context.kinks ? "; a wider bound, as the energy has kinks (norm-without-epsilon)" : "");
}

// The structures to differentiate at: those of the context, or for a float build some away from symmetry, where the
// root of a squared vector is smooth on the scale of the steps.
std::vector<Sample> smooth_samples(CheckContext& context, std::vector<Result>& results) {
  results = context.results;
  if (!is_float(context)) return context.samples;
  Random random(context.seed + 4);
  std::vector<Sample> samples = context.samples;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (Vector3& position : samples[s].structure.positions) {
      for (double& x : position) x += kRattle * context.angstrom * random.uniform(-1, 1);
    }
    results[s] = evaluate_one(context, samples[s].structure);
  }
  return samples;
}

// What a row of finite differences leaves out, and why.
struct LeftOut {
  std::size_t near_cutoff = 0, rough = 0;

  std::string str() const {
    std::string text;
    if (near_cutoff > 0) text += fmt::format("; {} left out: a pair is within the step of the cutoff", near_cutoff);
    if (rough > 0) text += fmt::format("; {} left out: differences with {} steps do not converge", rough, kLevels);
    return text;
  }
};

// Distances from an atom to all others around the cutoff: within `margin` of it.
struct NearCutoff {
  std::vector<bool> atom;
  bool any = false;
};

NearCutoff near_cutoff(const Structure& structure, double cutoff, double margin) {
  NearCutoff near{std::vector<bool>(structure.positions.size(), false), false};
  const runtime::NeighbourList list = runtime::build_neighbour_list(structure, cutoff + margin);
  for (std::size_t i = 0; i < near.atom.size(); ++i) {
    for (int p = list.begin[i]; p < list.begin[i + 1]; ++p) {
      const Vector3& d = list.displacement[static_cast<std::size_t>(p)];
      if (std::hypot(d[0], d[1], d[2]) >= cutoff - margin) near.atom[i] = near.any = true;
    }
  }
  return near;
}

std::vector<std::size_t> components(std::size_t n_atoms, Random& random) {
  std::vector<std::size_t> all = random.order(3 * n_atoms);
  if (n_atoms > kSmall) all.resize(kComponents);
  return all;
}

// An energy of which most differences do not converge is no smooth function: that is a failure, not a lack of data.
CheckRow difference_row(const Worst& worst, const std::string& note, std::size_t checked, const LeftOut& left_out) {
  CheckRow row = worst.row(note);
  if (left_out.rough > checked) {
    row.status = CheckRow::Status::fail;
    row.measured = std::max(row.measured, 1.0);
  }
  return row;
}

void check_forces(CheckContext& context, std::vector<CheckRow>& rows) {
  std::vector<Result> results;
  const std::vector<Sample> samples = smooth_samples(context, results);
  const double bound = difference_bound(context);
  Worst worst("finite displacements", "forces", bound);
  Random random(context.seed + 3);
  const double step = context.bounds.first_step * context.angstrom;
  std::size_t checked = 0;
  LeftOut left_out;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const Sample& sample = samples[s];
    const double scale = std::max(largest_force(results[s]), context.force_floor);
    const NearCutoff near = near_cutoff(sample.structure, context.model.plan().cutoff, step);
    for (const std::size_t component : components(sample.structure.positions.size(), random)) {
      const std::size_t atom = component / 3, axis = component % 3;
      if (near.atom[atom]) {
        ++left_out.near_cutoff;
        continue;
      }
      const Derivative derivative = differentiate(
          context,
          [&](double x) {
            Structure moved = sample.structure;
            moved.positions[atom][axis] += x;
            return moved;
          },
          step, kWanted * bound * scale);
      if (derivative.error > kRough * bound * scale) {
        ++left_out.rough;
        continue;
      }
      worst.add(std::abs(results[s].forces[atom][axis] + derivative.value) / scale, sample.label);
      ++checked;
    }
  }
  const std::string note = fmt::format("{} components compared{}{}", checked, left_out.str(), float_note(context));
  worst.note(note);
  rows.push_back(difference_row(worst, note, checked, left_out));
}

Structure strained(const Structure& structure, std::size_t row, std::size_t column, double step) {
  Matrix3 matrix = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  matrix[row][column] += step / 2;
  matrix[column][row] += step / 2;
  Structure out = structure;
  for (Vector3& position : out.positions) position = product(matrix, position);
  for (Vector3& edge : out.cell) edge = product(matrix, edge);
  return out;
}

void check_virial(CheckContext& context, std::vector<CheckRow>& rows) {
  std::vector<Result> results;
  const std::vector<Sample> samples = smooth_samples(context, results);
  const double bound = difference_bound(context);
  Worst worst("finite strains", "virial", bound);
  const double cutoff = context.model.plan().cutoff;
  const double first_step = context.bounds.first_step * context.angstrom;
  std::size_t checked = 0;
  LeftOut left_out;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const Sample& sample = samples[s];
    // The farthest pair moves by the step; a smaller one where that would take pairs across the cutoff.
    double step = first_step;
    const double least = first_step / 8;
    while (step >= least && near_cutoff(sample.structure, cutoff, step).any) step /= 2;
    if (step < least) {
      left_out.near_cutoff += 6;
      continue;
    }
    const double scale = virial_scale(context, results[s]);
    for (const auto& [row, column] :
         {std::pair<std::size_t, std::size_t>{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}) {
      const Derivative derivative = differentiate(
          context, [&, r = row, c = column](double x) { return strained(sample.structure, r, c, x); }, step / cutoff,
          kWanted * bound * scale);
      if (derivative.error > kRough * bound * scale) {
        ++left_out.rough;
        continue;
      }
      ++checked;
      worst.add(std::abs(results[s].virial[3 * row + column] + derivative.value) / scale, sample.label);
    }
  }
  const std::string note = fmt::format("{} elements compared{}{}", checked, left_out.str(), float_note(context));
  worst.note(note);
  rows.push_back(difference_row(worst, note, checked, left_out));
}

}  // namespace

void check_derivatives(CheckContext& context, std::vector<CheckRow>& rows) {
  context.progress("finite displacements");
  check_forces(context, rows);
  context.progress("finite strains");
  check_virial(context, rows);
}

}  // namespace mlffgen::cli
