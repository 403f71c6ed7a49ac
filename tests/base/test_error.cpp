#include <doctest/doctest.h>

#include <string>

#include "base/error.h"

using namespace mlffgen;

TEST_CASE("a location leaves out what is unknown") {
  CHECK(SourceLocation{"a.yaml", 3, 7}.str() == "a.yaml:3:7");
  CHECK(SourceLocation{"a.yaml", 3, 0}.str() == "a.yaml:3");
  CHECK(SourceLocation{"a.yaml", 0, 0}.str() == "a.yaml");
  CHECK(SourceLocation{"a.yaml", 0, 4}.str() == "a.yaml");
  CHECK(SourceLocation{"", 3, 7}.str() == "3:7");
  CHECK(SourceLocation{}.str().empty());
}

TEST_CASE("a user error begins with its place, if it has one") {
  CHECK(std::string(UserError({"a.yaml", 1, 2}, "bad").what()) == "a.yaml:1:2: bad");
  CHECK(std::string(UserError(SourceLocation{}, "bad").what()) == "bad");
}

TEST_CASE("a diagnostic tells place, severity and code") {
  Diagnostic diagnostic{Diagnostic::Severity::warning, "unused-weight", {"a.yaml", 1, 2}, "x is not used"};
  CHECK(diagnostic.str() == "a.yaml:1:2: warning: x is not used [unused-weight]");
  diagnostic.severity = Diagnostic::Severity::note;
  diagnostic.code.clear();
  CHECK(diagnostic.str() == "a.yaml:1:2: note: x is not used");
}

TEST_CASE("a failed internal check throws an internal error, which is no user error") {
  CHECK_NOTHROW(internal_check(true, "fine"));
  CHECK_THROWS_WITH_AS(internal_check(false, "broken"), "internal error: broken", InternalError);
}
