#include "runtime/bundle.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

std::vector<BundleSection> sample() {
  std::string binary;
  for (int k = 0; k < 300; ++k) binary += static_cast<char>(k * 37);
  return {{"plan", "{\"schema\": 1}"}, {"constants", binary}, {"empty", ""}, {"host/x86-64-v4", std::string(64, 'x')}};
}

Bundle parse(const std::string& bytes) { return Bundle::parse({bytes.begin(), bytes.end()}, "model.mlff"); }

std::string error_of(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// Writes the low 8 bytes of a hash at a position, as the format stores it.
void put_hash(std::string& bytes, std::size_t at, std::string_view of) {
  const auto value = std::stoull(hash64_hex(of), nullptr, 16);
  for (std::size_t k = 0; k < 8; ++k) bytes[at + k] = static_cast<char>(value >> (8 * k));
}

// Makes the checksums of header and table right again after a change, so that the checks behind them are reached.
void reseal(std::string& bytes, std::size_t sections = 4) {
  put_hash(bytes, 24, std::string_view(bytes).substr(64, sections * 96));
  put_hash(bytes, 56, std::string_view(bytes).substr(0, 56));
}

}  // namespace

TEST_CASE("a bundle gives back the sections that were written") {
  const auto path =
      std::filesystem::temp_directory_path() / ("mlffgen_bundle_test_" + std::to_string(getpid()) + ".mlff");
  Bundle::write(path, sample());
  const auto bundle = Bundle::open(path);
  CHECK(bundle.names() == std::vector<std::string>{"plan", "constants", "empty", "host/x86-64-v4"});
  for (const auto& section : sample()) {
    CHECK(bundle.has(section.name));
    CHECK(bundle.text(section.name) == section.bytes);
    CHECK(bundle.bytes(section.name).size() == section.bytes.size());
  }
  CHECK_FALSE(bundle.has("Plan"));
  CHECK_THROWS_WITH_AS(bundle.bytes("plans"), doctest::Contains("no section 'plans'"), UserError);
  std::filesystem::remove(path);
}

TEST_CASE("sections start at multiples of 64 bytes of the file") {
  const auto bytes = Bundle::serialise(sample());
  CHECK(bytes.find("{\"schema\": 1}") % 64 == 0);
  CHECK(bytes.find(std::string(64, 'x')) % 64 == 0);
  CHECK(Bundle::serialise(sample()) == bytes);
}

TEST_CASE("a bundle without sections is valid") { CHECK(parse(Bundle::serialise({})).names().empty()); }

TEST_CASE("every flipped bit is found") {
  const auto good = Bundle::serialise(sample());
  REQUIRE(error_of(good).empty());
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    CAPTURE(at);
    const auto message = error_of(bad);
    REQUIRE(contains(message, "model.mlff: "));
    REQUIRE(contains(message, "compile"));
  }
}

TEST_CASE("every truncation and every extension is found") {
  const auto good = Bundle::serialise(sample());
  for (std::size_t length = 0; length < good.size(); ++length) {
    CAPTURE(length);
    REQUIRE(contains(error_of(good.substr(0, length)), "model.mlff: "));
  }
  CHECK(contains(error_of(good + '\0'), "should have"));
  CHECK(contains(error_of(""), "not a compiled model"));
  CHECK(contains(error_of("PK\3\4 a zip file"), "not a compiled model"));
  CHECK(contains(error_of(good.substr(0, 40)), "within its header"));
}

TEST_CASE("a newer schema asks for a newer program, not for a new copy") {
  auto bytes = Bundle::serialise(sample());
  bytes[8] = 2;
  reseal(bytes);
  CHECK(contains(error_of(bytes), "bundle schema 2"));
  CHECK(contains(error_of(bytes), "newer mlffgen"));
}

TEST_CASE("a table that lies is refused even with right checksums") {
  const auto good = Bundle::serialise(sample());
  const std::size_t second = 64 + 96;
  auto changed = [&](std::size_t at, std::uint64_t value) {
    auto bytes = good;
    for (std::size_t k = 0; k < 8; ++k) bytes[at + k] = static_cast<char>(value >> (8 * k));
    reseal(bytes);
    return error_of(bytes);
  };
  const auto first_offset = good.find("{\"schema\"");
  CHECK(contains(changed(second + 64, first_offset), "overlaps"));
  CHECK(contains(changed(second + 64, 0), "overlaps"));
  CHECK(contains(changed(second + 64, ~std::uint64_t{0}), "beyond the end"));
  CHECK(contains(changed(second + 72, ~std::uint64_t{0}), "beyond the end"));
  CHECK(contains(changed(second + 72, 0), "checksum"));
  CHECK(contains(changed(64 + 88, 1), "not valid"));
  CHECK(contains(changed(12, 0xffffffff), "sections"));

  auto twice = good;
  std::memcpy(twice.data() + second, good.data() + 64, 64);
  reseal(twice);
  CHECK(contains(error_of(twice), "occurs twice"));
  auto unnamed = good;
  std::memset(unnamed.data() + second, 0, 64);
  reseal(unnamed);
  CHECK(contains(error_of(unnamed), "not valid"));
}

TEST_CASE("bytes between sections are part of the check") {
  auto bytes = Bundle::serialise(sample());
  const auto gap = bytes.find("{\"schema\"") + std::string_view("{\"schema\": 1}").size();
  REQUIRE(gap % 64 != 0);
  bytes[gap] = 1;
  CHECK(contains(error_of(bytes), "bytes before section 'constants'"));
}

TEST_CASE("a missing file and a folder are refused by name") {
  CHECK_THROWS_WITH_AS(Bundle::open("no/such/model.mlff"), doctest::Contains("no/such/model.mlff"), UserError);
  CHECK_THROWS_WITH_AS(Bundle::open("tests"), doctest::Contains("tests"), UserError);
}
