// Is the energy smooth where an atom comes within the cutoff of another? If it jumps, dynamics does not conserve it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/elements.h"
#include "cli/checks/measure.h"
#include "cli/checks/random.h"
#include "cli/checks/samples.h"
#include "cli/svg_chart.h"
#include "cli/verify/verify.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

// Of the model, whatever its precision: a smooth one changes far less over twice kStep cutoffs.
constexpr double kEnergyJump = 2e-6, kForceJump = 2e-5;  // as in CheckRow
constexpr double kStep = 1e-6;                           // of the cutoff, to either side
constexpr std::size_t kClusterAtoms = 8, kMostElements = 6, kCurves = 4;
constexpr int kPoints = 121;
constexpr double kFrom = 0.5, kTo = 1.1;  // of the cutoff, of the curves

// A cluster and a probe that sees one of its atoms first: the outermost along a direction.
class Approach {
 public:
  Approach(int element, int probe, const runtime::Plan& plan, double angstrom, Random& random)
      : label_(element_symbol(element) + " " + element_symbol(probe)) {
    std::vector<int> numbers;
    for (std::size_t i = 0; i < kClusterAtoms; ++i)
      numbers.push_back(plan.elements[random.index(plan.elements.size())]);
    structure_ = random_cluster(numbers, angstrom, random);
    direction_ = random.direction();
    const auto height = [&](const Vector3& p) {
      return p[0] * direction_[0] + p[1] * direction_[1] + p[2] * direction_[2];
    };
    const auto outermost = std::max_element(structure_.positions.begin(), structure_.positions.end(),
                                            [&](const Vector3& a, const Vector3& b) { return height(a) < height(b); });
    nearest_ = *outermost;
    structure_.atomic_numbers[static_cast<std::size_t>(outermost - structure_.positions.begin())] = element;
    structure_.atomic_numbers.push_back(probe);
    structure_.positions.emplace_back();
  }

  const std::string& label() const { return label_; }

  // No other atom is nearer to the probe.
  Structure at(double distance) const {
    Structure structure = structure_;
    for (std::size_t d = 0; d < 3; ++d) structure.positions.back()[d] = nearest_[d] + distance * direction_[d];
    return structure;
  }
  // Of the probe, away from the nearest atom.
  double pull(const Result& result) const {
    const Vector3& force = result.forces.back();
    return force[0] * direction_[0] + force[1] * direction_[1] + force[2] * direction_[2];
  }

 private:
  std::string label_;
  Structure structure_;
  Vector3 direction_{}, nearest_{};
};

std::vector<Approach> approaches(const VerifyInput& input) {
  const runtime::Plan& plan = input.model.plan();
  const std::size_t n = std::min(plan.elements.size(), kMostElements);
  Random random(input.seed + 13);
  std::vector<Approach> all;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      all.emplace_back(plan.elements[a], plan.elements[b], plan, input.angstrom(), random);
    }
  }
  return all;
}

std::vector<CheckRow> jumps(CheckContext& context, const std::vector<Approach>& all) {
  const double cutoff = context.model.plan().cutoff;
  Worst energy("across the cutoff", "energy", kEnergyJump), forces("across the cutoff", "forces", kForceJump);
  for (const Approach& approach : all) {
    const Structure inside = approach.at(cutoff * (1 - kStep)), outside = approach.at(cutoff * (1 + kStep));
    const Result near = evaluate_one(context, inside), far = evaluate_one(context, outside);
    // By atom, as the offsets of the elements are far larger.
    double jump = 0, squares = 0;
    for (std::size_t i = 0; i < near.atom_energies.size(); ++i) {
      jump += near.atom_energies[i] - far.atom_energies[i];
      for (std::size_t d = 0; d < 3; ++d) squares += std::pow(near.forces[i][d] - far.forces[i][d], 2);
    }
    energy.add(std::abs(jump) / energy_scale(context, inside, near), approach.label());
    forces.add(std::sqrt(squares / (3 * static_cast<double>(near.forces.size()))) / force_scale(context, near),
               approach.label());
  }
  return {energy.row(), forces.row()};
}

// Energy and force of the probe over its distance, for a few pairs of elements.
std::vector<VerifyChart> curves(const VerifyInput& input, CheckContext& context, const std::vector<Approach>& all) {
  const double cutoff = input.model.plan().cutoff;
  PointChart energy, force;
  energy.title = "Energy as an atom comes within the cutoff";
  force.title = "Force on that atom, along its way";
  energy.y.label = "energy less that beyond the cutoff, eV";
  force.y.label = "force, eV/angstrom";
  const std::size_t every = (all.size() + kCurves - 1) / kCurves;
  for (std::size_t k = 0; k < all.size(); k += every) {
    std::vector<Structure> structures;
    for (int p = 0; p < kPoints; ++p) {
      structures.push_back(all[k].at(cutoff * (kFrom + (kTo - kFrom) * p / (kPoints - 1))));
    }
    const std::vector<Result> results = evaluate_all(context, structures);
    ChartSeries of_energy{all[k].label(), {}, LineStyle::solid, false}, of_force = of_energy;
    for (std::size_t p = 0; p < results.size(); ++p) {
      const double distance =
          (kFrom + (kTo - kFrom) * static_cast<double>(p) / (kPoints - 1)) * cutoff / input.angstrom();
      of_energy.points.push_back({distance, (results[p].energy - results.back().energy) * input.ev()});
      of_force.points.push_back({distance, all[k].pull(results[p]) * input.force_in_ev()});
    }
    energy.series.push_back(of_energy);
    force.series.push_back(of_force);
  }
  std::vector<VerifyChart> charts;
  for (auto& [chart, file] : {std::pair{&energy, "cutoff_energy.svg"}, {&force, "cutoff_force.svg"}}) {
    chart->x.label = "distance to the nearest atom, angstrom";
    chart->guides.push_back({ChartGuide::Direction::vertical, cutoff / input.angstrom(), "cutoff"});
    charts.push_back({file, chart->title, svg_of(*chart)});
  }
  return charts;
}

}  // namespace

VerifySection verify_cutoff(const VerifyInput& input) {
  VerifySection section;
  section.title = "Across the cutoff";
  section.text = fmt::format(
      "An atom beside a random cluster of {}, just within and just beyond the cutoff of the nearest atom, for each "
      "pair "
      "of elements.",
      kClusterAtoms);
  CheckContext context = input.context({});
  context.progress("the cutoff");
  const std::vector<Approach> all = approaches(input);
  section.rows = jumps(context, all);
  section.charts = curves(input, context, all);
  return section;
}

}  // namespace mlffgen::cli
