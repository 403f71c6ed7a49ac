// Keys and machine code for tests of the cache (any bytes will do), and a cache that counts what it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/cache/key.h"

namespace cache_test {

using Bytes = std::vector<std::byte>;

inline mlffgen::cache::KeyFields key_of(const std::string& source = "__global__ void f() {}") {
  return {source, {"--std=c++17", "-DMLFF_REAL=float"}, "sm_90", "13.0", "13000", "0.1.0"};
}

// Bytes that depend on their place and on the seed.
inline Bytes code(std::size_t size, unsigned seed = 1) {
  Bytes bytes(size);
  for (std::size_t k = 0; k < size; ++k) {
    seed = seed * 1664525U + 1013904223U;
    bytes[k] = static_cast<std::byte>(seed >> 24);
  }
  return bytes;
}

// A cache in a folder, as a new process would have it.
class CountingCache {
 public:
  explicit CountingCache(const std::filesystem::path& folder,
                         std::uint64_t disk_bytes = mlffgen::cache::kDefaultDiskBytes,
                         std::uint64_t memory_bytes = mlffgen::cache::kDefaultMemoryBytes)
      : cache_({folder, disk_bytes, memory_bytes, [this](const std::string& text) { warnings.push_back(text); }}) {}

  // Where the kernel of the source came from; its code is `bytes`, or what the cache has in its place.
  mlffgen::cache::Origin get(const std::string& source, const Bytes& bytes) {
    const mlffgen::cache::Cubin cubin = cache_.get(key_of(source), "ethanol", [&] {
      ++compilations;
      return bytes;
    });
    last = *cubin.bytes;
    return cubin.origin;
  }

  mlffgen::cache::Cache& cache() { return cache_; }

  std::vector<std::string> warnings;
  int compilations = 0;
  Bytes last;

 private:
  mlffgen::cache::Cache cache_;
};

inline std::filesystem::path entry_path(const std::filesystem::path& folder, const std::string& source) {
  return folder / mlffgen::cache::entry_name(mlffgen::cache::key_text(key_of(source)));
}

}  // namespace cache_test
