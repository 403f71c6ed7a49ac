// Safetensors weight files (https://github.com/huggingface/safetensors): a JSON header, then raw tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mlffgen::dsl {

struct TensorInfo {
  std::string dtype;                 // "F64", "F32", "F16", "BF16", "I64", "I32", ...
  std::vector<std::int64_t> shape;   // as stored, row-major
  std::uint64_t begin = 0, end = 0;  // bytes in the data section
};

// An opened weight file. The header is validated as a whole on opening: offsets within the file, no overlap, sizes
// that match dtype and shape, at most 100,000 tensors and 100 MB of header.
class WeightFile {
 public:
  static WeightFile open(const std::filesystem::path& path);  // throws UserError

  const std::string& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // Values in double, row-major. Throws UserError for a missing name (with the nearest names), for a dtype that is not
  // a floating-point type, and for a value that is not finite (naming its index).
  std::vector<double> read(const std::string& name) const;

 private:
  std::string path_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
  std::vector<char> data_;
};

// A tensor to be written: values in double, row-major, stored as F64 or rounded to F32.
struct TensorData {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
  bool single_precision = true;
};

// Writes a weight file that depends on nothing but its arguments (byte for byte). Throws UserError if the file cannot
// be written or a value is not finite in the precision stored, InternalError if a shape does not match its values.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorData>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace mlffgen::dsl
