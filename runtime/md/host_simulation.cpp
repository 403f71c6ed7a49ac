#include "runtime/md/host_simulation.h"

#include <fmt/format.h>

#include <limits>

#include "runtime/md/step_constants.h"

namespace mlffgen::md {

struct HostSimulation::Work {
  Work(runtime::Evaluator& model, const Systems& all, const Dynamics& dynamics, int threads)
      : evaluator(model),
        systems(all),
        constants(step_constants(dynamics, all.units)),
        structures(all.structures),
        timestep(dynamics.timestep) {
    options.threads = threads;
    masses.reserve(all.masses.size());
    for (const double mass : all.masses) masses.push_back(mass * all.units.mass);
  }

  runtime::Evaluator& evaluator;
  const Systems& systems;
  const MlffDynamics constants;
  std::vector<double> masses;                  // [n_atoms], energy fs^2 / length^2
  std::vector<runtime::Structure> structures;  // where the evaluator finds the positions
  double timestep;
  runtime::EvaluateOptions options;
  std::vector<runtime::Result> results;
  State state;
  std::vector<Vector3> forces_before;  // of the step before; empty if there was none

  // f(atom of all, system, atom of the system)
  template <class Function>
  void each_atom(Function&& f) {
    for (int s = 0; s < systems.n_systems(); ++s) {
      const int first = systems.begin[static_cast<std::size_t>(s)],
                last = systems.begin[static_cast<std::size_t>(s) + 1];
      for (int i = first; i < last; ++i) f(static_cast<std::size_t>(i), s, i - first);
    }
  }

  void evaluate() {
    each_atom([&](std::size_t i, int s, int atom) {
      structures[static_cast<std::size_t>(s)].positions[static_cast<std::size_t>(atom)] = state.positions[i];
    });
    try {
      evaluator.evaluate(structures, options, results);
    } catch (const StructureError& error) {
      throw StepError(state.step, fmt::format("{}: {}", step_label(state.step, timestep), error.what()));
    }
    std::swap(forces_before, state.forces);
    state.forces.clear();
    state.energies.clear();
    for (const runtime::Result& result : results) {
      state.forces.insert(state.forces.end(), result.forces.begin(), result.forces.end());
      state.energies.push_back(result.energy);
    }
  }

  void step() {
    ++state.step;
    each_atom([&](std::size_t i, int s, int atom) {
      mlff_kick(&constants, masses[i], state.forces[i].data(), state.velocities[i].data());
      state.heat[i] +=
          mlff_move(&constants, masses[i], state.step, atom, s, state.positions[i].data(), state.velocities[i].data());
    });
    evaluate();
    each_atom([&](std::size_t i, int, int) {
      mlff_kick(&constants, masses[i], state.forces[i].data(), state.velocities[i].data());
    });
  }

  Sample sample() {
    Sample result{state.step, std::vector<Observables>(systems.structures.size())};
    for (std::size_t s = 0; s < result.systems.size(); ++s) result.systems[s].potential = state.energies[s];
    each_atom([&](std::size_t i, int s, int) {
      Observables& out = result.systems[static_cast<std::size_t>(s)];
      out.kinetic += mlff_kinetic(masses[i], state.velocities[i].data());
      out.heat += state.heat[i];
      if (constants.langevin != 0) return;
      out.correction += forces_before.empty() ? std::numeric_limits<double>::quiet_NaN()
                                              : mlff_shadow(&constants, masses[i], state.forces[i].data(),
                                                            forces_before[i].data(), state.velocities[i].data());
    });
    return result;
  }
};

HostSimulation::HostSimulation(runtime::Evaluator& evaluator, Systems all, const Dynamics& dynamics, int threads)
    : Simulation(std::move(all), dynamics), work_(std::make_unique<Work>(evaluator, systems(), dynamics, threads)) {}

HostSimulation::~HostSimulation() = default;

std::string HostSimulation::device() const { return work_->evaluator.device(); }

void HostSimulation::load(State state) {
  check_sizes(state);
  work_->state = std::move(state);
  work_->forces_before.clear();
  if (work_->state.forces.empty()) work_->evaluate();
}

State HostSimulation::state() { return work_->state; }
Sample HostSimulation::sample() { return without_correction(work_->sample()); }
long long HostSimulation::step() const { return work_->state.step; }

void HostSimulation::advance(long long steps, long long sample_every, std::vector<Sample>& samples) {
  for (long long k = 0; k < steps; ++k) {
    work_->step();
    if (sample_every > 0 && work_->state.step % sample_every == 0) samples.push_back(work_->sample());
  }
}

}  // namespace mlffgen::md
