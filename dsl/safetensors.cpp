#include "dsl/safetensors.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "dsl/safetensors_header.h"

namespace mlffgen::dsl {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kLengthBytes = 8;  // the header's length, before it
constexpr std::size_t kLongName = 1000;  // tensor names are long, and useless when cut

template <typename Value>
Value load(const char* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// IEEE binary16: 1 sign, 5 exponent and 10 mantissa bits.
double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int mantissa = bits & 0x3ff;
  double magnitude;
  if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else if (exponent == 0x1f) {
    magnitude = mantissa == 0 ? HUGE_VAL : std::nan("");
  } else {
    magnitude = std::ldexp(mantissa + 0x400, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// bfloat16 is the upper half of a float.
double bfloat_to_double(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

using Decoder = double (*)(const char*);

// Null unless the dtype is a floating-point type that weights come in.
Decoder find_decoder(std::string_view dtype) {
  if (dtype == "F64") return [](const char* bytes) { return load<double>(bytes); };
  if (dtype == "F32") return [](const char* bytes) { return static_cast<double>(load<float>(bytes)); };
  if (dtype == "F16") return [](const char* bytes) { return half_to_double(load<std::uint16_t>(bytes)); };
  if (dtype == "BF16") return [](const char* bytes) { return bfloat_to_double(load<std::uint16_t>(bytes)); };
  return nullptr;
}

// "[2, 7]" for the position of a value in a row-major tensor.
std::string index_text(std::size_t position, const std::vector<std::int64_t>& shape) {
  std::vector<std::string> indices(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::size_t>(shape[axis]);
    indices[axis] = std::to_string(position % size);
    position /= size;
  }
  return "[" + join(indices, ", ") + "]";
}

}  // namespace

WeightFile WeightFile::open(const std::filesystem::path& path) {
  WeightFile file;
  file.path_ = path.string();
  file.data_ = read_binary_file(path);
  const std::uint64_t size = file.data_.size();
  if (size < kLengthBytes) {
    throw UserError(file.path_ + ": not a safetensors file: it has " + std::to_string(size) + " bytes");
  }
  const auto header_bytes = load<std::uint64_t>(file.data_.data());
  if (header_bytes > kMaxHeaderBytes) {
    throw UserError(file.path_ + ": not a safetensors file: its first 8 bytes announce a header of " +
                    std::to_string(header_bytes) + " bytes; at most " + std::to_string(kMaxHeaderBytes) +
                    " are allowed");
  }
  if (header_bytes > size - kLengthBytes) {
    throw UserError(file.path_ + ": the file is cut short: its header has " + std::to_string(header_bytes) +
                    " bytes, but only " + std::to_string(size - kLengthBytes) + " follow");
  }
  const std::uint64_t data_begin = kLengthBytes + header_bytes;
  const std::string_view json(file.data_.data() + kLengthBytes, header_bytes);
  SafetensorsHeader header = parse_safetensors_header(json, size - data_begin, file.path_);
  file.tensors_ = std::move(header.tensors);
  file.metadata_ = std::move(header.metadata);
  file.data_.erase(file.data_.begin(), file.data_.begin() + static_cast<std::ptrdiff_t>(data_begin));
  return file;
}

std::vector<double> WeightFile::read(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    std::vector<std::string> names;
    names.reserve(tensors_.size());
    for (const auto& [known, info] : tensors_) names.push_back(known);
    throw UserError(path_ + ": no tensor is named " + quote(name, kLongName) + did_you_mean(name, names) +
                    " (the file has " + std::to_string(names.size()) + " tensors)");
  }
  const TensorInfo& tensor = found->second;
  const Decoder decode = find_decoder(tensor.dtype);
  if (decode == nullptr) {
    throw UserError(path_ + ": tensor " + quote(name, kLongName) + " has the dtype " + tensor.dtype +
                    "; weights must be F64, F32, F16 or BF16");
  }
  const std::uint64_t step = dtype_bytes(tensor.dtype);
  std::vector<double> values((tensor.end - tensor.begin) / step);
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = decode(data_.data() + tensor.begin + k * step);
    if (!std::isfinite(values[k])) {
      throw UserError(path_ + ": tensor " + quote(name, kLongName) + " is not finite at " +
                      index_text(k, tensor.shape) + " (" + std::to_string(values[k]) + ")");
    }
  }
  return values;
}

}  // namespace mlffgen::dsl
