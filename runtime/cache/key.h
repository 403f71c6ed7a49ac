// What a compiled kernel depends on: two compilations with equal fields give interchangeable code.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::cache {

// The format of entries and keys; another value never reads or replaces entries of this one.
inline constexpr int kSchema = 1;

struct KeyFields {
  std::string source;                // the whole text that is compiled
  std::vector<std::string> options;  // of the compiler, in their order
  std::string arch;                  // "sm_90"
  std::string nvrtc_version;         // "13.0"
  std::string driver_version;        // "13000"; "" for code that no driver was asked about
  std::string generator_version;     // of mlffgen
};

// The fields and the schema as one text: `name length\nvalue\n` for each, so that different fields give different
// texts.
std::string key_text(const KeyFields& fields);

// "<XXH3-128 of the text>.v<schema>.cubin", the file of the key's entry.
std::string entry_name(const std::string& key_text);

}  // namespace mlffgen::cache
