#include "runtime/md/simulation.h"

#include <fmt/format.h>

#include <limits>

namespace mlffgen::md {

StepError::StepError(long long step, const std::string& message) : UserError(message), step_(step) {}

void Simulation::check_sizes(const State& state) const {
  const auto n = static_cast<std::size_t>(systems_.n_atoms()),
             n_systems = static_cast<std::size_t>(systems_.n_systems());
  internal_check(state.positions.size() == n && state.velocities.size() == n && state.heat.size() == n,
                 "a state's atoms are not those of the systems");
  const bool complete = state.forces.size() == n && state.energies.size() == n_systems;
  internal_check(complete || (state.forces.empty() && state.energies.empty()),
                 "a state's forces are not those of the systems");
}

Sample Simulation::without_correction(Sample sample) const {
  if (dynamics_.ensemble == Ensemble::langevin) return sample;
  for (Observables& now : sample.systems) now.correction = std::numeric_limits<double>::quiet_NaN();
  return sample;
}

double temperature(double kinetic, int degrees_of_freedom, double boltzmann) {
  return degrees_of_freedom > 0 ? 2 * kinetic / (degrees_of_freedom * boltzmann) : 0;
}

std::string step_label(long long step, double timestep) {
  return fmt::format("step {} ({:g} fs)", step, static_cast<double>(step) * timestep);
}

}  // namespace mlffgen::md
