#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/files.h"
#include "dsl/safetensors.h"
#include "tests/dsl/expect.h"
#include "tests/dsl/safetensors_bytes.h"

using namespace mlffgen;
using namespace mlffgen::dsl;

namespace {

// A file with the one tensor "t" of 16-bit values.
std::vector<double> read_halves(const std::string& dtype, const std::vector<std::uint16_t>& bits) {
  const TemporaryFolder folder;
  std::string data;
  for (const std::uint16_t value : bits) data += bytes_of(value);
  const std::string header = R"({"t":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(bits.size()) +
                             R"(],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}";
  return open_bytes(folder, safetensors_bytes(header, data)).read("t");
}

}  // namespace

TEST_CASE("what the writer writes, the reader reads") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  const std::map<std::string, TensorData> tensors = {
      {"a.weight", {{2, 3}, {1, 2, 3, 4, 5, 0.1}, true}},
      {"b", {{2}, {0.1, -1e300}, false}},
      {"empty", {{0, 5}, {}, true}},
      {"scalar", {{}, {7}, true}},
  };
  write_safetensors(path, tensors, {{"architecture", "painn"}, {"note", "\xc3\xa5"}});
  const WeightFile file = WeightFile::open(path);
  CHECK(file.path() == path.string());
  CHECK(file.metadata().at("architecture") == "painn");
  CHECK(file.metadata().at("note") == "\xc3\xa5");
  REQUIRE(file.tensors().size() == 4);
  CHECK(file.tensors().at("a.weight").shape == std::vector<std::int64_t>{2, 3});
  CHECK(file.tensors().at("a.weight").dtype == "F32");
  CHECK(file.tensors().at("b").dtype == "F64");
  CHECK(file.read("a.weight") == std::vector<double>{1, 2, 3, 4, 5, static_cast<double>(0.1F)});
  CHECK(file.read("b") == std::vector<double>{0.1, -1e300});
  CHECK(file.read("empty").empty());
  CHECK(file.read("scalar") == std::vector<double>{7});
}

TEST_CASE("the same tensors give the same bytes, with aligned values") {
  const TemporaryFolder folder;
  const std::map<std::string, TensorData> tensors = {{"x", {{1}, {1}, true}}, {"y", {{1}, {2}, false}}};
  write_safetensors(folder.path() / "a", tensors);
  write_safetensors(folder.path() / "b", tensors);
  const std::string bytes = read_text_file(folder.path() / "a", 1000);
  CHECK(bytes == read_text_file(folder.path() / "b", 1000));
  CHECK((bytes.size() - 12) % 8 == 0);
  CHECK(WeightFile::open(folder.path() / "a").tensors().at("y").begin == 0);
}

TEST_CASE("a file without tensors is valid") {
  const TemporaryFolder folder;
  CHECK(open_bytes(folder, safetensors_bytes("{}", "")).tensors().empty());
  CHECK(open_bytes(folder, safetensors_bytes("{}      ", "")).tensors().empty());
}

TEST_CASE("half precision is decoded exactly") {
  CHECK(read_halves("F16", {0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x0000}) ==
        std::vector<double>{1, -2, 0.333251953125, 65504, std::ldexp(1, -14), std::ldexp(1023, -24), std::ldexp(1, -24),
                            0});
  CHECK(std::signbit(read_halves("F16", {0x8000}).at(0)));
}

TEST_CASE("bfloat16 is decoded exactly") {
  CHECK(read_halves("BF16", {0x3f80, 0xc000, 0x3eab, 0x7f7f, 0x0001}) ==
        std::vector<double>{1, -2, 0.333984375, static_cast<double>(3.3895313892515355e38F), std::ldexp(1, -133)});
}

TEST_CASE("a value that is not finite is named with its index") {
  for (const std::uint16_t bits : std::vector<std::uint16_t>{0x7c00, 0xfc00, 0x7e00}) {
    CHECK(contains(error_of([&] { return read_halves("F16", {0, bits}); }), "tensor 't' is not finite at [1]"));
  }
  CHECK(contains(error_of([] { return read_halves("BF16", {0x7f80}); }), "not finite at [0]"));
  const TemporaryFolder folder;
  const std::string data = bytes_of(1.0F) + bytes_of(2.0F) + bytes_of(3.0F) + bytes_of(std::nanf(""));
  const WeightFile file =
      open_bytes(folder, safetensors_bytes(R"({"t":{"dtype":"F32","shape":[1,2,2],"data_offsets":[0,16]}})", data));
  CHECK(contains(error_of([&] { return file.read("t"); }), "w.safetensors: tensor 't' is not finite at [0, 1, 1]"));
}

TEST_CASE("a missing tensor is refused with the nearest name") {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "w", {{"net.0.weight", {{1}, {1}, true}}, {"net.0.bias", {{1}, {1}, true}}});
  const WeightFile file = WeightFile::open(folder.path() / "w");
  CHECK(contains(error_of([&] { return file.read("net.0.wieght"); }),
                 "no tensor is named 'net.0.wieght'; did you mean 'net.0.weight'? (the file has 2 tensors)"));
}

TEST_CASE("integers are stored but are no weights") {
  const TemporaryFolder folder;
  for (const char* dtype : {"I64", "U64"}) {
    const std::string header = std::string(R"({"t":{"dtype":")") + dtype + R"(","shape":[1],"data_offsets":[0,8]}})";
    const WeightFile file = open_bytes(folder, safetensors_bytes(header, bytes_of(std::int64_t{1})));
    CHECK(contains(error_of([&] { return file.read("t"); }), "weights must be F64, F32, F16 or BF16"));
  }
}

TEST_CASE("the writer refuses what it could not store") {
  const TemporaryFolder folder;
  const auto write = [&](double value, bool single_precision) {
    return error_of([&] {
      write_safetensors(folder.path() / "w", {{"t", {{1}, {value}, single_precision}}});
      return 0;
    });
  };
  CHECK(
      contains(write(std::numeric_limits<double>::infinity(), false), "tensor 't' has a value that cannot be stored"));
  CHECK(contains(write(1e300, true), "cannot be stored"));
  CHECK(write(1e300, false) == "no error");
  CHECK_THROWS_AS(write_safetensors(folder.path() / "w", {{"t", {{2}, {1}, true}}}), InternalError);
}
