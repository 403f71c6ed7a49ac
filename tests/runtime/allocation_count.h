// How often this program has called operator new: for tests that a steady state allocates nothing.
#pragma once

namespace mlffgen {

long allocation_count();

}  // namespace mlffgen
