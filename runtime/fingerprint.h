// Which models run the same code.
#pragma once

#include <string>

#include "runtime/bundle.h"
#include "runtime/plan.h"

namespace mlffgen::runtime {

// A hash of the first form's kernels, hexadecimal; "" for a model without code for GPUs. Numbers with a fraction, which
// come from the weights, do not count: a model that is trained anew keeps its fingerprint and what a tuner found out.
// Nor do comments and how lines are broken, which follows from how long those numbers are.
std::string fingerprint(const Bundle& bundle, const Plan& plan);

}  // namespace mlffgen::runtime
