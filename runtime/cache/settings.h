// Where compiled kernels are kept and how much of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace mlffgen::cache {

inline constexpr std::uint64_t kDefaultDiskBytes = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kDefaultMemoryBytes = std::uint64_t{1} << 28;

struct Settings {
  std::filesystem::path folder;                  // "": in memory only
  std::uint64_t disk_bytes = kDefaultDiskBytes;  // of all entries; 0: in memory only
  std::uint64_t memory_bytes = kDefaultMemoryBytes;
  std::function<void(const std::string&)> warn;  // called once at most; none: a line on the standard error
};

// The folder is MLFFGEN_CACHE_DIR, else $XDG_CACHE_HOME/mlffgen, else ~/.cache/mlffgen, and "" where there is no home
// either. The budget on the disk is MLFFGEN_CACHE_SIZE; UserError if that is no size.
Settings environment_settings();

// "512M" as bytes: a whole number with K, M, G or T for powers of 1024. Throws UserError that begins with `what`.
std::uint64_t parse_size(const std::string& text, const std::string& what);

}  // namespace mlffgen::cache
