// Pieces that the texts over atoms and over pairs have in common.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

// The lines, each moved by so many columns.
std::string lines_text(const std::vector<std::string>& lines, int columns);

// Calls of a function template that multiplies rows by the matrices of a linear node, one call an input, with the
// barrier between two calls whose threads share the work in different ways.
std::string product_text(Context& context, const char* function, const char* barrier, const std::string& rows,
                         NodeId id, const std::vector<std::string>& inputs, const std::string& output);

// Notes that the kernel writes a value of an atom, if the value has a buffer.
void mark_written(Context& context, NodeId id);

}  // namespace mlffgen::emit
