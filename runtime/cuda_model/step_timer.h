// Times on the GPU's clock. For this folder only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/cuda/stream.h"
#include "runtime/cuda_model/lane.h"
#include "runtime/profile.h"

namespace mlffgen::cuda_model {

// Calls are put into the stream several at a time, the first of which is not timed: so the host is ahead, and no time
// holds a wait for the host. `enqueue` puts one call into the stream and does not wait.

// Of each launch, copy and fill. The first part has to begin before the first step.
struct StepTimes {
  std::vector<runtime::Profile::Step> steps;
  runtime::Spread all;  // from the start of the first step to the end of the last
};
StepTimes time_steps(const cuda::Stream& stream, int repeats, const std::function<void(const PartMark&)>& enqueue);

// Of the whole of it, microseconds [repeats].
std::vector<double> samples_on_gpu(const cuda::Stream& stream, int repeats, const std::function<void()>& enqueue);
runtime::Spread time_on_gpu(const cuda::Stream& stream, int repeats, const std::function<void()>& enqueue);

}  // namespace mlffgen::cuda_model
