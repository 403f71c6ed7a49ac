#include "runtime/md/systems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/md/velocities.h"

namespace mlffgen::md {
namespace {

bool is_periodic(const runtime::Structure& structure) {
  return std::any_of(structure.periodic.begin(), structure.periodic.end(), [](bool p) { return p; });
}

std::vector<double> masses_of(const runtime::Structure& structure, const std::vector<double>& given,
                              std::size_t system) {
  std::vector<double> masses = given;
  if (given.empty()) {
    for (const int number : structure.atomic_numbers) masses.push_back(atomic_mass(number));
  }
  internal_check(masses.size() == structure.positions.size(), "a system's masses and atoms differ in number");
  for (std::size_t i = 0; i < masses.size(); ++i) {
    if (std::isfinite(masses[i]) && masses[i] > 0) continue;
    throw UserError(fmt::format("system {}, atom {} (both counting from 0): a mass must be positive, not {}", system, i,
                                masses[i]));
  }
  return masses;
}

int free_velocities(const runtime::Structure& structure, const std::vector<double>& masses, Ensemble ensemble) {
  const int all = 3 * static_cast<int>(masses.size());
  if (ensemble == Ensemble::langevin) return all;
  return all - 3 - (is_periodic(structure) ? 0 : rotations(structure.positions, masses));
}

}  // namespace

const std::vector<std::string>& ensemble_names() {
  static const std::vector<std::string> names = {"nve", "langevin"};
  return names;
}

std::string ensemble_name(Ensemble ensemble) { return ensemble_names()[static_cast<std::size_t>(ensemble)]; }

Ensemble find_ensemble(const std::string& name) {
  const auto found = std::find(ensemble_names().begin(), ensemble_names().end(), name);
  if (found != ensemble_names().end()) return static_cast<Ensemble>(found - ensemble_names().begin());
  throw UserError(fmt::format("unknown ensemble {}{} (known: {})", quote(name), did_you_mean(name, ensemble_names()),
                              join(ensemble_names(), ", ")));
}

Systems Systems::make(std::vector<runtime::Structure> structures, const std::vector<std::vector<double>>& atom_masses,
                      const Units& units, Ensemble ensemble) {
  Systems systems;
  systems.units = units;
  systems.begin = {0};
  if (structures.empty()) throw UserError("there is no structure to simulate");
  std::size_t total = 0;
  for (std::size_t s = 0; s < structures.size(); ++s) {
    const std::size_t n = structures[s].positions.size();
    if (n == 0) throw UserError(fmt::format("system {} (counting from 0) has no atoms", s));
    total += n;
    if (total > static_cast<std::size_t>(std::numeric_limits<int>::max() / 3)) {
      throw UserError("more than 715 million atoms cannot be simulated at once");
    }
    const auto masses = masses_of(structures[s], atom_masses.empty() ? std::vector<double>() : atom_masses[s], s);
    systems.masses.insert(systems.masses.end(), masses.begin(), masses.end());
    systems.begin.push_back(static_cast<int>(total));
    systems.degrees_of_freedom.push_back(free_velocities(structures[s], masses, ensemble));
  }
  systems.structures = std::move(structures);
  return systems;
}

}  // namespace mlffgen::md
