// Pieces that the texts over atoms and over pairs have in common.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

// The lines, each moved by so many columns.
std::string lines_text(const std::vector<std::string>& lines, int columns);

// Notes that the kernel writes a value of an atom, if the value has a buffer.
void mark_written(Context& context, NodeId id);

}  // namespace mlffgen::emit
