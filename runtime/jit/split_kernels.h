// An emitted source as one text for each of its kernels, so that they can be compiled side by side.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlffgen::jit {

struct KernelText {
  std::string name;
  std::string text;  // all that stands before the first kernel, then this kernel; lines have the source's numbers
};

// In the order of the source. A kernel begins with a line `MLFF_KERNEL(name, ...` and reaches to the next one; none for
// a source without kernels.
std::vector<KernelText> split_kernels(std::string_view source);

}  // namespace mlffgen::jit
