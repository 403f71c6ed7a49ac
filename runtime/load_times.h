// Where the time goes when a model is loaded onto a GPU: milliseconds of steps that follow one another.
#pragma once

#include <chrono>

namespace mlffgen::runtime {

struct LoadTimes {
  double driver_ms = 0;     // the driver's library, its start, and the GPU's context if this process had none
  double plan_ms = 0;       // reading the plan
  double kernels_ms = 0;    // waiting for NVRTC to be loaded and for kernels to be read from the cache or compiled
  double modules_ms = 0;    // kernels onto the GPU
  double weights_ms = 0;    // the model's constants onto the GPU
  double workspace_ms = 0;  // streams and first buffers
  int compiled = 0;         // texts that were compiled, side by side
  int at_hand = 0;          // texts that the cache had; code of the bundle counts as neither
  double longest_compile_ms = 0;
};

// Milliseconds since it was made, or since the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = Clock::now();
    const double milliseconds = std::chrono::duration<double, std::milli>(now - begin_).count();
    begin_ = now;
    return milliseconds;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace mlffgen::runtime
