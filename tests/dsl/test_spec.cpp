#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/files.h"
#include "dsl/spec.h"
#include "tests/base/temporary_folder.h"
#include "tests/dsl/expect.h"

using namespace mlffgen;
using namespace mlffgen::dsl;

namespace {

constexpr const char* kArchitecture =
    "architecture:\n"
    "  parameters:\n"
    "    features: {type: integer, minimum: 1, maximum: 512}\n"
    "    layers: {type: integer, default: 3, minimum: 0, maximum: 16}\n"
    "    eps: {type: real, default: 1e-8, minimum: 0, maximum: 1}\n"
    "  program: |\n"
    "    energy = 1\n";

// The lines of a valid spec, of which a test replaces one.
struct Lines {
  std::string version = "mlffgen: 1\n";
  std::string name = "name: toy\n";
  std::string units = "units: {length: angstrom, energy: kcal/mol}\n";
  std::string elements = "elements: [H, C, O]\n";
  std::string cutoff = "cutoff: 5.0\n";
  std::string weights = "weights: w.safetensors\n";
  std::string architecture = kArchitecture;
  std::string parameters = "parameters: {features: 128}\n";

  std::string text() const { return version + name + units + elements + cutoff + weights + parameters + architecture; }
};

ModelSpec parse(const Lines& lines) { return parse_spec(lines.text(), "s.yaml", "folder"); }

std::string error_in(const Lines& lines) {
  return error_of([&] { return parse(lines); });
}

template <typename Member>
std::string error_with(Member member, const std::string& line) {
  Lines lines;
  lines.*member = line;
  return error_in(lines);
}

void check_error(const std::string& message, const std::string& expected) {
  CHECK_MESSAGE(has_position(message, "s.yaml"), message);
  CHECK_MESSAGE(contains(message, expected), message);
}

}  // namespace

TEST_CASE("a valid spec is read whole") {
  const ModelSpec spec = parse({});
  CHECK(spec.name == "toy");
  CHECK(spec.length_unit == "angstrom");
  CHECK(spec.energy_unit == "kcal/mol");
  CHECK(spec.elements == std::vector<int>{1, 6, 8});
  CHECK(spec.cutoff == 5);
  CHECK(spec.weights == std::filesystem::path("folder/w.safetensors"));
  CHECK(spec.weights_location.str() == "s.yaml:6:10");
  CHECK(spec.architecture.name == "inline");
  CHECK(spec.parameters == std::map<std::string, double>{{"features", 128}, {"layers", 3}, {"eps", 1e-8}});
  CHECK(spec.text == Lines{}.text());
  CHECK(spec.where.str() == "s.yaml:1:1");
  CHECK(spec.architecture.program.statements.at(0).where.str() == "s.yaml:14:5");
}

TEST_CASE("elements keep the order of the spec, also those that YAML takes for something else") {
  Lines lines;
  lines.elements = "elements: [No, Y, N, O, H]\n";
  CHECK(parse(lines).elements == std::vector<int>{102, 39, 7, 8, 1});
}

TEST_CASE("weights may be left out, and an absolute path stays absolute") {
  Lines lines;
  lines.weights = "";
  CHECK_FALSE(parse(lines).weights.has_value());
  lines.weights = "weights: /data/w.safetensors\n";
  CHECK(parse(lines).weights == std::filesystem::path("/data/w.safetensors"));
}

TEST_CASE("parameters may be left out if all have defaults") {
  Lines lines;
  lines.parameters = "";
  lines.architecture = "architecture:\n  program: |\n    energy = 1\n";
  CHECK(parse(lines).parameters.empty());
}

