// Specs and programs written to break the compiler: each is refused with its place, in no time and little memory.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "codegen/elaborate/elaborate.h"
#include "dsl/safetensors.h"
#include "programs.h"

using namespace mlffgen;

namespace {

constexpr double kSeconds = 1;

struct Case {
  std::string expected;
  std::string text;
};

// The cases of a file; what stands before the first is for people.
std::vector<Case> read_cases(const std::string& name) {
  const std::string text = test::read_whole_file("tests/specs/hostile/" + name);
  std::vector<Case> cases;
  std::size_t at = text.find("\n=== ");
  while (at != std::string::npos) {
    const std::size_t line_end = text.find('\n', at + 1);
    const std::size_t next = text.find("\n=== ", line_end);
    const std::size_t end = next == std::string::npos ? text.size() : next + 1;
    cases.push_back({text.substr(at + 5, line_end - at - 5), text.substr(line_end + 1, end - line_end - 1)});
    at = next;
  }
  return cases;
}

// The weight files that the cases read, for the life of the object.
class WeightFiles {
 public:
  WeightFiles() : folder_(std::filesystem::temp_directory_path() / ("mlffgen_hostile_" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
    const auto tensor = [](std::vector<std::int64_t> shape) {
      std::size_t count = 1;
      for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
      return dsl::TensorData{std::move(shape), std::vector<double>(count, 0.5), true};
    };
    dsl::write_safetensors(folder_ / "[file]", {{"e", tensor({9, 4})},
                                                {"w.weight", tensor({2, 4})},
                                                {"w.bias", tensor({2})},
                                                {"v", tensor({3})},
                                                {"m", tensor({3, 3})},
                                                {"p", tensor({9})}});
    // Eight bytes of header length, the header, 24 bytes of integers, two floats that are not a number.
    const std::string header = R"({"I":{"dtype":"I64","shape":[3],"data_offsets":[0,24]},)"
                               R"("nan":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}})";
    std::ofstream odd(folder_ / "[odd]", std::ios::binary);
    odd << static_cast<char>(header.size()) << std::string(7, '\0') << header << std::string(24, '\0')
        << std::string(8, '\xff');
  }
  WeightFiles(const WeightFiles&) = delete;
  WeightFiles& operator=(const WeightFiles&) = delete;
  ~WeightFiles() { std::filesystem::remove_all(folder_); }

  std::filesystem::path at(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

// The message with which loading and elaboration refuse a spec; a failure of the test if they do not, or not properly.
std::string refusal(const std::string& spec_text, const std::filesystem::path& file) {
  const std::clock_t start = std::clock();
  std::string message;
  try {
    const dsl::ModelSpec spec = dsl::parse_spec(spec_text, "hostile.yaml", ".");
    const auto weights = file.empty() ? elaborate::untrained_weights(1, spec.cutoff)
                                      : elaborate::weights_from(dsl::WeightFile::open(file));
    elaborate::elaborate(spec, *weights);
    message = "accepted";
  } catch (const UserError& error) {
    message = error.what();
  } catch (const std::exception& error) {
    message = std::string("wrong kind of exception: ") + error.what();
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  CHECK(seconds < kSeconds);
  return message;
}

void check_refused(const std::string& spec_text, const std::string& expected, const std::filesystem::path& file = {}) {
  const std::string message = refusal(spec_text, file);
  CAPTURE(expected);
  CAPTURE(message);
  CHECK(message.find(expected) != std::string::npos);
  CHECK(std::regex_search(message.substr(0, 60), std::regex("^hostile\\.yaml:[1-9][0-9]*:[1-9][0-9]*: [^ ]")));
  CHECK(message.size() < 600);
  for (const char c : message) {
    if (c < ' ' || c > '~') FAIL_CHECK("a message is one line of printable characters");
  }
}

std::string repeated(const std::string& part, int count) {
  std::string text;
  for (int k = 0; k < count; ++k) text += part;
  return text;
}

void check_program_refused(const std::string& program, const std::string& expected) {
  check_refused(test::spec_text(program), expected);
}

}  // namespace

TEST_CASE("hostile programs are refused with their place and a message that helps") {
  const WeightFiles files;
  const std::vector<Case> cases = read_cases("programs.txt");
  CHECK(cases.size() > 200);
  for (const Case& c : cases) {
    CAPTURE(c.text);
    std::string expected = c.expected;
    std::filesystem::path weights;
    for (const std::string name : {"[file]", "[odd]"}) {
      if (!expected.starts_with(name + " ")) continue;
      expected.erase(0, name.size() + 1);
      weights = files.at(name);
    }
    check_refused(test::spec_text(c.text), expected, weights);
  }
}

TEST_CASE("hostile specs are refused with their place and a message that helps") {
  const std::vector<Case> cases = read_cases("specs.txt");
  CHECK(cases.size() > 40);
  for (const Case& c : cases) {
    CAPTURE(c.text);
    check_refused(c.text, c.expected);
  }
}

TEST_CASE("bombs of nesting are refused") {
  check_program_refused("x = " + repeated("(", 50000) + "1" + repeated(")", 40000), "nested too deeply");
  check_program_refused("x = " + repeated("-", 50000) + "1", "nested too deeply");
  check_program_refused("x = 1" + repeated(" ** 1", 10000), "nested too deeply");
  check_program_refused("x = " + repeated("exp(", 20000), "nested too deeply");
  check_program_refused("x = 1" + repeated(" + 1", 20000), "too long");
  check_program_refused("x = distance" + repeated("[0]", 20000), "too long");
  std::string nested;
  for (int depth = 0; depth < 100; ++depth) nested += repeated(" ", depth) + "if 1:\n";
  check_program_refused(nested, "nested too deeply");
  check_refused("mlffgen: " + repeated("[", 100000), "hostile.yaml");
  check_refused("a: " + repeated("{a: ", 10000), "hostile.yaml");
}

TEST_CASE("bombs of size are refused") {
  check_program_refused("x = \"" + repeated("a", 120000) + "\"", "at most 100000 are allowed");
  check_program_refused("x = \"" + repeated("a", 90000) + "\"", "a text grows beyond 1000 characters");
  check_program_refused(repeated("a", 70) + " = 1", "at most 64 are allowed");
  check_program_refused("x = concat(" + repeated("distance, ", 9000) + "distance)",
                        "concat gives more than 8192 channels");
  check_program_refused("x = exp(" + repeated("1, ", 20000) + "1)", "exp takes at most 1 arguments");
  check_program_refused("def f(x):\n  return concat(" + repeated("exp(x), ", 5000) +
                            "1)\nfor a in 1000:\n  for b in 1000:\n    x = f(1)\n",
                        "grows beyond 20000 operations");
  check_refused(repeated("# x\n", 300000), "hostile.yaml");
  check_refused(test::spec_text("x = 1").substr(0, 40) + repeated("a: 1\n", 20000), "hostile.yaml");
}

TEST_CASE("many parameters do not make calls slow") {
  std::string text =
      "mlffgen: 1\nname: a\nunits: {length: angstrom, energy: eV}\nelements: [H]\ncutoff: 5\narchitecture:\n  "
      "parameters:\n";
  for (int k = 0; k < 600; ++k)
    text += "    p" + std::to_string(k) + ": {type: integer, default: 1, minimum: 1, maximum: 2}\n";
  text += "  program: |\n    def f(x):\n      return x\n    for a in 1000:\n      for b in 1000:\n        x = f(1)\n";
  check_refused(text, "the program takes more than 1000000 steps");
}

TEST_CASE("bytes that are no text are refused") {
  check_program_refused(std::string("x = 1\0 + 2", 10), "hostile.yaml");
  check_program_refused("x = 1 \x1b[31m", "hostile.yaml");
  check_program_refused("x = \"\xff\xfe\"", "hostile.yaml");
  check_program_refused("x\t= 1", "tab");
  check_program_refused("\tx = 1", "hostile.yaml");
}
