#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dsl/program.h"
#include "tests/dsl/expect.h"

using namespace mlffgen::dsl;

namespace {

std::string error_in(const std::string& text) {
  return error_of([&] { return parse_program(text, {"p", 1, 0}); });
}

std::string repeat(const std::string& piece, int count) {
  std::string out;
  for (int k = 0; k < count; ++k) out += piece;
  return out;
}

struct Case {
  std::string text;
  std::string message;  // what the error begins with
};

}  // namespace

TEST_CASE("a mistake in an expression is told with its place and what was expected") {
  const std::vector<Case> cases = {
      {"x = ", "p:1:5: expected an expression, found the end of the line"},
      {"x =", "p:1:4: expected an expression, found the end of the line"},
      {"x = a +", "p:1:8: expected an expression, found the end of the line"},
      {"x = + a", "p:1:5: expected an expression, found '+'"},
      {"x = a // b", "p:1:8: expected an expression, found '/'"},
      {"x = a < b < c", "p:1:11: a comparison cannot be chained"},
      {"x = a == b != c", "p:1:12: a comparison cannot be chained"},
      {"x = f(x)(y)", "p:1:9: only a function's name can be called"},
      {"x = (f)(y)", "p:1:8: only a function's name can be called"},
      {"x = 3(y)", "p:1:6: only a function's name can be called"},
      {"x = y[]", "p:1:7: expected an expression, found ']'"},
      {"x = y[:3]", "p:1:7: expected the first bound of the slice, found ':'"},
      {"x = y[1:]", "p:1:9: expected the second bound of the slice, found ']'"},
      {"x = y[1:2:3]", "p:1:10: expected ']' to close the '[' opened at line 1 column 6, found ':'"},
      {"x = f(,)", "p:1:7: expected an expression, found ','"},
      {"x = f(a=1, b)", "p:1:12: an argument without a name cannot follow one given by name"},
      {"x = f(a=1, a=2)", "p:1:12: the argument 'a' is given twice"},
      {"x = f(a b)", "p:1:9: expected ')' to close the '(' opened at line 1 column 6, found 'b'"},
      {"x = (a, b)", "p:1:7: expected ')' to close the '(' opened at line 1 column 5, found ','"},
      {"x = y[0)", "p:1:8: expected ']' to close the '[' opened at line 1 column 6, found ')'"},
      {"x = a)", "p:1:6: expected the end of the line after the assigned expression, found ')'"},
      {"x = a b", "p:1:7: expected the end of the line after the assigned expression, found 'b'"},
      {"x = a, b", "p:1:6: expected the end of the line after the assigned expression, found ','"},
      {"x = a \"s\"", "p:1:7: expected the end of the line after the assigned expression, found the string \"s\""},
      {"x = f(a\ny = 2\n", "p:2:1: expected ')' to close the '(' opened at line 1 column 6, found 'y'"},
      {"y = 1\nx = f(a,\n  (b\n",
       "p:4:1: expected ')' to close the '(' opened at line 3 column 3, found the end of the program"},
      {"x = in", "p:1:5: expected an expression, found the reserved word 'in'"},
      {"x = a if b else c", "p:1:7: expected the end of the line after the assigned expression, found the reserved"},
  };
  for (const Case& test : cases) CHECK_MESSAGE(error_in(test.text).starts_with(test.message), error_in(test.text));
}