TEST_CASE("every mistake in a spec's own keys is refused with position and reason") {
  check_error(error_with(&Lines::version, "mlffgen: 2\n"), "s.yaml:1:10: 'mlffgen' is the version");
  check_error(error_with(&Lines::version, "mlffgen: 1.0\n"), "'mlffgen' must be an integer");
  check_error(error_with(&Lines::version, "mlffgen: '1'\n"), "numbers are written without quotes");
  check_error(error_with(&Lines::version, ""), "the spec lacks the key 'mlffgen'");
  check_error(error_with(&Lines::version, "mlfgen: 1\n"), "unknown key 'mlfgen' in the spec; did you mean 'mlffgen'?");
  check_error(error_with(&Lines::name, ""), "the spec lacks the key 'name'");
  check_error(error_with(&Lines::name, "name:\n"), "'name' must be text, but is empty");
  check_error(error_with(&Lines::name, "name: [a]\n"), "'name' must be text, but is a list");
  for (const char* bad : {"a/b", "a b", "'../x'", "\"a\\nb\"", "'a;b'", "\xc3\xa5", "\"a\\0\"", "'$(x)'", "'*/'"}) {
    check_error(error_with(&Lines::name, std::string("name: ") + bad + "\n"), "s.yaml:2:7: 'name' must");
  }
  check_error(error_with(&Lines::name, "name: " + std::string(65, 'a') + "\n"), "'name' must consist of 1 to 64");
  check_error(error_with(&Lines::units, ""), "the spec lacks the key 'units'");
  check_error(error_with(&Lines::units, "units: eV\n"), "'units' must be a mapping (key: value), but is 'eV'");
  check_error(error_with(&Lines::units, "units: {length: angstrom}\n"), "'units' lacks the key 'energy'");
  check_error(error_with(&Lines::units, "units: {length: angstrom, energy: eV, mass: u}\n"), "unknown key 'mass'");
  check_error(error_with(&Lines::units, "units: {length: Angstrom, energy: eV}\n"),
              "unknown unit of length 'Angstrom'; did you mean 'angstrom'? (known: angstrom, bohr, nm)");
  check_error(error_with(&Lines::units, "units: {length: nm, energy: kcal}\n"), "unknown unit of energy 'kcal'");
  check_error(error_with(&Lines::cutoff, "cutoff: 0\n"),
              "'cutoff' must be more than 0 and at most 100 angstrom, but is 0");
  for (const char* bad : {"-5", "0.0", "100.1", "1e300"}) {
    check_error(error_with(&Lines::cutoff, std::string("cutoff: ") + bad + "\n"), "s.yaml:5:9: 'cutoff' must be more");
  }
  for (const char* bad : {".nan", "inf", "'5'", "5 A", "true", "05", "[5]", "1e999", ""}) {
    check_error(error_with(&Lines::cutoff, std::string("cutoff: ") + bad + "\n"), "'cutoff'");
  }
  check_error(error_with(&Lines::weights, "weights: []\n"), "'weights' must be text, but is a list");
  check_error(error_with(&Lines::weights, "weights: \"a\\0b\"\n"), "'weights' must be one line of printable text");
}

TEST_CASE("the largest cutoff is the same length in every unit") {
  Lines lines;
  lines.units = "units: {length: nm, energy: eV}\n";
  lines.cutoff = "cutoff: 10\n";
  CHECK(parse(lines).cutoff == 10);
  lines.cutoff = "cutoff: 10.1\n";
  check_error(error_in(lines), "'cutoff' must be more than 0 and at most 10 nm, but is 10.1");
  lines.units = "units: {length: bohr, energy: eV}\n";
  lines.cutoff = "cutoff: 188.9\n";
  CHECK(parse(lines).cutoff == 188.9);
}

TEST_CASE("wrong elements are refused with position and nearest symbol") {
  check_error(error_with(&Lines::elements, "elements: []\n"), "'elements' must list at least one chemical symbol");
  check_error(error_with(&Lines::elements, "elements: H\n"), "'elements' must be a list, but is 'H'");
  check_error(error_with(&Lines::elements, "elements: [H, C, H]\n"), "s.yaml:4:18: the element 'H' is listed twice");
  check_error(error_with(&Lines::elements, "elements: [H, CL]\n"),
              "s.yaml:4:15: unknown element 'CL'; did you mean 'Cl'?");
  for (const char* bad : {"1", "hydrogen", "[H]", "{H: 1}", "~", "''", "\"H\\n\"", "\xc3\xa5"}) {
    check_error(error_with(&Lines::elements, std::string("elements: [C, ") + bad + "]\n"), "s.yaml:4:");
  }
}

