#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dsl/architecture.h"
#include "dsl/spec.h"
#include "tests/dsl/expect.h"

using namespace mlffgen::dsl;

namespace {

constexpr const char* kHeader = "mlffgen_architecture: 1\nname: toy\n";
constexpr const char* kProgram = "program: |\n  energy = 1\n";

std::string error_in(const std::string& text) {
  return error_of([&] { return parse_architecture(text, "a.yaml"); });
}

std::string parameter_error(const std::string& entry) {
  return error_in(std::string(kHeader) + "parameters:\n  " + entry + "\n" + kProgram);
}

}  // namespace

TEST_CASE("an architecture file declares parameters and holds a program that points into the file") {
  const Architecture architecture = parse_architecture(
      "mlffgen_architecture: 1\nname: toy\ndescription: >\n  two\n  lines\nparameters:\n"
      "  features: {type: integer, default: 128, minimum: 1, maximum: 512, description: channels}\n"
      "  eps: {type: real, minimum: 0, maximum: 1.5}\n"
      "program: |\n\n    x = 1\n    y = x\n",
      "a.yaml");
  CHECK(architecture.name == "toy");
  CHECK(architecture.description == "two lines");
  REQUIRE(architecture.parameters.size() == 2);
  const Architecture::Parameter& features = architecture.parameters[0];
  CHECK(features.name == "features");
  CHECK(features.is_integer);
  CHECK(features.default_value == 128);
  CHECK(features.minimum == 1);
  CHECK(features.maximum == 512);
  CHECK(features.description == "channels");
  CHECK(features.where.str() == "a.yaml:7:3");
  CHECK_FALSE(architecture.parameters[1].is_integer);
  CHECK_FALSE(architecture.parameters[1].default_value.has_value());
  CHECK(architecture.program_text == "\nx = 1\ny = x\n");
  CHECK(architecture.program.statements.at(1).where.str() == "a.yaml:12:5");
}

TEST_CASE("a mistake in the program is told at its place in the file") {
  CHECK(error_in(std::string(kHeader) + "program: |\n  x = 1\n  y = x +\n") ==
        "a.yaml:5:10: expected an expression, found the end of the line");
}

TEST_CASE("the program must be a literal block with a statement") {
  for (const char* program :
       {"program: x = 1\n", "program: 'x = 1'\n", "program: >\n  x = 1\n", "program: [x]\n", "program:\n"}) {
    CHECK(contains(error_in(std::string(kHeader) + program), "'program' must be a literal block: 'program: |'"));
  }
  CHECK(contains(error_in(std::string(kHeader) + "program: |\n  # nothing\n"), "the program has no statement"));
  CHECK(contains(error_in(kHeader), "the architecture lacks the key 'program'"));
}

TEST_CASE("the header of an architecture is checked") {
  const std::string program = kProgram;
  CHECK(contains(error_in("name: a\n" + program), "lacks the key 'mlffgen_architecture'"));
  CHECK(contains(error_in("mlffgen_architecture: 2\nname: a\n" + program),
                 "a.yaml:1:23: 'mlffgen_architecture' is the version of the file's format and must be 1, but is 2"));
  CHECK(contains(error_in("mlffgen_architecture: 1\n" + program), "lacks the key 'name'"));
  CHECK(contains(error_in("mlffgen_architecture: 1\nname: a/b\n" + program), "a.yaml:2:7: 'name' must consist of"));
  CHECK(contains(error_in("mlffgen_architecture: 1\nname: a\ndescription: \xc3\xa5\n" + program),
                 "a.yaml:3:14: 'description' may contain printable ASCII characters only"));
  CHECK(contains(error_in("mlffgen_architecture: 1\nname: a\nprograms: 1\n" + program),
                 "unknown key 'programs' in the architecture; did you mean 'program'?"));
}

TEST_CASE("a parameter's declaration is checked") {
  CHECK(contains(parameter_error("f: 1"), "a.yaml:4:6: parameter 'f' must be a mapping (key: value), but is '1'"));
  CHECK(contains(parameter_error("f: {minimum: 1, maximum: 2}"), "parameter 'f' lacks the key 'type'"));
  CHECK(contains(parameter_error("f: {type: int, minimum: 1, maximum: 2}"),
                 "'type' of parameter 'f' must be integer or real, but is 'int'"));
  CHECK(contains(parameter_error("f: {type: raal, minimum: 1, maximum: 2}"), "did you mean 'real'?"));
  CHECK(contains(parameter_error("f: {type: integer, maximum: 2}"), "parameter 'f' lacks the key 'minimum'"));
  CHECK(contains(parameter_error("f: {type: integer, minimum: 1}"), "parameter 'f' lacks the key 'maximum'"));
  CHECK(contains(parameter_error("f: {type: integer, minimum: 1.5, maximum: 2}"), "must be an integer"));
  CHECK(contains(parameter_error("f: {type: integer, minimum: 3, maximum: 2}"),
                 "'minimum' of parameter 'f' is 3, more than its maximum 2"));
  CHECK(contains(parameter_error("f: {type: integer, default: 9, minimum: 1, maximum: 2}"),
                 "'default' of parameter 'f' is 9, but must lie between 1 and 2"));
  CHECK(contains(parameter_error("f: {type: integer, default: 1.5, minimum: 1, maximum: 2}"), "must be an integer"));
  CHECK(contains(parameter_error("f: {type: real, minimum: 1, maximum: .inf}"), "only finite numbers"));
  CHECK(contains(parameter_error("f: {type: real, minimum: 1, maximum: 2, defualt: 1}"), "did you mean 'default'?"));
  CHECK(contains(parameter_error("f: {type: real, minimum: 1, maximum: 2, description: \"a\\nb\\x01\"}"), "printable"));
}

TEST_CASE("a parameter may not take the name of a reserved word, nor one that is no name") {
  const std::string declaration = ": {type: integer, minimum: 1, maximum: 2}";
  for (const char* word : {"for", "in", "if", "else", "def", "return", "cutoff", "pi", "element", "distance",
                           "direction", "i", "j", "scalar", "vector", "_"}) {
    const std::string message = parameter_error(word + declaration);
    CHECK_MESSAGE(contains(message, "a.yaml:4:3: the parameter '" + std::string(word) + "' has the name of a reserved"),
                  message);
  }
  for (const char* word : {"a-b", "1a", "'a b'", "''", "\xc3\xa5", "a.b", "'a\"b'"}) {
    const std::string message = parameter_error(word + declaration);
    CHECK_MESSAGE(contains(message, "a.yaml:4:3: a parameter's name consists of letters"), message);
  }
  CHECK(parameter_error("layers" + declaration) == "no error");
}

TEST_CASE("every built-in architecture is named after its file and is valid") {
  for (const std::string& name : builtin_architectures()) {
    CAPTURE(name);
    const Architecture architecture = parse_architecture(builtin_architecture_text(name), name);
    CHECK(architecture.name == name);
    CHECK_FALSE(architecture.description.empty());
  }
}