TEST_CASE("a mistake in a statement is told with its place and what was expected") {
  const std::vector<Case> cases = {
      {"1 = x", "p:1:1: expected a statement or a name to assign to, found '1'"},
      {"f(x)", "p:1:2: expected '=' or '+=' after 'f', found '('"},
      {"x", "p:1:2: expected '=' or '+=' after 'x', found the end of the line"},
      {"x[0] = 1", "p:1:2: only whole names can be assigned to, not a part of 'x'"},
      {"a, b += x", "p:1:6: '+=' adds to one name at a time"},
      {"a, a = f(x)", "p:1:4: the name 'a' is assigned twice in one statement"},
      {"a, = f(x)", "p:1:4: expected a statement or a name to assign to, found '='"},
      {"for = 1", "p:1:5: expected the loop's variable after 'for', found '='"},
      {"a, for = 1", "p:1:4: expected a statement or a name to assign to, but 'for' is a reserved word"},
      {"in = 1", "p:1:1: expected a statement or a name to assign to, but 'in' is a reserved word"},
      {"for if in 3:\n  x = 1", "p:1:5: expected the loop's variable after 'for', but 'if' is a reserved word"},
      {"for k of 3:\n  x = 1", "p:1:7: expected 'in' after the loop's variable, found 'of'"},
      {"for k in 3\n  x = 1", "p:1:11: expected ':' before the block of 'for', found the end of the line"},
      {"for k in 3: x = 1", "p:1:13: expected the end of the line after ':' (the block of 'for' is indented"},
      {"for k in 3:\nx = 1", "p:2:1: expected an indented block after 'for', found 'x'"},
      {"for k in 3:", "p:1:12: expected an indented block after 'for', found the end of the program"},
      {"for k in 3:\n  # only a comment\n", "p:3:1: expected an indented block after 'for'"},
      {"if a:\n  x = 1\nelse\n  x = 2", "p:3:5: expected ':' before the block of 'else'"},
      {"else:\n  x = 1", "p:1:1: 'else' without an 'if' at the same indentation before it"},
      {"if a:\n  x = 1\n  else:\n    x = 2", "p:3:3: 'else' without an 'if'"},
      {"x = 1\n  y = 2", "p:2:3: unexpected indentation"},
      {"  x = 1", "p:1:3: unexpected indentation"},
      {"for k in 3:\n    x = 1\n  y = 2", "p:3:3: this indentation of 2 spaces fits no enclosing block"},
      {"return x", "p:1:1: 'return' is only allowed as the last statement of a 'def'"},
      {"def f(x):\n  y = x", "p:1:1: the function 'f' does not end with 'return'"},
      {"def f(x):\n  return x\n  y = x", "p:3:3: expected the end of the function after its 'return', found 'y'"},
      {"def f(x):\n  if x:\n    return x\n  return x", "p:3:5: 'return' is only allowed as the last"},
      {"def f(x):\n  return", "p:2:9: expected an expression, found the end of the line"},
      {"def f(x, x):\n  return x", "p:1:10: the parameter 'x' is declared twice"},
      {"def f(x, 1):\n  return x", "p:1:10: expected a parameter's name, found '1'"},
      {"def f(x y):\n  return x", "p:1:9: expected ',' or ')' after a parameter's name, found 'y'"},
      {"def f:\n  return x", "p:1:6: expected '(' after the function's name, found ':'"},
      {"def if(x):\n  return x", "p:1:5: expected the function's name after 'def', but 'if' is a reserved word"},
      {"def f(x):\n  def g(y):\n    return y\n  return x", "p:2:3: a function is defined at the top level"},
      {"for k in 2:\n  def g(y):\n    return y", "p:2:3: a function is defined at the top level"},
  };
  for (const Case& test : cases) CHECK_MESSAGE(error_in(test.text).starts_with(test.message), error_in(test.text));
}

