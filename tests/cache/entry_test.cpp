#include "runtime/cache/entry.h"

#include <doctest/doctest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runtime/cache/fields.h"
#include "runtime/cache/key.h"
#include "tests/cache/kernels.h"

using namespace mlffgen::cache;
using cache_test::Bytes;
using cache_test::code;
using cache_test::key_of;

namespace {

bool is_damaged(const std::string& bytes) {
  try {
    read_entry(bytes);
    return false;
  } catch (const DamagedEntry&) {
    return true;
  }
}

std::string sample(const Bytes& cubin) {
  return write_entry({"ethanol", "sm_90", "0.1.0", {"-DA=1"}, 1700000000}, key_text(key_of()), cubin);
}

}  // namespace

TEST_CASE("every field of a key changes its text and its name") {
  const std::vector<std::function<void(KeyFields&)>> changes = {
      [](KeyFields& key) { key.source += ' '; },
      [](KeyFields& key) { key.options[1] = "-DMLFF_REAL=double"; },
      [](KeyFields& key) { std::swap(key.options[0], key.options[1]); },
      [](KeyFields& key) { key.options.pop_back(); },
      [](KeyFields& key) { key.arch = "sm_80"; },
      [](KeyFields& key) { key.nvrtc_version = "12.9"; },
      [](KeyFields& key) { key.driver_version = "12080"; },
      [](KeyFields& key) { key.generator_version = "0.2.0"; }};
  std::set<std::string> texts = {key_text(key_of())}, names = {entry_name(key_text(key_of()))};
  for (const auto& change : changes) {
    KeyFields key = key_of();
    change(key);
    CHECK(texts.insert(key_text(key)).second);
    CHECK(names.insert(entry_name(key_text(key))).second);
  }
}

TEST_CASE("the schema is part of the key and of the name") {
  const std::string text = key_text(key_of());
  CHECK(text.starts_with("schema 1\n" + std::to_string(kSchema) + "\n"));
  CHECK(entry_name(text).ends_with(".v" + std::to_string(kSchema) + ".cubin"));
}

TEST_CASE("no value of one field can pass for another field") {
  KeyFields one = key_of(), two = key_of();
  one.options = {"a", "b"};
  for (const char* joined : {"a b", "a\nb", "a\noption 1\nb", "ab"}) {
    two.options = {joined};
    CHECK(key_text(one) != key_text(two));
  }
  two = key_of();
  one = key_of();
  one.arch = "sm_90\nnvrtc 4\n13.0";
  one.nvrtc_version = "";
  CHECK(key_text(one) != key_text(two));
}

TEST_CASE("fields are read back as they were written, whatever they hold") {
  const Fields fields = {{"a", ""}, {"b", "\n\n"}, {"a", std::string("\0 3\n", 4)}, {"source", "line\nb 4\nmore"}};
  const std::string text = encode_fields(fields);
  CHECK(decode_fields(text) == fields);
  for (std::size_t n = 1; n < text.size(); ++n) CHECK(decode_fields(text.substr(0, n)) != fields);
  for (const char* wrong : {"a", "a 1", "a 1\n", "a 1\nb", "a 2\nb\n", "a x\nb\n", "a -1\nb\n", "a 1 \nb\n",
                            "a 99999999999999999999\nb\n", "a 18446744073709551615\nb\n"}) {
    CHECK_MESSAGE(!decode_fields(wrong), wrong);
  }
}

TEST_CASE("an entry is read back as it was written") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    const Bytes cubin = code(size);
    const std::string bytes = sample(cubin);
    const EntryView entry = read_entry(bytes);
    CHECK(entry.key == key_text(key_of()));
    CHECK(Bytes(entry.cubin.begin(), entry.cubin.end()) == cubin);
    CHECK(entry.facts.model == "ethanol");
    CHECK(entry.facts.arch == "sm_90");
    CHECK(entry.facts.generator == "0.1.0");
    CHECK(entry.facts.options == std::vector<std::string>{"-DA=1"});
    CHECK(entry.facts.created == 1700000000);
  }
}

TEST_CASE("every changed bit, every cut and every addition is found") {
  const std::string bytes = sample(code(64));
  REQUIRE(!is_damaged(bytes));
  for (std::size_t k = 0; k < bytes.size(); ++k) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[k] = static_cast<char>(changed[k] ^ (1 << bit));
      if (!is_damaged(changed)) FAIL("byte " << k << ", bit " << bit);
    }
    if (!is_damaged(bytes.substr(0, k))) FAIL("cut to " << k << " bytes");
  }
  CHECK(is_damaged(bytes + '\0'));
  CHECK(is_damaged(bytes + bytes));
}

TEST_CASE("the facts are read from the beginning of an entry") {
  const std::string bytes = sample(code(200'000));
  CHECK(read_facts(bytes.substr(0, kMaxFactsBytes), bytes.size()).model == "ethanol");
  CHECK_THROWS_AS(read_facts(bytes.substr(0, kMaxFactsBytes), bytes.size() - 1), DamagedEntry);
  CHECK_THROWS_AS(read_facts(bytes.substr(0, 60), bytes.size()), DamagedEntry);
}

TEST_CASE("facts that are too long are left out, the code is not") {
  const Bytes cubin = code(10);
  const std::string bytes = write_entry({std::string(kMaxFactsBytes, 'x'), "sm_90", "", {}, 0}, "key", cubin);
  const EntryView entry = read_entry(bytes);
  CHECK(entry.facts.model.empty());
  CHECK(Bytes(entry.cubin.begin(), entry.cubin.end()) == cubin);
}
