// What a GPU can do at most, measured on it in about a second by kernels that do one thing that models' kernels do
// (templates/device_limits.cu): the ceilings that a profile holds times against.
#pragma once

#include <optional>

#include "runtime/kernels/kernel_library.h"
#include "runtime/plan.h"
#include "runtime/profile.h"

namespace mlffgen::kernels {

// Work a second, bytes or floating-point operations: of the median time, and of the 95 % and the 5 % percentile.
struct Rate {
  double median = 0, low = 0, high = 0;
};

Rate rate_of(double work, const runtime::Spread& time);

struct DeviceLimits {
  int multiprocessors = 0;
  Rate copy;             // device memory, bytes read and written, arrays larger than the L2 cache
  Rate gather;           // rows of 512 bytes at 48 of 256 neighbouring places an atom, from L1 and L2
  Rate table;            // the same of a table of 32 KiB, from L1
  Rate weights;          // a matrix of 1 MiB that all blocks read side by side, from L2
  Rate block_weights;    // the same by one block of 256 threads
  Rate multiply_adds;    // of the model's precision, 2 operations each
  Rate products;         // on tensor cores, of halves with float sums (m16n8k16), 2 operations a multiply-add
  runtime::Spread node;  // microseconds that one more launch adds to a graph
  std::optional<runtime::Spread> barrier;  // ... that all multiprocessors wait for one another; none: not side by side
};

struct LimitOptions {
  int repeats = 15;                 // of each measurement
  double least_microseconds = 500;  // of one: its work is doubled until it takes so long
};

// The context must be current. Takes up to 1 GiB of memory for as long as it lasts, at most a quarter of what is free
// but 64 MiB at least. DeviceError for failures of the GPU; what KernelLibrary throws.
DeviceLimits measure_limits(const KernelLibrary& library, runtime::Precision precision,
                            const LimitOptions& options = {});

}  // namespace mlffgen::kernels
