// Structs that grow with the versions of the C interface: the caller's struct_size says how much of one there is.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/api/failure.h"

namespace mlffgen::api {

inline constexpr std::size_t kLargestStruct = 4096;  // a larger struct_size was never set

// The caller's struct_size, checked.
template <class Struct>
std::size_t checked_size(const Struct* given, const char* name) {
  static_assert(offsetof(Struct, struct_size) == 0 && sizeof(Struct) % sizeof(std::size_t) == 0);
  if (given == nullptr) throw StatusError(MLFFGEN_INVALID_ARGUMENT, fmt::format("the {} is a null pointer", name));
  const std::size_t size = given->struct_size;
  if (size < sizeof(std::size_t) || size % sizeof(std::size_t) != 0 || size > kLargestStruct) {
    throw StatusError(MLFFGEN_INVALID_ARGUMENT,
                      fmt::format("struct_size of the {} is {}; set it to sizeof({})", name, size, name));
  }
  return size;
}

// The caller's struct in this library's size: what an older caller does not know is zero. Of a newer caller, what this
// library does not know has to be zero.
template <class Struct>
Struct read_struct(const Struct* given, const char* name) {
  const std::size_t size = checked_size(given, name);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(Struct) && std::any_of(bytes + sizeof(Struct), bytes + size, [](auto byte) { return byte != 0; })) {
    throw StatusError(MLFFGEN_INVALID_ARGUMENT,
                      fmt::format("the {} uses members that this library, version {}, does not have; use a newer one, "
                                  "or leave them zero",
                                  name, mlffgen_version()));
  }
  Struct own{};
  std::memcpy(&own, given, std::min(size, sizeof(Struct)));
  return own;
}

// Fills in the caller's struct, as much of it as there is; members that this library does not know become zero.
template <class Struct>
void write_struct(const Struct& own, Struct* given, const char* name) {
  const std::size_t size = checked_size(given, name);
  auto* const bytes = reinterpret_cast<unsigned char*>(given);
  std::memset(bytes, 0, size);
  std::memcpy(bytes, &own, std::min(size, sizeof(Struct)));
  given->struct_size = size;
}

}  // namespace mlffgen::api
