// Makes time steps: velocity Verlet (NVE), or BAOAB for Langevin dynamics (templates/dynamics_step.h), on some device.
//
// The random numbers depend on seed, step, atom and system alone, and a system's own count from 0: neither threads, nor
// the device, nor how the steps are cut into calls changes them.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "runtime/md/systems.h"

namespace mlffgen::md {

// One system at one step, in the model's energy unit.
struct Observables {
  double potential = 0, kinetic = 0;
  double heat = 0;  // that the bath has given since the start
  // In NVE, what turns the total into the energy that velocity Verlet conserves to the fourth order of the time step
  // instead of the second; NaN where the step before is not known. 0 with a thermostat.
  double correction = 0;

  double total() const { return potential + kinetic; }
  double conserved() const { return total() - heat; }
  double shadow() const { return conserved() + correction; }
};

struct Sample {
  long long step = 0;
  std::vector<Observables> systems;  // [n_systems]
};

// A run that cannot go on: the step that failed (the state is unspecified).
class StepError : public UserError {
 public:
  StepError(long long step, const std::string& message);
  long long step() const { return step_; }

 private:
  long long step_;
};

class Simulation {
 public:
  virtual ~Simulation() = default;
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  const Systems& systems() const { return systems_; }
  const Dynamics& dynamics() const { return dynamics_; }
  virtual std::string device() const = 0;

  // The state to go on from; computes what it lacks of forces and energies.
  virtual void load(State state) = 0;
  // The state now, and its observables; in NVE without the correction, as for the first of all steps.
  virtual State state() = 0;
  virtual Sample sample() = 0;
  virtual long long step() const = 0;

  // Makes the steps and appends a sample behind each whose number is a multiple of sample_every (0: none). Throws
  // StepError, naming step, system and atom, where positions, energies or forces are not finite or atoms overlap; the
  // samples before it are there.
  virtual void advance(long long steps, long long sample_every, std::vector<Sample>& samples) = 0;

  // Forgets what later steps must not depend on when they are to have the same bits as those of a run that load()s the
  // state of now.
  virtual void forget_history() {}

 protected:
  Simulation(Systems systems, const Dynamics& dynamics) : systems_(std::move(systems)), dynamics_(dynamics) {}

  void check_sizes(const State& state) const;
  Sample without_correction(Sample sample) const;

 private:
  Systems systems_;
  Dynamics dynamics_;
};

// 2 K / (degrees of freedom * Boltzmann constant); 0 for a system without any.
double temperature(double kinetic, int degrees_of_freedom, double boltzmann);

// "step 1200 (600 fs)".
std::string step_label(long long step, double timestep);

}  // namespace mlffgen::md
