#include "runtime/jit/occupancy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen::jit {
namespace {

// The same on every architecture below: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability",
// and the occupancy calculator of the CUDA toolkit for the granularities.
constexpr int kWarp = 32;
constexpr int kMaxThreadsPerBlock = 1024;
constexpr int kMaxRegistersPerThread = 255;
constexpr int kSubPartitions = 4;  // each with its own share of the registers; a warp lives in one
constexpr int kRegistersPerSubPartition = 16384;
constexpr int kRegisterUnit = 256;             // registers are given to a warp in such portions
constexpr int kSharedUnit = 128;               // bytes
constexpr int kReservedSharedPerBlock = 1024;  // bytes that the system takes from each block since sm_80

constexpr int kKib = 1024;

int round_up(int value, int unit) { return (value + unit - 1) / unit * unit; }

int blocks_by_registers(int registers, int warps) {
  if (registers > kMaxRegistersPerThread) return 0;
  const int per_warp = round_up(std::max(registers, 1) * kWarp, kRegisterUnit);
  return kRegistersPerSubPartition / per_warp * kSubPartitions / warps;
}

int blocks_by_shared(const SmLimits& limits, int bytes) {
  if (bytes > limits.shared_bytes_per_block) return 0;
  return limits.shared_bytes / round_up(bytes + kReservedSharedPerBlock, kSharedUnit);
}

}  // namespace

// "Technical Specifications per Compute Capability" of the CUDA C++ Programming Guide 13.0; the occupancy sections of
// NVIDIA's tuning guides (Ampere, Ada, Hopper, Blackwell) state the same.
const std::vector<SmLimits>& known_sm_limits() {
  static const std::vector<SmLimits> table = {
      // arch    warps blocks  shared/SM   shared/block
      {"sm_80", 64, 32, 164 * kKib, 163 * kKib},   //
      {"sm_86", 48, 16, 100 * kKib, 99 * kKib},    //
      {"sm_89", 48, 24, 100 * kKib, 99 * kKib},    //
      {"sm_90", 64, 32, 228 * kKib, 227 * kKib},   //
      {"sm_100", 64, 32, 228 * kKib, 227 * kKib},  //
      {"sm_120", 48, 24, 100 * kKib, 99 * kKib},
  };
  return table;
}

const SmLimits& sm_limits(const std::string& arch) {
  std::vector<std::string> names;
  for (const SmLimits& limits : known_sm_limits()) {
    if (arch == limits.arch) return limits;
    names.emplace_back(limits.arch);
  }
  throw UserError("no occupancy data for GPU architecture " + quote(arch) + ": known are " + join(names, ", "));
}

Occupancy occupancy(const std::string& arch, const BlockUse& use) {
  const SmLimits& limits = sm_limits(arch);
  internal_check(use.threads > 0 && use.registers >= 0 && use.shared_bytes >= 0, "occupancy of an impossible block");
  const int warps = (use.threads + kWarp - 1) / kWarp;
  const bool too_many_threads = use.threads > kMaxThreadsPerBlock;
  const std::array<std::pair<int, OccupancyLimit>, 4> bounds = {{
      {too_many_threads ? 0 : limits.max_warps / warps, OccupancyLimit::warps},
      {limits.max_blocks, OccupancyLimit::blocks},
      {blocks_by_registers(use.registers, warps), OccupancyLimit::registers},
      {blocks_by_shared(limits, use.shared_bytes), OccupancyLimit::shared_memory},
  }};
  const auto tightest =
      std::min_element(bounds.begin(), bounds.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Occupancy result;
  result.blocks_per_sm = tightest->first;
  result.warps_per_sm = result.blocks_per_sm * warps;
  result.fraction = static_cast<double>(result.warps_per_sm) / limits.max_warps;
  result.limit = tightest->second;
  return result;
}

}  // namespace mlffgen::jit
