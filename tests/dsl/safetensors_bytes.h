// Makes the bytes of safetensors files, well-formed or not, for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "dsl/safetensors.h"
#include "tests/base/temporary_folder.h"

template <typename Value>
std::string bytes_of(Value value) {
  char raw[sizeof(Value)];
  std::memcpy(raw, &value, sizeof(Value));
  return std::string(raw, sizeof(Value));
}

// A file with this header and this data.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  return bytes_of(static_cast<std::uint64_t>(header.size())) + header + data;
}

// The bytes as a file, opened.
inline mlffgen::dsl::WeightFile open_bytes(const TemporaryFolder& folder, std::string_view bytes) {
  const std::filesystem::path path = folder.path() / "w.safetensors";
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return mlffgen::dsl::WeightFile::open(path);
}
