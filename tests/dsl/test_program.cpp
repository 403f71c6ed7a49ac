#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "dsl/program.h"
#include "tests/dsl/expect.h"

using namespace mlffgen::dsl;

namespace {

// The tree as text, fully bracketed: operators and subscripts in front of their operands.
std::string show(const Expression& e) {
  std::string inside;
  const std::size_t positional = e.operands.size() - e.keywords.size();
  for (std::size_t k = 0; k < e.operands.size(); ++k) {
    inside += " ";
    if (k >= positional) inside += e.keywords[k - positional] + "=";
    inside += show(e.operands[k]);
  }
  switch (e.kind) {
    case Expression::Kind::number:
      return e.is_integer ? fmt::format("{}", e.number) : fmt::format("{}r", e.number);
    case Expression::Kind::string:
      return "\"" + e.text + "\"";
    case Expression::Kind::name:
      return e.text;
    case Expression::Kind::unary:
    case Expression::Kind::binary:
      return "(" + e.text + inside + ")";
    case Expression::Kind::call:
      return e.text + "{" + inside + " }";
    case Expression::Kind::index:
      return "(index" + inside + ")";
    case Expression::Kind::slice:
      return "(slice" + inside + ")";
  }
  return "";
}

Program parse(const std::string& text) { return parse_program(text, {"p.yaml", 1, 0}); }

std::string tree(const std::string& expression) {
  const Program program = parse("x = " + expression + "\n");
  REQUIRE(program.statements.size() == 1);
  REQUIRE(program.statements[0].values.size() == 1);
  return show(program.statements[0].values[0]);
}

}  // namespace

TEST_CASE("products bind tighter than sums, and both group from the left") {
  CHECK(tree("a + b * c") == "(+ a (* b c))");
  CHECK(tree("a * b + c") == "(+ (* a b) c)");
  CHECK(tree("a - b - c") == "(- (- a b) c)");
  CHECK(tree("a / b / c * d") == "(* (/ (/ a b) c) d)");
  CHECK(tree("(a + b) * c") == "(* (+ a b) c)");
}

TEST_CASE("a power groups from the right and binds tighter than the minus on its left") {
  CHECK(tree("a ** b ** c") == "(** a (** b c))");
  CHECK(tree("-a ** 2") == "(- (** a 2))");
  CHECK(tree("(-a) ** 2") == "(** (- a) 2)");
  CHECK(tree("a ** -b ** c") == "(** a (- (** b c)))");
  CHECK(tree("a * -b ** 2 / c") == "(/ (* a (- (** b 2))) c)");
  CHECK(tree("--a") == "(- (- a))");
  CHECK(tree("a - -b") == "(- a (- b))");
}

TEST_CASE("comparisons bind loosest") {
  for (const char* op : {"==", "!=", "<", "<=", ">", ">="}) {
    CHECK(tree(fmt::format("a + 1 {} b * 2", op)) == fmt::format("({} (+ a 1) (* b 2))", op));
  }
  CHECK(tree("(a < b) == (c < d)") == "(== (< a b) (< c d))");
}

TEST_CASE("subscripts and slices bind tighter than powers and follow each other") {
  CHECK(tree("x[j] ** 2") == "(** (index x j) 2)");
  CHECK(tree("f(x)[0][a:b + 1]") == "(slice (index f{ x } 0) a (+ b 1))");
  CHECK(tree("-x[j]") == "(- (index x j))");
  CHECK(tree("(a + b)[j]") == "(index (+ a b) j)");
}

TEST_CASE("arguments given by name come last and keep their order") {
  CHECK(tree("f()") == "f{ }");
  CHECK(tree("f(a, b + 1, eps=1e-8, mode=\"x\")") == "f{ a (+ b 1) eps=1e-08r mode=\"x\" }");
  CHECK(tree("f(g(a), k=h(b))") == "f{ g{ a } k=h{ b } }");
  CHECK(tree("f(a == b)") == "f{ (== a b) }");
  CHECK(tree("f(a,)") == "f{ a }");
}

TEST_CASE("a number is an integer if it has neither point nor exponent") {
  CHECK(tree("12") == "12");
  CHECK(tree("0") == "0");
  CHECK(tree("12.0") == "12r");
  CHECK(tree("1e2") == "100r");
  CHECK(tree("2.5E-1") == "0.25r");
  CHECK(tree(".5") == "0.5r");
  CHECK(tree("5.") == "5r");
  CHECK(tree("9007199254740992") == "9007199254740992");
}