TEST_CASE("characters and words that the language does not have are refused where they stand") {
  const std::vector<Case> cases = {
      {"x = a % b", "p:1:7: unexpected character '%'"},
      {"x = a @ b", "p:1:7: unexpected character '@'"},
      {"x = a.b", "p:1:6: unexpected character '.'"},
      {"x = a; y = b", "p:1:6: unexpected character ';'"},
      {"x = {1}", "p:1:5: unexpected character '{'"},
      {"x = a \\\n  + b", "p:1:7: unexpected character '\\\\'"},
      {"x -= a", "p:1:3: '-=' is not an operator of this language"},
      {"x *= a", "p:1:3: '*=' is not an operator of this language"},
      {"x = 'a'", "p:1:5: a string is written between double quotes"},
      {"x = \"abc", "p:1:5: this string has no closing '\"' on its line"},
      {"x = \"abc\ny = \"", "p:1:5: this string has no closing '\"' on its line"},
      {"x = \"a\\nb\"", "p:1:7: a backslash in a string; strings have no escapes"},
      {"x = \"a\tb\"", "p:1:7: character '\\t' in a string"},
      {"x = \"\xc3\xa5\"", "p:1:6: character '\\xc3' in a string; only printable ASCII is allowed"},
      {"x = \"a{k+1}\"", "p:1:7: a brace in a string must be part of {name}"},
      {"x = \"a{}\"", "p:1:7: a brace in a string must be part of {name}"},
      {"x = \"a{k\"", "p:1:7: a brace in a string must be part of {name}"},
      {"x = \"a}\"", "p:1:7: a brace in a string must be part of {name}"},
      {"x = \"{{k}}\"", "p:1:6: a brace in a string must be part of {name}"},
      {"\xc3\xa5 = 1", "p:1:1: unexpected character '\\xc3'"},
      {"x\xc3\xa5 = 1", "p:1:2: unexpected character '\\xc3'"},
      {std::string("x = 1\0", 6), "p:1:6: unexpected character '\\x00'"},
      {"x = 1 # \x1b[2J", "p:1:9: control character '\\x1b' in a comment"},
      {"x = 1\ry = 2", "p:1:6: unexpected character '\\x0d'"},
      {"\tx = 1", "p:1:1: a tab is not allowed in a program; indent with spaces"},
      {"for k in 2:\n \tx = 1", "p:2:2: a tab is not allowed in a program; indent with spaces"},
      {"x =\t1", "p:1:4: a tab is not allowed in a program"},
      {"x = 1abc", "p:1:5: '1abc' is not a number"},
      {"x = 0x1F", "p:1:5: '0x1F' is not a number"},
      {"x = 1_000", "p:1:5: '1_000' is not a number"},
      {"x = 1.2.3", "p:1:5: '1.2.3' is not a number"},
      {"x = 1e", "p:1:5: '1e' is not a number"},
      {"x = 1e+", "p:1:5: '1e' is not a number"},
      {"x = 007", "p:1:5: the integer '007' has leading zeros"},
      {"x = 1e999", "p:1:5: the number '1e999' is outside the range of double precision"},
      {"x = 9007199254740993e0 + 9007199254740994", "p:1:26: the integer '9007199254740994' is larger than 2**53"},
      {"x = " + repeat("9", 500), "p:1:5: the number '" + repeat("9", 60) + "...' is outside the range"},
      {repeat("n", 65) + " = 1", "p:1:1: the name '" + repeat("n", 60) + "...' has 65 characters"},
  };
  for (const Case& test : cases) CHECK_MESSAGE(error_in(test.text).starts_with(test.message), error_in(test.text));
}

TEST_CASE("of several mistakes the first in the text is reported") {
  CHECK(error_in("x = \ny = 'a'").starts_with("p:1:5:"));
  CHECK(error_in("x = (\ny = %").starts_with("p:2:3: expected ')'"));
}

TEST_CASE("no nesting, length or size can exhaust the stack or the memory") {
  const std::vector<std::string> texts = {
      "x = " + repeat("(", 50'000),
      "x = " + repeat("(", 65) + "a" + repeat(")", 65),
      "x = " + repeat("f(", 40'000),
      "x = " + repeat("a[", 40'000),
      "x = " + repeat("-", 90'000) + "a",
      "x = a" + repeat(" ** a", 15'000),
      "x = a" + repeat(" + a", 20'000),
      "x = a" + repeat("*a", 40'000),
      "x = a" + repeat("[0]", 30'000),
      "x = a" + repeat("+(a", 60) + repeat("+a", 200),
      repeat("a,", 60'000),
      repeat(" ", 150'000),
      repeat("(", 99'000),
      repeat("\"", 100'000),
  };
  for (const std::string& text : texts) {
    const std::string message = error_in(text);
    CHECK_MESSAGE((has_position(message, "p") || message == "no error"), message.substr(0, 100));
  }
  std::string blocks;
  for (int k = 0; k < 400; ++k) blocks += repeat(" ", k) + "if a:\n";
  CHECK(contains(error_in(blocks), "blocks are nested too deeply (at most 64 levels)"));
  CHECK(error_in(repeat(" ", 100'001)) == "p:1:1: the program has 100001 characters; at most 100000 are allowed");
}

TEST_CASE("what the bounds allow is parsed") {
  CHECK(error_in("x = " + repeat("(", 64) + "a" + repeat(")", 64)) == "no error");
  CHECK(error_in("x = a" + repeat(" + a", 190)) == "no error");
  CHECK(error_in("x = f(a" + repeat(", a", 5'000) + ")") == "no error");
  std::string blocks;
  for (int k = 0; k < 64; ++k) blocks += repeat(" ", k) + "if a:\n";
  CHECK(error_in(blocks + repeat(" ", 64) + "x = 1") == "no error");
}
