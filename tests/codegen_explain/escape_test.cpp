// Names that a user chose cannot break the document.
#include "codegen/explain/escape.h"

#include <doctest/doctest.h>

#include "codegen/explain/symbol.h"

using namespace mlffgen::explain;

TEST_CASE("Markdown text is escaped") {
  CHECK(markdown_text("a_b*c") == "a\\_b\\*c");
  CHECK(markdown_text("<b>&|$`[x](y)#") == "&lt;b&gt;&amp;\\|\\$\\`\\[x\\]\\(y\\)\\#");
  CHECK(markdown_text("one\ntwo") == "one two");
  CHECK(markdown_text("plain, text. 3.5") == "plain, text. 3.5");
}

TEST_CASE("code spans cannot be ended by what they hold") {
  CHECK(markdown_code("a.b") == "`a.b`");
  CHECK(markdown_code("a`b") == "`` a`b ``");
  CHECK(markdown_code("a|b") == "`a\\|b`");
}

TEST_CASE("LaTeX specials in names are escaped") {
  CHECK(latex_text("f_cut") == "f\\_cut");
  CHECK(latex_text("100%$#&{}") == "100\\%\\$\\#\\&\\{\\}");
  CHECK(latex_text("a\\b") == "a\\backslash{}b");
  CHECK(latex_text("\xc3\xa9") == "??");
}

TEST_CASE("numbers are written as people write them") {
  CHECK(latex_number(3) == "3");
  CHECK(latex_number(-0.25) == "-0.25");
  CHECK(latex_number(1e-8) == "10^{-8}");
  CHECK(latex_number(2.5e12) == "2.5 \\cdot 10^{12}");
}

TEST_CASE("names of letters that formulas use are set apart") {
  CHECK(base_of_name("s") == "s");
  CHECK(base_of_name("rbf") == "\\mathrm{rbf}");
  CHECK(base_of_name("f_cut") == "\\mathrm{f\\_cut}");
  for (const char* taken : {"r", "E", "Z"}) CHECK(base_of_name(taken) == std::string("\\mathrm{") + taken + "}");
}
