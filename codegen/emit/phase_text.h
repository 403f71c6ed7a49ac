// The body of one phase's kernel.
#pragma once

#include <string>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

std::string phase_text(Context& context);

}  // namespace mlffgen::emit
