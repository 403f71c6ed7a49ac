// Operations counted from the text of an emitted kernel, to hold the cost model to what the emitter really writes.
#pragma once

#include <string>

namespace mlffgen::test {

struct Operations {
  double pair = 0, batch = 0, atom = 0;
};

// Of one kernel: the text from its MLFF_KERNEL line to the next kernel. Radial values must be inline, not splines.
Operations count_operations(const std::string& kernel);

// The text of kernel phase_N in a whole source.
std::string kernel_text(const std::string& source, int phase);

}  // namespace mlffgen::test
