#include "runtime/md/units.h"

#include <cmath>

#include "base/units.h"

namespace mlffgen::md {
namespace {

constexpr double kElementaryCharge = 1.602176634e-19;  // J per eV, exact
constexpr double kAtomicMass = 1.66053906660e-27;      // kg per u
constexpr double kBoltzmannInEv = 1.380649e-23 / kElementaryCharge;
constexpr double kMetresPerSecond = 1e-5;  // angstrom / fs per m / s

}  // namespace

Units Units::of(const std::string& length, const std::string& energy) {
  Units units{length, energy};
  const double angstrom = length_in_angstrom(length), ev = energy_in_ev(energy);
  units.ase_velocity = std::sqrt(kElementaryCharge / kAtomicMass) * kMetresPerSecond / angstrom;
  // 1 u is 1 eV / (sqrt(eV / u))^2.
  const double velocity = units.ase_velocity * angstrom;  // angstrom / fs
  units.mass = angstrom * angstrom / (velocity * velocity) / ev;
  units.boltzmann = kBoltzmannInEv / ev;
  return units;
}

}  // namespace mlffgen::md
