// How often the program has allocated memory of the host.
#pragma once

namespace mlffgen::cuda_test {

long allocations();

}  // namespace mlffgen::cuda_test
