// The JSON header of a safetensors file, parsed strictly and checked against the size of the data behind it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "dsl/safetensors.h"

namespace mlffgen::dsl {

struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

// Bytes of one value of a dtype; 0 for an unknown dtype.
std::uint64_t dtype_bytes(std::string_view dtype);

// Throws UserError that begins with where (the file's name) and names the tensor, unless every tensor has a known
// dtype, a shape whose size matches its offsets, and the tensors cover the data_bytes without gap or overlap.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& where);

}  // namespace mlffgen::dsl
