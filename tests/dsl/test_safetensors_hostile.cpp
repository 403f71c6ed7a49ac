#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "dsl/safetensors.h"
#include "tests/dsl/expect.h"
#include "tests/dsl/safetensors_bytes.h"

using namespace mlffgen::dsl;

namespace {

struct Case {
  std::string header;
  std::string message;  // what the error must contain
};

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{" + entry("t", dtype, shape, offsets) + "}";
}

std::string repeat(const std::string& piece, int count) {
  std::string out;
  for (int k = 0; k < count; ++k) out += piece;
  return out;
}

// Each is opened with 16 bytes of data behind the header.
void check_refused(const std::vector<Case>& cases) {
  const TemporaryFolder folder;
  for (const Case& test : cases) {
    const std::string message =
        error_of([&] { return open_bytes(folder, safetensors_bytes(test.header, std::string(16, '\0'))); });
    CAPTURE(test.header.substr(0, 200));
    CHECK_MESSAGE(contains(message, "w.safetensors: "), message);
    CHECK_MESSAGE(contains(message, test.message), message);
  }
}

}  // namespace

TEST_CASE("the header used by these tests is valid when nothing is wrong with it") {
  const TemporaryFolder folder;
  const std::string data(16, '\0');
  CHECK_NOTHROW(open_bytes(folder, safetensors_bytes(one("F32", "2,2", "0,16"), data)));
  CHECK_NOTHROW(
      open_bytes(folder, safetensors_bytes("{" + entry("b", "F32", "2", "8,16") + "," + entry("a", "F64", "1", "0,8") +
                                               "," + entry("c", "F64", "0", "8,8") + "}",
                                           data)));
}

TEST_CASE("a length that the file does not have is refused") {
  const TemporaryFolder folder;
  const auto refuse = [&](const std::string& bytes) { return error_of([&] { return open_bytes(folder, bytes); }); };
  CHECK(contains(refuse(""), "not a safetensors file: it has 0 bytes"));
  CHECK(contains(refuse("1234567"), "not a safetensors file: it has 7 bytes"));
  for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{100'000'000}}) {
    CHECK(contains(refuse(bytes_of(length) + (length == 1 ? "" : "{}")), "the file is cut short"));
  }
  for (const std::uint64_t length :
       {std::uint64_t{100'000'001}, std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max() - 7}) {
    CHECK(contains(refuse(bytes_of(length) + "{}"), "announce a header of"));
  }
  CHECK(contains(refuse(bytes_of(std::uint64_t{0})), "not valid JSON"));
}

TEST_CASE("a header that is no JSON, or JSON of another form, is refused") {
  check_refused({
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"{}}", "not valid JSON"},
      {"{} {}", "not valid JSON"},
      {"{'t':1}", "not valid JSON"},
      {"{\"t\":}", "not valid JSON"},
      {std::string("{}\0", 3), "not valid JSON"},
      {"{\"\xff\":{}}", "not valid JSON"},
      {"{\"\\ud800\":{}}", "not valid JSON"},
      {"{\"t\":{\"dtype\":\"F32\",\"shape\":[01]", "not valid JSON"},
      {"{\"t\":{\"shape\":[1e999999]", "not valid JSON"},
      {"{\"t\":NaN}", "not valid JSON"},
      {"[]", "in the header: an array where an object was expected"},
      {"1", "in the header: the number 1 where an object was expected"},
      {"-1", "the negative number -1 where an object was expected"},
      {"\"t\"", "the string 't' where an object was expected"},
      {"null", "null where an object was expected"},
      {"true", "a boolean where an object was expected"},
      {"{\"t\":1}", "tensor 't': the number 1 where an object was expected"},
      {"{\"t\":[]}", "tensor 't': an array where an object was expected"},
      {"{\"t\":null}", "tensor 't': null where an object was expected"},
      {"{\"__metadata__\":[]}", "in '__metadata__': an array where an object was expected"},
      {"{\"__metadata__\":{\"a\":1}}", "in '__metadata__': the number 1 where a string was expected"},
      {"{\"__metadata__\":{\"a\":{}}}", "in '__metadata__': an object where a string was expected"},
      {"{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}}", "the key 'a' is given twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", "the name is given twice"},
  });
}

