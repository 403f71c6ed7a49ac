#include <doctest/doctest.h>

#include <string>

#include "dsl/yaml.h"
#include "tests/dsl/expect.h"

using namespace mlffgen::dsl;

namespace {

YamlNode parse(const std::string& text) { return parse_yaml(text, "f.yaml"); }

// The value of the key "v" in a file of this one line.
YamlNode value(const std::string& text) {
  YamlNode root = parse("v: " + text + "\n");
  REQUIRE(root.items.size() == 1);
  return root.items[0];
}

std::string integer_error(const std::string& text) {
  return error_of([&] { return as_integer(value(text), "x"); });
}

std::string real_error(const std::string& text) {
  return error_of([&] { return as_real(value(text), "x"); });
}

}  // namespace

TEST_CASE("a tree keeps kinds, order and positions") {
  const YamlNode root = parse("a: 1\nb:\n  - x\n  - {c: 'q', d: }\n");
  CHECK(root.kind == YamlNode::Kind::mapping);
  CHECK(root.where.str() == "f.yaml:1:1");
  CHECK(root.keys == std::vector<std::string>{"a", "b"});
  CHECK(root.key_locations.at(1).str() == "f.yaml:2:1");
  CHECK(root.items.at(0).text == "1");
  CHECK(root.items.at(0).where.str() == "f.yaml:1:4");
  const YamlNode& list = root.items.at(1);
  CHECK(list.kind == YamlNode::Kind::sequence);
  CHECK(list.where.str() == "f.yaml:3:3");
  CHECK(list.items.at(0).where.str() == "f.yaml:3:5");
  const YamlNode& inner = list.items.at(1);
  CHECK(inner.where.str() == "f.yaml:4:5");
  CHECK(inner.items.at(0).style == YamlNode::Style::quoted);
  CHECK(inner.items.at(0).where.str() == "f.yaml:4:9");
  CHECK(inner.items.at(1).kind == YamlNode::Kind::null);
}

TEST_CASE("the style of a scalar is told apart") {
  CHECK(value("abc").style == YamlNode::Style::plain);
  CHECK(value("\"abc\"").style == YamlNode::Style::quoted);
  CHECK(value("'abc'").style == YamlNode::Style::quoted);
  CHECK(value("|\n  abc").style == YamlNode::Style::literal);
  CHECK(value(">\n  abc").style == YamlNode::Style::folded);
}

TEST_CASE("a literal block tells the line and indentation of its text in the file") {
  const YamlNode root = parse("# c\na: 1\np: |  # comment\n\n    x = 1\n      y\n\n    z\nb: 2\n");
  const YamlNode& block = root.items.at(1);
  CHECK(block.text == "\nx = 1\n  y\n\nz\n");
  CHECK(block.origin.file == "f.yaml");
  CHECK(block.origin.first_line == 4);
  CHECK(block.origin.indent == 4);
}

TEST_CASE("a literal block is located whatever its header says and wherever it ends") {
  for (const char* header : {"|", "|-", "|+", "|2", "|2-"}) {
    const YamlNode block = value(std::string(header) + "\n  x\n  y");
    CHECK(block.origin.first_line == 2);
    CHECK(block.origin.indent == 2);
    CHECK(block.text.starts_with("x\ny"));
  }
  const YamlNode deeper = value("|2\n    x\n  y\n");
  CHECK(deeper.text == "  x\ny\n");
  CHECK(deeper.origin.indent == 2);
  CHECK(value("|\n").text.empty());
}

TEST_CASE("windows line breaks and a byte-order mark change neither text nor positions") {
  const YamlNode root = parse(
      "\xef\xbb\xbf"
      "a: 1\r\np: |\r\n  x\r\n  y\r\nb: q\r\n");
  CHECK(root.keys == std::vector<std::string>{"a", "p", "b"});
  CHECK(root.items.at(1).text == "x\ny\n");
  CHECK(root.items.at(1).origin.first_line == 3);
  CHECK(root.items.at(2).where.str() == "f.yaml:5:4");
  CHECK(root.items.at(2).text == "q");
}

TEST_CASE("an integer is decimal and plain") {
  CHECK(as_integer(value("0"), "x") == 0);
  CHECK(as_integer(value("128"), "x") == 128);
  CHECK(as_integer(value("-3"), "x") == -3);
  CHECK(as_integer(value("+3"), "x") == 3);
  CHECK(as_integer(value("9007199254740992"), "x") == 9007199254740992);
}

