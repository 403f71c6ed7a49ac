#include "base/units.h"

#include <array>
#include <cstddef>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen {
namespace {

struct Unit {
  const char* name;
  double factor;
};

constexpr double kBohrInAngstrom = 0.529177210903;
constexpr double kHartreeInEv = 27.211386245988;
// Joules per mole in one eV: Avogadro constant times elementary charge, both exact.
constexpr double kJoulePerMoleInEv = 6.02214076e23 * 1.602176634e-19;

constexpr std::array<Unit, 3> kLengthUnits = {{{"angstrom", 1.0}, {"bohr", kBohrInAngstrom}, {"nm", 10.0}}};
constexpr std::array<Unit, 5> kEnergyUnits = {{{"eV", 1.0},
                                               {"meV", 1e-3},
                                               {"kcal/mol", 4184.0 / kJoulePerMoleInEv},
                                               {"kJ/mol", 1000.0 / kJoulePerMoleInEv},
                                               {"hartree", kHartreeInEv}}};

template <std::size_t N>
std::vector<std::string> names(const std::array<Unit, N>& units) {
  std::vector<std::string> out;
  out.reserve(N);
  for (const Unit& unit : units) out.emplace_back(unit.name);
  return out;
}

template <std::size_t N>
double factor(const std::array<Unit, N>& units, std::string_view name, const char* quantity) {
  for (const Unit& unit : units) {
    if (name == unit.name) return unit.factor;
  }
  throw UserError("unknown unit of " + std::string(quantity) + " " + quote(name) + did_you_mean(name, names(units)) +
                  " (known: " + join(names(units), ", ") + ")");
}

// Equal units leave the value's bits alone.
double convert(double value, double from, double to) { return from == to ? value : value * (from / to); }

}  // namespace

const std::vector<std::string>& length_units() {
  static const std::vector<std::string> list = names(kLengthUnits);
  return list;
}

const std::vector<std::string>& energy_units() {
  static const std::vector<std::string> list = names(kEnergyUnits);
  return list;
}

double length_in_angstrom(std::string_view unit) { return factor(kLengthUnits, unit, "length"); }
double energy_in_ev(std::string_view unit) { return factor(kEnergyUnits, unit, "energy"); }

double convert_length(double value, std::string_view from, std::string_view to) {
  return convert(value, length_in_angstrom(from), length_in_angstrom(to));
}

double convert_energy(double value, std::string_view from, std::string_view to) {
  return convert(value, energy_in_ev(from), energy_in_ev(to));
}

}  // namespace mlffgen
