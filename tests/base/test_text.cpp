#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.h"

using namespace mlffgen;

TEST_CASE("the nearest name is found for slips of the keyboard only") {
  const std::vector<std::string> names = {"features", "layers", "radial", "cutoff"};
  CHECK(nearest_name("featurs", names) == "features");
  CHECK(nearest_name("fetaures", names) == "features");
  CHECK(nearest_name("Layers", names) == "layers");
  CHECK(nearest_name("LAYERS", names) == "layers");
  CHECK(nearest_name("cutof", names) == "cutoff");
  CHECK_FALSE(nearest_name("temperature", names).has_value());
  CHECK_FALSE(nearest_name("", names).has_value());
  CHECK_FALSE(nearest_name("layers", {}).has_value());
}

TEST_CASE("a short word is not taken for another of which no letter is kept") {
  CHECK_FALSE(nearest_name("x", {"y", "z"}).has_value());
  CHECK(nearest_name("h", {"O", "H"}) == "H");
}

TEST_CASE("of equally near names the first is proposed") { CHECK(nearest_name("lay", {"lax", "lap"}) == "lax"); }

TEST_CASE("a difference of case is smaller than any other") { CHECK(nearest_name("eV", {"mV", "EV"}) == "EV"); }

TEST_CASE("a word of any length is compared in bounded time") {
  const std::string huge(10'000'000, 'a');
  CHECK_FALSE(nearest_name(huge, {"aaaa", huge}).has_value());
}

TEST_CASE("a proposal reads as the end of a message") {
  CHECK(did_you_mean("cutof", {"cutoff"}) == "; did you mean 'cutoff'?");
  CHECK(did_you_mean("temperature", {"cutoff"}).empty());
}

TEST_CASE("quoted text is one line of printable ASCII") {
  CHECK(quote("plain text") == "'plain text'");
  CHECK(quote("a\nb\tc\\d") == "'a\\nb\\tc\\\\d'");
  CHECK(quote(std::string("a\0b", 3)) == "'a\\x00b'");
  CHECK(quote("\x1b[31m") == "'\\x1b[31m'");
  CHECK(quote("\xc3\xa5\x7f") == "'\\xc3\\xa5\\x7f'");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(is_printable_ascii(quote(all, 10'000)));
}

TEST_CASE("quoted text is cut after the characters allowed, never inside an escape") {
  CHECK(quote(std::string(60, 'a')) == "'" + std::string(60, 'a') + "'");
  CHECK(quote(std::string(61, 'a')) == "'" + std::string(60, 'a') + "...'");
  CHECK(quote("abc\n", 4) == "'abc...'");
  CHECK(quote(std::string(1'000'000, '\0')).size() < 70);
}

TEST_CASE("an identifier begins with a letter or underscore and is not empty") {
  for (const char* good : {"a", "_", "A9_b", "x_"}) CHECK(is_identifier(good));
  for (const char* bad : {"", "9a", "a-b", "a b", "\xc3\xa5", "a."}) CHECK_FALSE(is_identifier(bad));
}

TEST_CASE("join puts separators between parts only") {
  CHECK(join({}, ", ").empty());
  CHECK(join({"a"}, ", ") == "a");
  CHECK(join({"a", "b", "c"}, ", ") == "a, b, c");
}

TEST_CASE("split gives what stands between separators") {
  using Parts = std::vector<std::string>;
  CHECK(split("", ',').empty());
  CHECK(split("a", ',') == Parts{"a"});
  CHECK(split("a,,b c,", ',') == Parts{"a", "", "b c"});
}
