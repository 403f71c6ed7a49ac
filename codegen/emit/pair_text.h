// The part of a phase's kernel that goes over the pairs of each atom.
#pragma once

#include <string>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

// A segment over pairs. Its sums over neighbours are ready afterwards.
std::string pairs_text(Context& context, const Segment& segment);

// The declaration of the record that the phase's kernel keeps of each pair of a chunk.
std::string record_text(const Context& context);

}  // namespace mlffgen::emit
