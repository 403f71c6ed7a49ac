#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/elements.h"
#include "base/error.h"
#include "cli/checks/measure.h"
#include "cli/checks/calm.h"
#include "cli/verify/verify.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr double kSmallCell = 0.4;  // edge, of the cutoff
constexpr double kFar = 1000;       // angstrom
constexpr double kBeyond = 1.0001;  // of the cutoff

Structure atoms(std::vector<int> numbers, std::vector<Vector3> positions) {
  Structure structure;
  structure.atomic_numbers = std::move(numbers);
  structure.positions = std::move(positions);
  return structure;
}

double not_zero(const Result& result) {
  double count = 0;
  for (const Vector3& force : result.forces) {
    for (const double x : force) count += x == 0 ? 0 : 1;
  }
  for (const double x : result.virial) count += x == 0 ? 0 : 1;
  return count;
}

// An atom with nothing around it feels nothing.
void check_lone_atoms(CheckContext& context, std::vector<CheckRow>& rows) {
  Worst worst("a lone atom", "forces, virial", 0);
  for (const int number : context.model.plan().elements) {
    const Result result = evaluate_one(context, atoms({number}, {{0.1, 0.2, 0.3}}));
    worst.add(std::isfinite(result.energy) ? not_zero(result) : std::numeric_limits<double>::quiet_NaN(),
              element_symbol(number));
  }
  rows.push_back(worst.row());
}

// Two atoms that do not see each other are two lone atoms.
void check_pairs_beyond(CheckContext& context, std::vector<CheckRow>& rows) {
  const runtime::Plan& plan = context.model.plan();
  Worst forces("two atoms beyond the cutoff", "forces, virial", 0);
  Worst energy("two atoms beyond the cutoff", "energy", context.bounds.energy);
  for (const int a : plan.elements) {
    for (const int b : plan.elements) {
      const Structure both = atoms({a, b}, {{0, 0, 0}, {0, 0, kBeyond * plan.cutoff}});
      const Result result = evaluate_one(context, both);
      const double sum =
          evaluate_one(context, atoms({a}, {{0, 0, 0}})).energy + evaluate_one(context, atoms({b}, {{0, 0, 0}})).energy;
      const std::string label = element_symbol(a) + " " + element_symbol(b);
      forces.add(not_zero(result), label);
      energy.add(std::abs(result.energy - sum) / energy_scale(context, both, result), label);
    }
  }
  rows.push_back(forces.row());
  rows.push_back(energy.row());
}

// An atom among its own images in a cell far smaller than the cutoff: by symmetry, no force.
void check_small_cells(CheckContext& context, std::vector<CheckRow>& rows) {
  const runtime::Plan& plan = context.model.plan();
  Worst worst("one atom in a cell of 0.4 cutoffs", "forces", context.bounds.forces);
  for (const int number : plan.elements) {
    Structure structure = atoms({number}, {{0.1, 0.2, 0.3}});
    structure.periodic = {true, true, true};
    for (std::size_t d = 0; d < 3; ++d) structure.cell[d][d] = kSmallCell * plan.cutoff;
    const Result result = evaluate_one(context, structure);
    // A virial over the distance of the nearest image is a force as the images exert it one by one.
    const double scale = virial_scale(context, result) / (kSmallCell * plan.cutoff);
    worst.add(largest_force(result) / scale, element_symbol(number));
  }
  rows.push_back(worst.row());
}

void check_far_away(CheckContext& context, std::vector<CheckRow>& rows) {
  WorstResult worst(context, fmt::format("{:g} angstrom from the origin", kFar));
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    Structure moved = context.samples[s].structure;
    for (Vector3& position : moved.positions) {
      for (std::size_t d = 0; d < 3; ++d) position[d] += (d == 1 ? -1 : 1) * kFar * context.angstrom;
    }
    worst.add(context.samples[s], context.results[s], evaluate_one(context, moved));
  }
  worst.add_to(rows);
}

struct BadInput {
  std::string what;
  Structure structure;
};

std::vector<BadInput> bad_inputs(const runtime::Plan& plan) {
  const int a = plan.elements.front();
  int unknown = 1;
  while (std::find(plan.elements.begin(), plan.elements.end(), unknown) != plan.elements.end()) ++unknown;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Structure flat = atoms({a}, {{0, 0, 0}});
  flat.periodic = {true, true, true};
  flat.cell = {{{1, 0, 0}, {2, 0, 0}, {0, 0, 1}}};
  return {{"no atoms", {}},
          {"an element that the model does not know", atoms({unknown}, {{0, 0, 0}})},
          {"a position that is not finite", atoms({a, a}, {{0, 0, 0}, {1, nan, 0}})},
          {"two atoms at one place", atoms({a, a}, {{1, 2, 3}, {1, 2, 3}})},
          {"a cell without volume", flat}};
}

// What is no structure is an error that leaves the model as usable as before.
void check_bad_input(CheckContext& context, std::vector<CheckRow>& rows) {
  Worst refused("input that is no structure is refused", "accepted", 0);
  Worst unharmed("the model works on after an error", "energy", 0);
  for (const BadInput& bad : bad_inputs(context.model.plan())) {
    double accepted = 1;
    try {
      evaluate_one(context, bad.structure);
    } catch (const UserError&) {
      accepted = 0;
    }
    refused.add(accepted, bad.what);
    const Result again = evaluate_one(context, context.samples.front().structure);
    unharmed.add(again.energy == context.results.front().energy ? 0 : 1, "after " + bad.what);
  }
  rows.push_back(refused.row());
  rows.push_back(unharmed.row());
}

}  // namespace

VerifySection verify_edge_cases(const VerifyInput& input) {
  VerifySection section;
  section.title = "Edge cases";
  CheckContext context = input.context(calm_samples(input.model, input.seed));
  context.progress("edge cases");
  check_lone_atoms(context, section.rows);
  check_pairs_beyond(context, section.rows);
  check_small_cells(context, section.rows);
  check_far_away(context, section.rows);
  check_bad_input(context, section.rows);
  return section;
}

}  // namespace mlffgen::cli