TEST_CASE("nesting of any depth is refused without recursion") {
  check_refused({
      {repeat("[", 5'000'000), "an array where an object was expected"},
      {repeat("{\"a\":", 1'000'000), "tensor 'a': unknown key 'a'"},
      {repeat("{\"dtype\":", 1'000'000), "tensor 'dtype': an object is not a valid 'dtype'"},
      {"{\"t\":{\"shape\":" + repeat("[", 1'000'000), "an array in 'shape'"},
  });
}

TEST_CASE("a tensor's fields must be there once and have their types") {
  check_refused({
      {"{\"t\":{}}", "tensor 't': 'dtype' is missing"},
      {"{\"t\":{\"dtype\":\"F32\"}}", "tensor 't': 'shape' is missing"},
      {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4]}}", "tensor 't': 'data_offsets' is missing"},
      {"{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "tensor 't': 'dtype' is given twice"},
      {"{\"t\":{\"shape\":[4],\"shape\":[4]}}", "tensor 't': 'shape' is given twice"},
      {"{\"t\":{\"strides\":[4]}}", "tensor 't': unknown key 'strides' (known: dtype, shape, data_offsets)"},
      {"{\"t\":{\"dtype\":5}}", "tensor 't': the number 5"},
      {"{\"t\":{\"dtype\":null}}", "tensor 't': null is not a valid 'dtype'"},
      {"{\"t\":{\"dtype\":[]}}", "tensor 't': an array is not a valid 'dtype'"},
      {"{\"t\":{\"dtype\":{}}}", "tensor 't': an object is not a valid 'dtype'"},
      {"{\"t\":{\"shape\":\"[4]\"}}", "tensor 't': the string '[4]' is not a valid 'shape'"},
      {"{\"t\":{\"shape\":4}}", "tensor 't': the number 4 is not a valid 'shape'"},
      {"{\"t\":{\"shape\":[\"4\"]}}", "tensor 't': the string '4' in 'shape'"},
      {"{\"t\":{\"shape\":[4.0]}}", "tensor 't': the number '4.0' in 'shape'"},
      {"{\"t\":{\"shape\":[true]}}", "tensor 't': a boolean in 'shape'"},
      {"{\"t\":{\"shape\":[-4]}}", "tensor 't': the negative number -4 in 'shape', which holds non-negative integers"},
      {"{\"t\":{\"shape\":[[4]]}}", "tensor 't': an array in 'shape'"},
      {"{\"t\":{\"shape\":[18446744073709551616]}}", "in 'shape'"},
      {"{\"t\":{\"shape\":[9223372036854775808]}}", "tensor 't': the dimension 9223372036854775808 is too large"},
      {one("F32", repeat("1,", 16) + "4", "0,16"), "tensor 't': it has more than 16 dimensions"},
      {one("F32", "4", "0"), "tensor 't': 'data_offsets' must have two numbers"},
      {one("F32", "4", ""), "tensor 't': 'data_offsets' must have two numbers"},
      {one("F32", "4", "0,16,16"), "tensor 't': 'data_offsets' has more than two numbers"},
      {one("F32", "4", "-1,16"), "tensor 't': the negative number -1 in 'data_offsets'"},
      {one("F32", "4", "0,16.0"), "tensor 't': the number '16.0' in 'data_offsets'"},
  });
}

TEST_CASE("an unknown dtype is refused") {
  for (const char* dtype : {"", "F128", "f32", "float32", "F4", "C64"}) {
    check_refused({{one(dtype, "4", "0,16"), "tensor 't': unknown dtype '" + std::string(dtype) + "' (known: F64"}});
  }
}

TEST_CASE("a shape must have the size of its data, in exact arithmetic") {
  check_refused({
      {one("F32", "3", "0,16"), "tensor 't': the shape [3] of F32 takes 12 bytes"},
      {one("F64", "4", "0,16"), "tensor 't': the shape [4] of F64 takes 32 bytes"},
      {one("F32", "", "0,16"), "tensor 't': the shape [] of F32 takes 4 bytes"},
      {one("F32", "0", "0,16"), "tensor 't': the shape [0] of F32 takes 0 bytes"},
      {one("F32", "4611686018427387904,2", "0,0"), "tensor 't': the shape [4611686018427387904, 2] is too large"},
      {one("F32", "4294967296,4294967296", "0,0"), "tensor 't': the shape [4294967296, 4294967296] is too large"},
      {one("U8", "9223372036854775807,9223372036854775807", "0,1"), "is too large"},
      // 2^64 + 16 bytes: what wraps round to the right size.
      {one("F32", "4,1152921504606846977", "0,16"), "is too large"},
  });
}

