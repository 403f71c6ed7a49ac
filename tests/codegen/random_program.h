// Random programs that use every function of the language on values of the right types.
#pragma once

#include <string>

#include "samples.h"

namespace mlffgen::test {

// A valid program whose values stay tame, so that its gradient can be checked by differences.
std::string random_program(Random& random);

}  // namespace mlffgen::test