TEST_CASE("a string keeps its braces and everything that is printable") {
  CHECK(tree("\"a.{k}.b # 'no comment'\"") == "\"a.{k}.b # 'no comment'\"");
  CHECK(tree("\"\"") == "\"\"");
}

TEST_CASE("every form of statement has its own kind, names and values") {
  const Program program = parse(
      "def net(x, name):\n"
      "  y = silu(x)\n"
      "  return y, x\n"
      "a, b = net(s, \"n\")\n"
      "s += a\n"
      "for k in layers - 1:\n"
      "  if k == 0:\n"
      "    s = b\n"
      "  else:\n"
      "    s += b\n");
  REQUIRE(program.statements.size() == 4);
  const Statement& define = program.statements[0];
  CHECK(define.kind == Statement::Kind::define);
  CHECK(define.targets == std::vector<std::string>{"net", "x", "name"});
  REQUIRE(define.body.size() == 2);
  CHECK(define.body[1].kind == Statement::Kind::return_value);
  CHECK(define.body[1].values.size() == 2);
  CHECK(program.statements[1].kind == Statement::Kind::assign);
  CHECK(program.statements[1].targets == std::vector<std::string>{"a", "b"});
  CHECK(program.statements[2].kind == Statement::Kind::add_assign);
  const Statement& loop = program.statements[3];
  CHECK(loop.kind == Statement::Kind::for_loop);
  CHECK(loop.targets == std::vector<std::string>{"k"});
  CHECK(show(loop.values.at(0)) == "(- layers 1)");
  REQUIRE(loop.body.size() == 1);
  CHECK(loop.body[0].kind == Statement::Kind::if_else);
  CHECK(loop.body[0].body.size() == 1);
  CHECK(loop.body[0].else_body.at(0).kind == Statement::Kind::add_assign);
}

TEST_CASE("a dedent may close several blocks at once") {
  const Program program = parse("for a in 2:\n  for b in 2:\n    x = 1\ny = 2");
  REQUIRE(program.statements.size() == 2);
  CHECK(program.statements[0].body.at(0).body.at(0).targets.at(0) == "x");
  CHECK(program.statements[1].targets.at(0) == "y");
}

TEST_CASE("blank lines and comments mean nothing, wherever they stand") {
  const Program program = parse(
      "\n# first\n   # indented \xc3\xa5\nfor k in 2:  # why\n\n      # deep\n  x = 1\n# outside\n  y = 2\n\n# last");
  REQUIRE(program.statements.size() == 1);
  CHECK(program.statements[0].body.size() == 2);
}

TEST_CASE("an open bracket continues the line, whatever its indentation") {
  CHECK(tree("f(a,  # one\n  b,\n\n c)[\n0\n]") == "(index f{ a b c } 0)");
  CHECK(parse("x = (a\n  + b)\ny = 1\n").statements.size() == 2);
}

TEST_CASE("windows line breaks are line breaks") {
  CHECK(parse("x = 1\r\nfor k in 2:\r\n  y = 2\r\n").statements.size() == 2);
}

TEST_CASE("an empty program has no statement") {
  CHECK(parse("").statements.empty());
  CHECK(parse("\n  \n# nothing").statements.empty());
}

TEST_CASE("positions point into the file that the text came from") {
  const Program program = parse_program("x = a + f(b)[j]\nfor k in n:\n  y = -1\n", {"m.yaml", 11, 4});
  const Statement& first = program.statements.at(0);
  CHECK(first.where.str() == "m.yaml:11:5");
  CHECK(first.target_locations.at(0).str() == "m.yaml:11:5");
  const Expression& sum = first.values.at(0);
  CHECK(sum.where.str() == "m.yaml:11:11");
  CHECK(sum.operands.at(0).where.str() == "m.yaml:11:9");
  CHECK(sum.operands.at(1).where.str() == "m.yaml:11:17");
  CHECK(sum.operands.at(1).operands.at(0).where.str() == "m.yaml:11:13");
  const Statement& loop = program.statements.at(1);
  CHECK(loop.where.str() == "m.yaml:12:5");
  CHECK(loop.target_locations.at(0).str() == "m.yaml:12:9");
  CHECK(loop.body.at(0).where.str() == "m.yaml:13:7");
}

TEST_CASE("'_' may be assigned repeatedly in one statement") {
  CHECK(parse("_, b, _ = split(x, 3)").statements.at(0).targets.size() == 3);
}
