#include "dsl/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen::dsl {
namespace {

constexpr std::size_t kMaxTensors = 100'000;
constexpr std::size_t kMaxRank = 16;
constexpr std::size_t kMaxNameBytes = 1000;

struct Dtype {
  const char* name;
  std::uint64_t bytes;
};

constexpr std::array<Dtype, 15> kDtypes = {{{"F64", 8},
                                            {"F32", 4},
                                            {"F16", 2},
                                            {"BF16", 2},
                                            {"I64", 8},
                                            {"I32", 4},
                                            {"I16", 2},
                                            {"I8", 1},
                                            {"U64", 8},
                                            {"U32", 4},
                                            {"U16", 2},
                                            {"U8", 1},
                                            {"BOOL", 1},
                                            {"F8_E4M3", 1},
                                            {"F8_E5M2", 1}}};

std::string known_dtypes() {
  std::vector<std::string> names;
  names.reserve(kDtypes.size());
  for (const Dtype& dtype : kDtypes) names.emplace_back(dtype.name);
  return join(names, ", ");
}

// Takes the parser's events one by one, so that nothing of a hostile header is stored that does not fit the format,
// and so that duplicate keys are seen.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(std::string where) : where_(std::move(where)) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_float(number_float_t, const string_t& text) override { unexpected("the number " + quote(text)); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_integer(number_integer_t value) override { unexpected("the negative number " + std::to_string(value)); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::shape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("the dimension " + std::to_string(value) + " is too large");
      }
      if (tensor_.shape.size() == kMaxRank) fail("it has more than " + std::to_string(kMaxRank) + " dimensions");
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (state_ == State::offsets) {
      if (offsets_.size() == 2) fail("'data_offsets' has more than two numbers");
      offsets_.push_back(value);
    } else {
      unexpected("the number " + std::to_string(value));
    }
    return true;
  }

  bool string(string_t& value) override {
    if (state_ == State::metadata && !field_.empty()) {
      header_.metadata[std::exchange(field_, "").substr(1)] = value;
    } else if (state_ == State::tensor && field_ == "dtype") {
      if (dtype_bytes(value) == 0) fail("unknown dtype " + quote(value) + " (known: " + known_dtypes() + ")");
      tensor_.dtype = value;
    } else {
      unexpected("the string " + quote(value));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (state_ == State::outside) {
      state_ = State::top;
    } else if (state_ == State::top) {
      state_ = name_ == "__metadata__" ? State::metadata : State::tensor;
      tensor_ = TensorInfo();
      offsets_.clear();
      seen_.clear();
      field_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    if (state_ == State::top) {
      begin_entry(value);
    } else if (state_ == State::metadata) {
      // A leading mark tells an empty key from no key.
      field_ = "=" + value;
      if (header_.metadata.contains(value)) fail("the key " + quote(value) + " is given twice");
    } else {
      field_ = value;
      if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets") {
        fail("unknown key " + quote(field_) + " (known: dtype, shape, data_offsets)");
      }
      if (std::find(seen_.begin(), seen_.end(), field_) != seen_.end()) fail(quote(field_) + " is given twice");
      seen_.push_back(field_);
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::tensor) end_tensor();
    state_ = state_ == State::top ? State::done : State::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (state_ == State::tensor && field_ == "shape") {
      state_ = State::shape;
    } else if (state_ == State::tensor && field_ == "data_offsets") {
      state_ = State::offsets;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    state_ = State::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw UserError(where_ + ": the header is not valid JSON (at its byte " + std::to_string(position) + ")");
  }

 private:
  enum class State { outside, top, metadata, tensor, shape, offsets, done };

  [[noreturn]] void fail(const std::string& message) const {
    const bool in_entry = state_ != State::outside && state_ != State::done && has_name_;
    const std::string entry =
        name_ == "__metadata__" ? "in '__metadata__': " : "tensor " + quote(name_, kMaxNameBytes) + ": ";
    throw UserError(where_ + ": " + (in_entry ? entry : "in the header: ") + message);
  }

  [[noreturn]] void unexpected(const std::string& what) const {
    switch (state_) {
      case State::outside:
      case State::done:
      case State::top:
        fail(what + " where an object was expected");
      case State::metadata:
        fail(what + " where a string was expected");
      case State::tensor:
        fail(what + " is not a valid " + quote(field_));
      case State::shape:
      case State::offsets:
        fail(what + " in " + quote(field_) + ", which holds non-negative integers");
    }
    throw InternalError("unknown state of the header reader");
  }

  void begin_entry(const std::string& name) {
    name_ = name;
    has_name_ = true;
    if (name.size() > kMaxNameBytes) fail("the name has more than " + std::to_string(kMaxNameBytes) + " bytes");
    if (!is_printable_ascii(name) || name.empty()) fail("a name must consist of printable ASCII characters");
    const bool repeated = name == "__metadata__" ? std::exchange(has_metadata_, true) : header_.tensors.contains(name);
    if (repeated) fail("the name is given twice");
    if (header_.tensors.size() == kMaxTensors)
      fail("the file has more than " + std::to_string(kMaxTensors) + " tensors");
  }

  void end_tensor() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (std::find(seen_.begin(), seen_.end(), field) == seen_.end()) fail(quote(field) + " is missing");
    }
    if (offsets_.size() != 2) fail("'data_offsets' must have two numbers");
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    header_.tensors.emplace(name_, tensor_);
  }

  std::string where_;
  SafetensorsHeader header_;
  State state_ = State::outside;
  std::string name_;  // of the entry being read
  bool has_name_ = false;
  bool has_metadata_ = false;
  std::string field_;  // the key last read inside the entry
  std::vector<std::string> seen_;
  TensorInfo tensor_;
  std::vector<std::uint64_t> offsets_;
};

