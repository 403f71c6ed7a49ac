// A whole run: steps in pieces, and what has to happen between them.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "runtime/md/simulation.h"

namespace mlffgen::md {

struct RunOptions {
  bool deliver_first = true;       // sample and frame of the state that it starts from: not when going on
  long long last_step = 0;         // the run ends behind it, counted from the start of the trajectory
  long long sample_every = 10;     // steps between samples; 0: none
  long long frame_every = 0;       // steps between frames; 0: none
  long long checkpoint_every = 0;  // steps between checkpoints; 0: at the end only
  // K; a higher one at a sample ends the run with a StepError that names the step and the fastest atom.
  double temperature_limit = std::numeric_limits<double>::infinity();
};

// What is called on the way, in the order of the steps; at one step in the order below. All may be empty.
struct RunCallbacks {
  std::function<void(const Sample&)> sample;
  std::function<void(const State&)> frame;
  std::function<void(const State&)> checkpoint;  // also at the end, however it is reached, but not after an error
  std::function<void(long long step)> progress;  // several times a second
  std::function<bool()> stop;                    // true: end after this piece
};

// From the state that was loaded. Returns the last step made. An error is passed on once the samples before it have
// been delivered.
long long run(Simulation& simulation, const RunOptions& options, const RunCallbacks& callbacks);

}  // namespace mlffgen::md
