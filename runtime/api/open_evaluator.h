// Opens a model on the device that a user names: the one place that knows all devices.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "runtime/evaluator.h"

namespace mlffgen::runtime {
class Bundle;
}

namespace mlffgen::api {

struct Device {
  bool cuda = false;
  int index = 0;  // of the GPU, as CUDA numbers them

  bool operator==(const Device&) const = default;
};

// "host", "cuda" (the first GPU) or "cuda:N". Throws UserError with the nearest right name for anything else.
Device parse_device(const std::string& text);

struct OpenOptions {
  Device device;
  // The rest is for GPUs, and changes no result.
  double skin = 0;               // of the neighbour list, length unit; the host builds the list in every call
  bool graphs = true;            // launch a call's kernels as one CUDA graph
  std::size_t memory_limit = 0;  // bytes of GPU memory that the model may hold; 0: what the GPU has free
};

// The bundle is needed only during the call. Throws UserError when the device is not there or cannot run this model,
// naming what is missing and what to do.
std::unique_ptr<runtime::Evaluator> open_evaluator(const runtime::Bundle& bundle, const OpenOptions& options = {});

}  // namespace mlffgen::api
