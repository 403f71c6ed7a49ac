// What is simulated, and how: the parts of a run that never change.
//
// Several systems of a run are independent replicas of one batch, their atoms one behind the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/md/units.h"
#include "runtime/structure.h"

namespace mlffgen::md {

using runtime::Vector3;

enum class Ensemble { nve, langevin };

struct Dynamics {
  Ensemble ensemble = Ensemble::nve;
  double timestep = 0.5;     // fs
  double temperature = 300;  // K, of the bath and of velocities that are drawn
  double friction = 1;       // 1 / ps, Langevin
  std::uint64_t seed = 1;    // of all random numbers
};

// Names as a user writes them.
std::string ensemble_name(Ensemble ensemble);
const std::vector<std::string>& ensemble_names();
Ensemble find_ensemble(const std::string& name);  // UserError for an unknown one

struct Systems {
  Units units;
  std::vector<runtime::Structure> structures;  // [n_systems]; their positions are those of the start
  std::vector<int> begin;                      // [n_systems + 1], first atom of each
  std::vector<double> masses;                  // [n_atoms], u
  // Of the velocities, what the temperature is shared by: 3 N with a thermostat; without one 3 N - 3, in a system
  // without periodic directions less its rotations: [n_systems].
  std::vector<int> degrees_of_freedom;

  int n_systems() const { return static_cast<int>(structures.size()); }
  int n_atoms() const { return begin.back(); }

  // atom_masses: [n_systems][n_atoms] in u; an empty list stands for the standard masses of base/elements.h. Throws
  // UserError for structures without atoms, masses that are not positive, and more than 2^31 - 1 atoms.
  static Systems make(std::vector<runtime::Structure> structures, const std::vector<std::vector<double>>& atom_masses,
                      const Units& units, Ensemble ensemble);
};

// Where a run is. Lengths and energies in the model's units.
struct State {
  long long step = 0;
  std::vector<Vector3> positions;   // [n_atoms][3], not wrapped into the cell
  std::vector<Vector3> velocities;  // [n_atoms][3], length unit / fs
  std::vector<Vector3> forces;      // [n_atoms][3], at these positions; empty: to be computed
  std::vector<double> energies;     // [n_systems], potential; empty with the forces
  std::vector<double> heat;         // [n_atoms], energy that the bath has given since the start
};

}  // namespace mlffgen::md
