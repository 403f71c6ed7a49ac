// Units that a specification may name: lengths angstrom, bohr, nm; energies eV, meV, kcal/mol, kJ/mol, hartree.
//
// Factors are CODATA 2018; the molar ones follow from the exact Avogadro constant and elementary charge. A force has
// the unit energy / length. An unknown name is a UserError that lists the known ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlffgen {

const std::vector<std::string>& length_units();
const std::vector<std::string>& energy_units();

double length_in_angstrom(std::string_view unit);  // angstrom per unit
double energy_in_ev(std::string_view unit);        // eV per unit

double convert_length(double value, std::string_view from, std::string_view to);
double convert_energy(double value, std::string_view from, std::string_view to);

}  // namespace mlffgen
