#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dsl/yaml.h"
#include "tests/dsl/expect.h"

using namespace mlffgen::dsl;

namespace {

std::string error_in(const std::string& text) {
  return error_of([&] { return parse_yaml(text, "f.yaml"); });
}

std::string repeat(const std::string& piece, int count) {
  std::string out;
  for (int k = 0; k < count; ++k) out += piece;
  return out;
}

struct Case {
  std::string text;
  std::string message;  // what the error begins with, after the file's name
};

}  // namespace

TEST_CASE("what YAML has beyond mappings, lists and scalars is refused where it stands") {
  const std::vector<Case> cases = {
      {"", "1:1: the file is empty"},
      {"# only a comment\n", "1:1: the file is empty"},
      {"a: &x 1\nb: *x\n", "1:4: YAML anchors"},
      {"&x a: 1\n", "1:1: YAML anchors"},
      {"a: &x\n  b: 1\n", "1:4: YAML anchors"},
      {"a: &x [1]\n", "1:4: YAML anchors"},
      {"a: &x\n", "1:4: YAML anchors"},
      {"a: *x\n", "1:4: "},
      {"<<: *x\n", "1:5: "},
      {"a: !!str 1\n", "1:4: YAML tags"},
      {"a: ! 1\n", "1:4: YAML tags"},
      {"a: !x [1]\n", "1:4: YAML tags"},
      {"a: !x {b: 1}\n", "1:4: YAML tags"},
      {"a: !!python/object:os.system x\n", "1:4: YAML tags"},
      {"a: !<tag:yaml.org,2002:str> x\n", "1:4: YAML tags"},
      {"a: !!null\n", "1:4: YAML tags"},
      {"!!map\na: 1\n", "1:1: YAML tags"},
      {"a: ! |\n  x\n", "1:4: YAML tags"},
      {"!!str a: 1\n", "1:1: YAML tags"},
      {"a: 1\na: 2\n", "2:1: the key 'a' is given twice (first in line 1)"},
      {"a: 1\n'a': 2\n", "2:1: the key 'a' is given twice"},
      {"{a: 1, a: 2}\n", "1:8: the key 'a' is given twice"},
      {"a: 1\n---\nb: 2\n", "2:1: a second YAML document begins here"},
      {"a: 1\n...\n---\nb: 2\n", "3:1: a second YAML document begins here"},
      {"--- a\n--- b\n", "2:1: a second YAML document begins here"},
      {"[a, b]: 1\n", "1:1: a key must be plain text"},
      {"{a: 1}: 1\n", "1:1: a key must be plain text"},
      {"? [a]\n: 1\n", "1:3: a key must be plain text"},
      {"? |\n  a\n: 1\n", "1:3: a key must be plain text"},
      {"? >\n  a\n: 1\n", "1:3: a key must be plain text"},
      {"~: 1\n", "1:1: a key must be plain text"},
      {": 1\n", "1:1: a key must be plain text"},
  };
  for (const Case& test : cases) {
    const std::string message = error_in(test.text);
    CAPTURE(test.text);
    CHECK_MESSAGE(message.starts_with("f.yaml:" + test.message), message);
    CHECK_MESSAGE(has_position(message, "f.yaml"), message);
  }
}

TEST_CASE("characters that no text file has are refused where they stand") {
  const std::vector<Case> cases = {
      {std::string("a: 1\0\n", 6), "1:5: control character '\\x00' is not allowed"},
      {std::string("\0", 1), "1:1: control character '\\x00'"},
      {"a: 1\nb: \x1b[31m\n", "2:4: control character '\\x1b'"},
      {"a: \x7f\n", "1:4: control character '\\x7f'"},
      {"a: 1\x04\nb: 2\n", "1:5: control character '\\x04'"},
      {"a: 1\rb: 2\n", "1:5: control character '\\x0d'"},
      {"a: \xff\n", "1:4: invalid UTF-8: byte '\\xff'"},
      {"a: \x80\n", "1:4: invalid UTF-8"},
      {"a: \xc3", "1:4: invalid UTF-8"},
      {"a: \xc3(\n", "1:4: invalid UTF-8"},
      {"a: \xc0\xaf\n", "1:4: invalid UTF-8"},
      {"a: \xe0\x80\xaf\n", "1:4: invalid UTF-8"},
      {"a: \xed\xa0\x80\n", "1:4: invalid UTF-8"},
      {"a: \xf4\x90\x80\x80\n", "1:4: invalid UTF-8"},
      {"a: \xf8\x88\x80\x80\x80\n", "1:4: invalid UTF-8"},
      {"\xff\xfe\x61\x3a\n", "1:1: invalid UTF-8"},
      {"\xfe\xff\n", "1:1: invalid UTF-8"},
      {std::string("a\0:\0 \0", 6), "1:2: control character '\\x00'"},
  };
  for (const Case& test : cases) {
    const std::string message = error_in(test.text);
    CHECK_MESSAGE(message.starts_with("f.yaml:" + test.message), message);
  }
}

