#include "runtime/md/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/elements.h"

namespace mlffgen::md {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPieceSeconds = 0.1;  // how long a signal waits, and how often progress is told
constexpr long long kFirstPiece = 8;   // steps, before anything is known of the speed

class Run {
 public:
  Run(Simulation& simulation, const RunOptions& options, const RunCallbacks& callbacks)
      : simulation_(simulation), options_(options), callbacks_(callbacks) {}

  long long go() {
    if (options_.deliver_first) {
      if (options_.sample_every > 0) deliver({simulation_.sample()});
      if (options_.frame_every > 0 && callbacks_.frame) callbacks_.frame(simulation_.state());
    }
    bool saved = false;
    while (simulation_.step() < options_.last_step && !(callbacks_.stop && callbacks_.stop())) {
      advance(next_stop() - simulation_.step());
      const long long step = simulation_.step();
      if (is_due(options_.frame_every) && callbacks_.frame) callbacks_.frame(simulation_.state());
      saved = is_due(options_.checkpoint_every);
      if (saved) checkpoint();
      if (callbacks_.progress) callbacks_.progress(step);
    }
    if (!saved) checkpoint();
    return simulation_.step();
  }

 private:
  bool is_due(long long every) const { return every > 0 && simulation_.step() % every == 0; }

  void checkpoint() {
    if (!callbacks_.checkpoint) return;
    callbacks_.checkpoint(simulation_.state());
    simulation_.forget_history();
  }

  // The step at which the next piece ends.
  long long next_stop() const {
    const long long step = simulation_.step();
    long long stop = options_.last_step;
    for (const long long every : {options_.frame_every, options_.checkpoint_every}) {
      if (every > 0) stop = std::min(stop, (step / every + 1) * every);
    }
    if (step + piece_ >= stop) return stop;
    // Pieces that end with a sample, where they are that long, are cut into equal parts.
    const long long every = options_.sample_every;
    const long long end = step + piece_;
    return every > 0 && end / every * every > step ? end / every * every : end;
  }

  void advance(long long steps) {
    const auto start = Clock::now();
    std::vector<Sample> samples;
    try {
      simulation_.advance(steps, options_.sample_every, samples);
    } catch (const StepError&) {
      deliver(samples);
      throw;
    }
    deliver(samples);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const double fitting = static_cast<double>(steps) * kPieceSeconds / std::max(seconds, 1e-9);
    // Grows slowly: the first steps may be slower than the rest, or a piece short.
    piece_ = std::clamp(static_cast<long long>(fitting), 1LL, 4 * piece_);
  }

  void deliver(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples) {
      if (callbacks_.sample) callbacks_.sample(sample);
      check(sample);
    }
  }

  void check(const Sample& sample) {
    const Systems& systems = simulation_.systems();
    for (std::size_t s = 0; s < sample.systems.size(); ++s) {
      const Observables& now = sample.systems[s];
      const double kelvin = temperature(now.kinetic, systems.degrees_of_freedom[s], systems.units.boltzmann);
      if (std::isfinite(now.total()) && kelvin <= options_.temperature_limit) continue;
      const int atom = fastest_atom(static_cast<int>(s));
      const int number = systems.structures[s].atomic_numbers[static_cast<std::size_t>(atom)];
      throw StepError(
          sample.step,
          fmt::format(
              "{}: system {} has a temperature of {:.6g} K and an energy of {:.6g} {}, where {:g} K are allowed; its "
              "fastest atom is {} ({}; all count from 0); is a time step of {:g} fs short enough, and the start "
              "physical?",
              step_label(sample.step, simulation_.dynamics().timestep), s, kelvin, now.total(), systems.units.energy,
              options_.temperature_limit, atom, element_symbol(number), simulation_.dynamics().timestep));
    }
  }

  // By kinetic energy, or the first whose velocity is not finite.
  int fastest_atom(int system) {
    const Systems& systems = simulation_.systems();
    const State state = simulation_.state();
    const int first = systems.begin[static_cast<std::size_t>(system)];
    const int last = systems.begin[static_cast<std::size_t>(system) + 1];
    int fastest = first;
    double most = -1;
    for (int i = first; i < last; ++i) {
      const Vector3& v = state.velocities[static_cast<std::size_t>(i)];
      const double energy = systems.masses[static_cast<std::size_t>(i)] * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      if (!std::isfinite(energy)) return i - first;
      if (energy > most) fastest = i;
      most = std::max(most, energy);
    }
    return fastest - first;
  }

  Simulation& simulation_;
  const RunOptions& options_;
  const RunCallbacks& callbacks_;
  long long piece_ = kFirstPiece;  // steps
};

}  // namespace

long long run(Simulation& simulation, const RunOptions& options, const RunCallbacks& callbacks) {
  return Run(simulation, options, callbacks).go();
}

}  // namespace mlffgen::md
