// How long a kernel may take in one configuration or another: good enough to say what to try first.
#pragma once

#include "runtime/block_shape.h"
#include "runtime/plan.h"

namespace mlffgen::tuning {

// What the GPU offers: of a multiprocessor, but for `multiprocessors`.
struct GpuShape {
  int multiprocessors = 1, threads = 2048, registers = 65536, blocks = 32;
  std::size_t shared_bytes = 0;
};

// What a call has: atoms with so many pairs each.
struct CallShape {
  int atoms = 1;
  double neighbours = 0;
};

// Microseconds, to some factor that all configurations of the kernel share. The configuration is one that the GPU can
// run.
double predicted_time(const runtime::Plan& plan, const runtime::Plan::Kernel& kernel,
                      const runtime::Configuration& configuration, const CallShape& call, const GpuShape& gpu);

}  // namespace mlffgen::tuning
