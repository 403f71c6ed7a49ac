// Non-cryptographic content hashes (XXH3) for cache keys and change detection, as lower-case hexadecimal text.
//
// They do not resist an attacker: what is loaded because of a matching hash must be safe to load anyway.
#pragma once

#include <string>
#include <string_view>

namespace mlffgen {

std::string hash64_hex(std::string_view bytes);   // 16 digits
std::string hash128_hex(std::string_view bytes);  // 32 digits

}  // namespace mlffgen
