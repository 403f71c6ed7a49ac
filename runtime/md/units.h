// The units of molecular dynamics: lengths and energies of the model, time in fs, masses in u, temperatures in K.
//
// Inside, a mass is carried in energy fs^2 / length^2, so that force / mass is an acceleration. Constants are CODATA
// 2018.
#pragma once

#include <string>

namespace mlffgen::md {

struct Units {
  std::string length, energy;
  double mass = 1;          // energy unit fs^2 / length unit^2, of 1 u
  double boltzmann = 1;     // energy unit per K
  double ase_velocity = 1;  // length unit / fs, of ASE's unit of velocity, sqrt(eV / u) = 0.0982 angstrom / fs

  // Throws UserError for a unit that base/units.h does not know.
  static Units of(const std::string& length, const std::string& energy);
};

inline constexpr double kFsPerPs = 1e3;
inline constexpr double kPsPerNs = 1e3;

}  // namespace mlffgen::md
