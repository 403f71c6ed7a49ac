// What the processor that runs this can do, in the words that LLVM uses for target features.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::runtime {

// Those of the features that this machine's processor or operating system lacks. A feature this runtime has no test for
// counts as lacking.
std::vector<std::string> missing_cpu_features(const std::vector<std::string>& wanted);

}  // namespace mlffgen::runtime