std::string shape_text(const TensorInfo& tensor) {
  std::vector<std::string> sizes;
  sizes.reserve(tensor.shape.size());
  for (const std::int64_t size : tensor.shape) sizes.push_back(std::to_string(size));
  return "[" + join(sizes, ", ") + "]";
}

void check_size(const std::string& name, const TensorInfo& tensor, std::uint64_t data_bytes, const std::string& where) {
  const auto fail = [&](const std::string& message) {
    throw UserError(where + ": tensor " + quote(name, kMaxNameBytes) + ": " + message);
  };
  const std::string offsets = "[" + std::to_string(tensor.begin) + ", " + std::to_string(tensor.end) + "]";
  if (tensor.begin > tensor.end) fail("'data_offsets' " + offsets + " end before they begin");
  if (tensor.end > data_bytes) {
    fail("'data_offsets' " + offsets + " lie outside the file's " + std::to_string(data_bytes) + " bytes of data");
  }
  std::uint64_t bytes = dtype_bytes(tensor.dtype);
  // A dimension of zero makes the product zero, whatever the others are.
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) bytes = 0;
  for (const std::int64_t size : tensor.shape) {
    const auto factor = static_cast<std::uint64_t>(size);
    if (bytes != 0 && factor > std::numeric_limits<std::uint64_t>::max() / bytes) {
      fail("the shape " + shape_text(tensor) + " is too large");
    }
    bytes *= factor;
  }
  if (bytes != tensor.end - tensor.begin) {
    fail("the shape " + shape_text(tensor) + " of " + tensor.dtype + " takes " + std::to_string(bytes) +
         " bytes, but 'data_offsets' " + offsets + " span " + std::to_string(tensor.end - tensor.begin));
  }
}

void check_coverage(const SafetensorsHeader& header, std::uint64_t data_bytes, const std::string& where) {
  using Entry = std::pair<const std::string, TensorInfo>;
  std::vector<const Entry*> order;
  order.reserve(header.tensors.size());
  for (const Entry& entry : header.tensors) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::tie(a->second.begin, a->second.end, a->first) < std::tie(b->second.begin, b->second.end, b->first);
  });
  std::uint64_t covered = 0;
  const Entry* last = nullptr;
  for (const Entry* entry : order) {
    const std::string place = where + ": tensor " + quote(entry->first, kMaxNameBytes) + ": ";
    if (entry->second.begin < covered)
      throw UserError(place + "its data overlap those of " + quote(last->first, kMaxNameBytes));
    if (entry->second.begin > covered) {
      throw UserError(place + "bytes " + std::to_string(covered) + " to " + std::to_string(entry->second.begin) +
                      " of the data before it belong to no tensor");
    }
    covered = entry->second.end;
    last = entry;
  }
  if (covered != data_bytes) {
    throw UserError(where + ": the file has " + std::to_string(data_bytes) + " bytes of data, but its tensors hold " +
                    std::to_string(covered));
  }
}

}  // namespace

std::uint64_t dtype_bytes(std::string_view dtype) {
  for (const Dtype& known : kDtypes) {
    if (dtype == known.name) return known.bytes;
  }
  return 0;
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, const std::string& where) {
  // The JSON parser takes a zero byte for the end of its input.
  const std::size_t zero = json.find('\0');
  if (zero != std::string_view::npos) {
    throw UserError(where + ": the header is not valid JSON (at its byte " + std::to_string(zero + 1) + ")");
  }
  HeaderReader reader(where);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  SafetensorsHeader header = reader.take();
  for (const auto& [name, tensor] : header.tensors) check_size(name, tensor, data_bytes, where);
  check_coverage(header, data_bytes, where);
  return header;
}

}  // namespace mlffgen::dsl