TEST_CASE("text that is no YAML is refused with a position") {
  const std::vector<std::string> texts = {
      "a: [1, 2\n",
      "a: {b: 1\n",
      "a: ]\n",
      "a: }\n",
      "]\n",
      "}\n",
      "a: \"x\n",
      "a: 'x\n",
      "a: b: c\n",
      "a: 1\n b: 2\n",
      "a\nb: 1\n",
      "- a\nb: 1\n",
      "a: 1\n- b\n",
      "\ta: 1\n",
      "a:\n\tb: 1\n",
      "a: \"\\q\"\n",
      "a: \"\\x\"\n",
      "a: \"\\uD800\"\n",
      "a: @b\n",
      "a: `b\n",
      "a: %b\n",
      "%YAML 9.9\n---\n",
      "%YAML\n---\na: 1\n",
      "a: |x\n  b\n",
      "a: |0\n  b\n",
      "a: [1,, 2]\n",
      "a: [1}\n",
      "{a: 1]\n",
      "a: 'b' c\n",
      "a: \"b\" c\n",
      "? a\n: b\n: c\n",
      "a: - b\n",
      "-\n-a\n: b\n",
      "[a: b: c]\n",
      "a: !<x\n",
      "a: &\n",
      "a: *\n",
      "---\n---\n",
      "a: !!\n",
      ", a\n",
  };
  for (const std::string& text : texts) {
    const std::string message = error_in(text);
    CAPTURE(text);
    CHECK_MESSAGE((has_position(message, "f.yaml") || message == "no error"), message);
  }
}

TEST_CASE("no nesting, count or size can exhaust the stack, the memory or the patience") {
  std::string deep_blocks;
  for (int k = 0; k < 1'000; ++k) deep_blocks += repeat(" ", k) + "a:\n";
  const std::vector<std::string> texts = {
      repeat("[", 1'000'000),
      repeat("{", 1'000'000),
      repeat("[{", 300'000),
      repeat("{a: ", 200'000),
      repeat("- ", 400'000),
      repeat("? ", 400'000),
      repeat("a: ", 300'000),
      repeat("-\n", 400'000),
      repeat("!", 900'000),
      repeat("&", 900'000),
      repeat("*a ", 300'000),
      repeat("---\n", 200'000),
      repeat("\"", 900'000),
      repeat("'", 900'001),
      repeat(":", 900'000),
      repeat("a: [", 200'000),
      repeat("\n", 999'999),
      repeat(" ", 999'999),
      repeat("%", 900'000),
      "a: [" + repeat("1,", 400'000) + "]",
      deep_blocks,
  };
  for (const std::string& text : texts) {
    const std::string message = error_in(text);
    CHECK_MESSAGE((has_position(message, "f.yaml") || message == "no error"), text.substr(0, 20) << " " << message);
  }
  CHECK(error_in(std::string(1'000'001, ' ')) == "f.yaml:1:1: the file has 1000001 bytes; at most 1000000 are allowed");
  CHECK(
      contains(error_in(repeat("[", 33) + repeat("]", 33)), "f.yaml:1:33: the YAML is nested too deeply (at most 32"));
  CHECK(error_in(repeat("[", 32) + repeat("]", 32)) == "no error");
  CHECK(contains(error_in(repeat("- a\n", 10'000)), "the file has more than 10000 YAML nodes"));
  CHECK(error_in(repeat("- a\n", 9'999)) == "no error");
}

TEST_CASE("no file cut short does worse than being refused with a position") {
  const std::string text =
      "mlffgen: 1\nname: 'a b'\nunits: {length: angstrom, energy: \"eV\"}\nelements: [H,\n  C]\np: |\n  x = 1\n\n    "
      "y\n";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::string message = error_in(text.substr(0, length));
    CHECK_MESSAGE((has_position(message, "f.yaml") || message == "no error"), message);
  }
}

TEST_CASE("no single changed byte does worse than being refused with a position") {
  const std::string text = "mlffgen: 1\nunits: {length: angstrom, energy: \"eV\"}\nelements: [H, C]\np: |\n  x = 1\n";
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; byte += 1) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const std::string message = error_in(changed);
      if (message != "no error" && !has_position(message, "f.yaml")) FAIL_CHECK(message);
    }
  }
}
