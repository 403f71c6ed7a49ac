#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "dsl/safetensors.h"

namespace mlffgen::dsl {
namespace {

constexpr std::size_t kAlignment = 8;

template <typename Value>
void append(std::string& bytes, Value value) {
  char raw[sizeof(Value)];
  std::memcpy(raw, &value, sizeof(Value));
  bytes.append(raw, sizeof(Value));
}

void append_value(std::string& bytes, const std::string& name, double value, bool single_precision) {
  const auto rounded = static_cast<float>(value);
  if (!std::isfinite(value) || (single_precision && !std::isfinite(rounded))) {
    throw UserError("tensor " + quote(name) + " has a value that cannot be stored: " + std::to_string(value));
  }
  if (single_precision) {
    append(bytes, rounded);
  } else {
    append(bytes, value);
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorData>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;

  std::string data;
  // Doubles first, so that every value is aligned in the file.
  for (const bool single_precision : {false, true}) {
    for (const auto& [name, tensor] : tensors) {
      if (tensor.single_precision != single_precision) continue;
      std::size_t count = 1;
      for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
      internal_check(count == tensor.values.size(), "a tensor's shape must match its values");
      const std::size_t begin = data.size();
      for (const double value : tensor.values) append_value(data, name, value, single_precision);
      header[name] = {
          {"dtype", single_precision ? "F32" : "F64"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
    }
  }

  // Escaped, since metadata may hold any bytes.
  std::string json = header.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  json.append((kAlignment - json.size() % kAlignment) % kAlignment, ' ');
  std::string bytes;
  append(bytes, static_cast<std::uint64_t>(json.size()));
  write_file_atomically(path, bytes + json + data);
}

}  // namespace mlffgen::dsl
