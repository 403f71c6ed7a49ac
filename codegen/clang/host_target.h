// The CPU that a host library is built for. For this folder only.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::clang {

struct HostTarget {
  std::string name;                   // "sapphirerapids", "x86-64-v3"
  std::string tune;                   // what the scheduler optimises for: a name that LLVM knows
  std::vector<std::string> features;  // beyond baseline x86-64, in a fixed order: exactly what the code may use
  int vector_bits = 128;              // the widest vectors that the vectoriser should use
};

// "native", "x86-64-v2", "x86-64-v3" or "x86-64-v4"; anything else is a UserError.
//
// Features are limited to a short closed list that a loader can check one by one, for the native target too: the gain
// of the others (bit manipulation, half precision) is nil for this code, and an object that quietly needs them would
// die with an illegal instruction on a machine that passed every check.
HostTarget host_target(const std::string& cpu);

}  // namespace mlffgen::clang
