#include "tests/software_gpu/memory.h"

#include <algorithm>
#include <cstring>

namespace software_gpu {
namespace {

constexpr std::size_t kAlignment = 256, kGuardBytes = 1024;
// Poison is NaN as a float, and -1 as an integer; what lies behind an allocation is neither.
constexpr unsigned char kPoison = 0xff, kGuard = 0xfb;

// Where the guard bytes from `guard` on are damaged, as a distance from the allocation; 0: nowhere.
std::size_t damage(const unsigned char* guard, bool behind) {
  const auto intact = [](unsigned char byte) { return byte == kGuard; };
  if (std::all_of(guard, guard + kGuardBytes, intact)) return 0;
  std::size_t k = behind ? 0 : kGuardBytes - 1;
  while (intact(guard[k])) k = behind ? k + 1 : k - 1;
  return behind ? k + 1 : kGuardBytes - k;
}

}  // namespace

std::uint64_t Memory::allocate(std::size_t bytes) {
  if (bytes > available()) return 0;
  Block block;
  block.bytes = bytes;
  block.storage.reset(new unsigned char[bytes + 2 * kGuardBytes + kAlignment]);
  const auto raw = reinterpret_cast<std::uint64_t>(block.storage.get());
  const std::uint64_t address = (raw + kGuardBytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* data = reinterpret_cast<unsigned char*>(address);
  std::memset(data - kGuardBytes, kGuard, kGuardBytes);
  std::memset(data, kPoison, bytes);
  std::memset(data + bytes, kGuard, kGuardBytes);
  used_ += bytes;
  blocks_.emplace(address, std::move(block));
  return address;
}

bool Memory::free(std::uint64_t address) {
  const auto found = blocks_.find(address);
  if (found == blocks_.end()) return false;
  used_ -= found->second.bytes;
  blocks_.erase(found);
  return true;
}

bool Memory::holds(std::uint64_t address, std::size_t bytes) const {
  auto after = blocks_.upper_bound(address);
  if (after == blocks_.begin()) return false;
  const auto& [begin, block] = *std::prev(after);
  return bytes <= block.bytes && address - begin <= block.bytes - bytes;
}

std::string Memory::check_guards() {
  std::string found;
  for (const auto& [address, block] : blocks_) {
    auto* data = reinterpret_cast<unsigned char*>(address);
    for (const bool behind : {false, true}) {
      unsigned char* guard = behind ? data + block.bytes : data - kGuardBytes;
      const std::size_t distance = damage(guard, behind);
      if (distance == 0) continue;
      found = "a write to byte " + std::to_string(distance) + (behind ? " behind the end" : " before the beginning") +
              " of an allocation of " + std::to_string(block.bytes) + " bytes";
      std::memset(guard, kGuard, kGuardBytes);
    }
  }
  return found;
}

}  // namespace software_gpu