TEST_CASE("offsets must lie inside the data and in order") {
  check_refused({
      {one("F32", "4", "16,0"), "tensor 't': 'data_offsets' [16, 0] end before they begin"},
      {one("F32", "5", "0,20"), "tensor 't': 'data_offsets' [0, 20] lie outside the file's 16 bytes of data"},
      {one("F32", "4", "16,32"), "tensor 't': 'data_offsets' [16, 32] lie outside"},
      {one("F32", "4", "18446744073709551600,18446744073709551615"), "lie outside"},
      {one("F32", "0", "99999999999,99999999999"), "lie outside"},
      {one("F32", "4", "18446744073709551615,15"), "end before they begin"},
  });
}

TEST_CASE("tensors must cover the data without overlap or gap") {
  check_refused({
      {"{" + entry("a", "F32", "4", "0,16") + "," + entry("b", "F32", "4", "0,16") + "}",
       "tensor 'b': its data overlap those of 'a'"},
      {"{" + entry("a", "F32", "3", "0,12") + "," + entry("b", "F32", "2", "8,16") + "}",
       "tensor 'b': its data overlap those of 'a'"},
      {"{" + entry("b", "F32", "1", "4,8") + "," + entry("a", "F32", "4", "0,16") + "}",
       "tensor 'b': its data overlap those of 'a'"},
      {"{" + entry("a", "F32", "1", "0,4") + "," + entry("b", "F32", "2", "8,16") + "}",
       "tensor 'b': bytes 4 to 8 of the data before it belong to no tensor"},
      {one("F32", "2", "8,16"), "tensor 't': bytes 0 to 8"},
      {one("F32", "2", "0,8"), "the file has 16 bytes of data, but its tensors hold 8"},
      {"{}", "the file has 16 bytes of data, but its tensors hold 0"},
  });
}

TEST_CASE("names are unique, printable and of bounded length") {
  check_refused({
      {"{" + entry("a", "F32", "4", "0,16") + "," + entry("a", "F32", "4", "0,16") + "}",
       "tensor 'a': the name is given"},
      {"{" + entry("", "F32", "4", "0,16") + "}", "a name must consist of printable ASCII characters"},
      {"{" + entry("a\\u0000b", "F32", "4", "0,16") + "}", "tensor 'a\\x00b': a name must consist of printable ASCII"},
      {"{" + entry("a\\nb", "F32", "4", "0,16") + "}", "tensor 'a\\nb': a name must consist of printable ASCII"},
      {"{" + entry("\xc3\xa5", "F32", "4", "0,16") + "}",
       "tensor '\\xc3\\xa5': a name must consist of printable ASCII"},
      {"{" + entry(std::string(1001, 'n'), "F32", "4", "0,16") + "}", "the name has more than 1000 bytes"},
  });
}

TEST_CASE("a header of more than 100,000 tensors is refused") {
  std::string header = "{";
  for (int k = 0; k <= 100'000; ++k) header += (k ? "," : "") + entry("t" + std::to_string(k), "F32", "0", "0,0");
  check_refused({{header + "}", "the file has more than 100000 tensors"}});
}

TEST_CASE("every file cut short is refused") {
  const TemporaryFolder folder;
  const std::string bytes = safetensors_bytes(one("F32", "4", "0,16"), std::string(16, '\0'));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK(contains(error_of([&] { return open_bytes(folder, bytes.substr(0, length)); }), "w.safetensors: "));
  }
}

TEST_CASE("no single changed byte of a header makes the reader do worse than refuse") {
  const TemporaryFolder folder;
  const std::string bytes = safetensors_bytes(one("F32", "4", "0,16"), std::string(16, '\0'));
  for (std::size_t at = 0; at < bytes.size() - 16; ++at) {
    for (const int flip : {0x01, 0x04, 0x10, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const std::string message = error_of([&] {
        const WeightFile file = open_bytes(folder, changed);
        for (const auto& [name, tensor] : file.tensors()) CHECK(tensor.end <= 16);
        return 0;
      });
      CHECK((message == "no error" || contains(message, "w.safetensors: ")));
    }
  }
}
