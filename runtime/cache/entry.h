// One compiled kernel as bytes: a line with magic, schema and sizes; facts for people; the key; the machine code; a
// checksum over all of it. Every change of a byte and every cut is found when an entry is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mlffgen::cache {

inline constexpr std::size_t kMaxFactsBytes = 1 << 16;
inline constexpr std::size_t kMaxEntryBytes = 1 << 28;

// The bytes are not an entry of this schema. Messages read on from a file's name: "is cut short".
class DamagedEntry : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a person wants to know of an entry.
struct Facts {
  std::string model;  // whose kernel it is
  std::string arch, generator;
  std::vector<std::string> options;
  std::int64_t created = 0;  // seconds since 1970
};

// Views into the bytes of an entry.
struct EntryView {
  Facts facts;
  std::string_view key;
  std::span<const std::byte> cubin;
};

std::string write_entry(const Facts& facts, std::string_view key, std::span<const std::byte> cubin);

// Throws DamagedEntry.
EntryView read_entry(std::string_view bytes);

// The facts alone, from the first kMaxFactsBytes of an entry of file_bytes; not checksummed. Throws DamagedEntry.
Facts read_facts(std::string_view beginning, std::uint64_t file_bytes);

}  // namespace mlffgen::cache
