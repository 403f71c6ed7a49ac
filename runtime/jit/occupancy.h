// How many blocks of a kernel fit on one streaming multiprocessor (SM), from what the kernel uses: no GPU needed.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::jit {

// What one architecture offers; bytes of shared memory, 32-bit registers.
struct SmLimits {
  const char* arch;            // "sm_90"
  int max_warps;               // resident on an SM
  int max_blocks;              // resident on an SM
  int shared_bytes;            // of an SM
  int shared_bytes_per_block;  // of a block that opts in to more than 48 KiB
};

// What one block uses.
struct BlockUse {
  int threads = 0;
  int registers = 0;     // a thread
  int shared_bytes = 0;  // static and dynamic together
};

enum class OccupancyLimit { warps, blocks, registers, shared_memory };

struct Occupancy {
  int blocks_per_sm = 0;  // 0: the kernel cannot be launched so
  int warps_per_sm = 0;
  double fraction = 0;                           // warps_per_sm of the architecture's most
  OccupancyLimit limit = OccupancyLimit::warps;  // what a further block lacks first
};

// The architectures that are known: sm_80, 86, 89, 90, 100, 120.
const std::vector<SmLimits>& known_sm_limits();

// UserError for another architecture.
const SmLimits& sm_limits(const std::string& arch);

// Throws UserError for an unknown architecture, InternalError for a use that is negative or has no thread.
Occupancy occupancy(const std::string& arch, const BlockUse& use);

}  // namespace mlffgen::jit
