#include <doctest/doctest.h>

#include <string>

#include "base/hash.h"

using namespace mlffgen;

TEST_CASE("hashes are those of XXH3") {
  // Published values of XXH3 without a seed for the empty input.
  CHECK(hash64_hex("") == "2d06800538d394c2");
  CHECK(hash128_hex("") == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("hashes tell apart texts that differ in one bit, and count zero bytes") {
  CHECK(hash64_hex("abc") != hash64_hex("abb"));
  CHECK(hash128_hex("abc") != hash128_hex("abb"));
  CHECK(hash128_hex(std::string(1, '\0')) != hash128_hex(std::string(2, '\0')));
  CHECK(hash64_hex("abc").size() == 16);
  CHECK(hash128_hex(std::string(100'000, 'x')).size() == 32);
}
