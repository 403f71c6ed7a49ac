#include "runtime/md/step_constants.h"

#include <cmath>

namespace mlffgen::md {

MlffDynamics step_constants(const Dynamics& dynamics, const Units& units) {
  MlffDynamics constants{};
  constants.timestep = dynamics.timestep;
  constants.seed_low = static_cast<unsigned>(dynamics.seed);
  constants.seed_high = static_cast<unsigned>(dynamics.seed >> 32);
  constants.langevin = dynamics.ensemble == Ensemble::langevin ? 1 : 0;
  const double decay = constants.langevin != 0 ? dynamics.friction / kFsPerPs * dynamics.timestep : 0;
  constants.keep = std::exp(-decay);
  constants.renew = std::sqrt(-std::expm1(-2 * decay));
  constants.thermal_energy = units.boltzmann * dynamics.temperature;
  return constants;
}

}  // namespace mlffgen::md