TEST_CASE("what is no integer is refused with the reason") {
  CHECK(integer_error("abc") == "f.yaml:1:4: x must be an integer, but is 'abc'");
  CHECK(integer_error("1.0") == "f.yaml:1:4: x must be an integer, but is '1.0'");
  CHECK(integer_error("1e3") == "f.yaml:1:4: x must be an integer, but is '1e3'");
  CHECK(contains(integer_error("'5'"), "but is the text '5' (numbers are written without quotes)"));
  CHECK(contains(integer_error("017"), "leading zeros"));
  CHECK(contains(integer_error("-00"), "leading zeros"));
  CHECK(contains(integer_error("true"), "a truth value is not a number"));
  CHECK(contains(integer_error("No"), "a truth value is not a number"));
  CHECK(contains(integer_error("1_000"), "without separators"));
  CHECK(contains(integer_error("9007199254740993"), "x is out of range: '9007199254740993'"));
  CHECK(contains(integer_error("-99999999999999999999999"), "x is out of range"));
  CHECK(contains(integer_error(""), "x must be an integer, but is empty"));
  CHECK(contains(integer_error("~"), "but is empty"));
  CHECK(contains(integer_error("[1]"), "but is a list"));
  CHECK(contains(integer_error("{a: 1}"), "but is a mapping"));
  for (const char* bad : {"0x10", "0o17", "0b1", "1 2", "--1", "+", "-", "1-", "\xc3\xa5"}) {
    CHECK_MESSAGE(has_position(integer_error(bad), "f.yaml"), bad);
  }
}

TEST_CASE("a real is decimal, plain and finite") {
  CHECK(as_real(value("5"), "x") == 5);
  CHECK(as_real(value("5.0"), "x") == 5);
  CHECK(as_real(value("-.5"), "x") == -0.5);
  CHECK(as_real(value("5."), "x") == 5);
  CHECK(as_real(value("+1.5e-3"), "x") == 1.5e-3);
  CHECK(as_real(value("1E5"), "x") == 1e5);
  CHECK(as_real(value("0.1"), "x") == 0.1);
  CHECK(as_real(value("0"), "x") == 0);
}

TEST_CASE("what is no finite real is refused with the reason") {
  for (const char* bad : {".inf", "-.inf", "+.Inf", "inf", "-INF", "infinity", ".nan", "NaN", "nan"}) {
    CHECK_MESSAGE(contains(real_error(bad), "(only finite numbers are allowed)"), bad);
  }
  for (const char* bad : {"1e999", "-1e999", "1e-999"}) {
    CHECK(contains(real_error(bad), "x is outside the range of double precision"));
  }
  for (const char* bad : {"yes", "FALSE", "off"}) CHECK(contains(real_error(bad), "a truth value is not a number"));
  CHECK(contains(real_error("05.5"), "leading zeros"));
  CHECK(contains(real_error("\"5.0\""), "numbers are written without quotes"));
  CHECK(contains(real_error("5,0"), "without separators"));
  for (const std::string bad :
       {"abc", "1.2.3", "1e", "1e+", ".", "+", "e5", "0x1p3", "1:30", "5 angstrom", "nan(1)", "1d3"}) {
    CHECK_MESSAGE(contains(real_error(bad), "x must be a number, but is"), bad);
  }
}

TEST_CASE("text is taken as written, without YAML's guesses at types") {
  for (const char* text : {"No", "true", "1.0", "017", "Null-ish", "a b"}) CHECK(as_string(value(text), "x") == text);
  CHECK(as_string(value("'~'"), "x") == "~");
  CHECK(as_string(value("\xc3\xa5"), "x") == "\xc3\xa5");
}

TEST_CASE("what is no line of text is refused") {
  const auto text_error = [](const std::string& text) { return error_of([&] { return as_string(value(text), "x"); }); };
  CHECK(text_error("") == "f.yaml:1:1: x must be text, but is empty");
  CHECK(contains(text_error("null"), "x must be text, but is empty"));
  CHECK(contains(text_error("[a]"), "x must be text, but is a list"));
  CHECK(contains(text_error("''"), "x must not be empty"));
  CHECK(contains(text_error("\"a\\nb\""), "x must be one line of printable text, but is 'a\\nb'"));
  CHECK(contains(text_error("\"a\\0b\""), "x must be one line of printable text, but is 'a\\x00b'"));
  CHECK(contains(text_error("\"\\e[2J\""), "x must be one line of printable text"));
  CHECK(contains(text_error("|\n  a\n  b"), "x must be one line of printable text"));
}

TEST_CASE("a list is a list") {
  CHECK(as_list(value("[1, 2]"), "x").size() == 2);
  CHECK(as_list(value("[]"), "x").empty());
  CHECK(contains(error_of([] { return as_list(value("1"), "x"); }), "x must be a list, but is '1'"));
}

TEST_CASE("a mapping refuses unknown keys with the nearest, and names missing ones") {
  const YamlNode root = parse("cutof: 5\nname: a\n");
  CHECK(error_of([&] { return YamlMapping(root, "the spec", {"cutoff", "name"}); }) ==
        "f.yaml:1:1: unknown key 'cutof' in the spec; did you mean 'cutoff'? (known: cutoff, name)");
  const YamlMapping mapping(root, "the spec", {"cutof", "name", "weights"});
  CHECK(mapping.required("name").text == "a");
  CHECK(mapping.optional("weights") == nullptr);
  CHECK(error_of([&] { return mapping.required("weights"); }) == "f.yaml:1:1: the spec lacks the key 'weights'");
  const YamlNode list = parse("- a\n");
  CHECK(error_of([&] { return YamlMapping(list, "the spec", {}); }) ==
        "f.yaml:1:1: the spec must be a mapping (key: value), but is a list");
}
