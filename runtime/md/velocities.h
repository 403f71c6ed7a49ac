// First velocities: those of a file, or drawn from the Maxwell-Boltzmann distribution.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/extxyz.h"
#include "runtime/md/systems.h"

namespace mlffgen::md {

// The columns of a start file, in ASE's units whatever the units of the file: velocities:R:3 in sqrt(eV/u), momenta:R:3
// in sqrt(eV u), masses:R:1 in u. Velocities win over momenta. Throws UserError for a column of another type or width.
struct FileVelocities {
  std::vector<double> masses;       // [n_atoms], u; empty if the file has none
  std::vector<Vector3> velocities;  // [n_atoms][3], length unit / fs; empty if the file has none
};
FileVelocities read_velocities(const runtime::Frame& frame, const Units& units, const std::string& file);

// Draws the velocities of one system and rescales them to exactly the temperature: 2 K / (degrees of freedom *
// Boltzmann constant). Without a centre-of-mass motion; where no direction is periodic, without a rotation.
void draw_velocities(const Systems& systems, int system, const Dynamics& dynamics, std::vector<Vector3>& velocities);

// velocities: [n_atoms][3], masses in any unit.
void remove_translation(const std::vector<double>& masses, std::vector<Vector3>& velocities);
// Independent rotations: 3, 2 for atoms on a line, 0 for one atom.
int rotations(const std::vector<Vector3>& positions, const std::vector<double>& masses);
// Removes the rotation about the centre of mass; the translation must be removed.
void remove_rotation(const std::vector<Vector3>& positions, const std::vector<double>& masses,
                     std::vector<Vector3>& velocities);

}  // namespace mlffgen::md