TEST_CASE("wrong parameters are refused with position, range and nearest name") {
  const auto with = [](const std::string& line) {
    return error_with(&Lines::parameters, "parameters: " + line + "\n");
  };
  check_error(with("{}"),
              "'parameters' lacks 'features' (an integer from 1 to 512), which the architecture 'inline' needs");
  check_error(with("{features: 1, layrs: 2}"), "unknown key 'layrs' in 'parameters'; did you mean 'layers'?");
  check_error(with("{features: 1.5}"), "parameter 'features' must be an integer, but is '1.5'");
  check_error(with("{features: 0}"), "parameter 'features' is 0, but must lie between 1 and 512");
  check_error(with("{features: 513}"), "parameter 'features' is 513, but must lie between 1 and 512");
  check_error(with("{features: 1, eps: 1.5}"), "parameter 'eps' is 1.5, but must lie between 0 and 1");
  check_error(with("{features: 1, eps: .nan}"), "only finite numbers");
  check_error(with("{features: '8'}"), "numbers are written without quotes");
  check_error(with("[features]"), "'parameters' must be a mapping");
  check_error(error_with(&Lines::parameters, ""), "'parameters' lacks 'features'");
  Lines none;
  none.architecture = "architecture:\n  program: |\n    energy = 1\n";
  check_error(error_in(none), "the architecture 'inline' has no parameters, but 'features' is given");
}

TEST_CASE("an architecture that cannot be found is refused where the spec names it") {
  check_error(error_with(&Lines::architecture, ""), "the spec lacks the key 'architecture'");
  check_error(error_with(&Lines::architecture, "architecture: no-such-thing\n"),
              "s.yaml:8:15: no architecture 'no-such-thing' is built in");
  check_error(error_with(&Lines::architecture, "architecture: missing.yaml\n"),
              "s.yaml:8:15: 'architecture': cannot read");
  check_error(error_with(&Lines::architecture, "architecture: [a]\n"), "must be text, but is a list");
  check_error(error_with(&Lines::architecture, "architecture: ''\n"), "must not be empty");
  check_error(error_with(&Lines::architecture, "architecture: {name: a}\n"),
              "the architecture lacks the key 'program'");
  check_error(error_with(&Lines::architecture, "architecture:\n  program: |\n    x = (\n"),
              "s.yaml:11:5: expected an expression, found the end of the program");
}

TEST_CASE("an architecture's file is found beside the spec, and its mistakes are told in it") {
  const TemporaryFolder folder;
  Lines lines;
  lines.parameters = "";
  lines.architecture = "architecture: sub.yaml\n";
  write_file_atomically(folder.path() / "spec.yaml", lines.text());
  write_file_atomically(folder.path() / "sub.yaml", "mlffgen_architecture: 1\nname: mine\nprogram: |\n  energy = 1\n");
  const ModelSpec spec = load_spec(folder.path() / "spec.yaml");
  CHECK(spec.architecture.name == "mine");
  CHECK(spec.weights == folder.path() / "w.safetensors");
  const std::string file = (folder.path() / "sub.yaml").string();
  CHECK(spec.architecture.program.statements.at(0).where.str() == file + ":4:3");

  write_file_atomically(folder.path() / "sub.yaml", "mlffgen_architecture: 1\nname: mine\nprogram: |\n  energy = \n");
  CHECK(error_of([&] { return load_spec(folder.path() / "spec.yaml"); }).starts_with(file + ":4:"));
}

TEST_CASE("a spec that cannot be read is named") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { return load_spec(folder.path() / "none.yaml"); }), "none.yaml"));
  CHECK(contains(error_of([&] { return load_spec(folder.path()); }), "Is a directory"));
}

TEST_CASE("names and texts of built-in architectures agree") {
  const std::vector<std::string> names = builtin_architectures();
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const std::string& name : names) CHECK_FALSE(builtin_architecture_text(name).empty());
  CHECK(contains(error_of([] { return builtin_architecture_text("nonsense"); }),
                 "no architecture 'nonsense' is built in"));
  if (!names.empty()) {
    CHECK(contains(error_of([&] { return builtin_architecture_text(names[0] + "x"); }), "did you mean '" + names[0]));
  }
}

TEST_CASE("no single changed byte of a spec does worse than being refused with a position") {
  const std::string text = Lines{}.text();
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char byte : {'\0', '\t', '\n', ' ', '"', '#', '&', '*', '!', '{', '[', '0', '9', ':', 'e', '\x80'}) {
      std::string changed = text;
      changed[at] = byte;
      const std::string message = error_of([&] { return parse_spec(changed, "s.yaml", "folder"); });
      if (message != "no error" && !has_position(message, "s.yaml")) FAIL_CHECK(message);
    }
  }
}
