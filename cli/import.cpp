// `mlffgen import`: a trained model of another program to a specification and weights. The work is done by the Python
// package (bindings/python/mlffgen/importers), which takes this process's place and calls this program for its check.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/command.h"
#include "runtime/jit/environment.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(examples:
  mlffgen import schnetpack best_model -o ethanol --energy-unit kcal/mol --length-unit angstrom --elements H,C,O
  mlffgen import onnx student.onnx -o student --energy-unit eV --length-unit angstrom --elements H,C,N,O --cutoff 5

The model in the folder is compiled in double and checked before the files appear. Nothing in the file is run. Needs a Python
with NumPy, for ONNX files also with protobuf; MLFFGEN_PYTHON may name it.
)";

struct Arguments {
  std::string format, file, output, energy_unit, length_unit, elements, cutoff;
  bool json = false;
};

// In a build and where the program is installed.
fs::path importer_of(const fs::path& program) {
  const fs::path folder = program.parent_path().parent_path() / "share" / "mlffgen" / "python";
  const fs::path script = folder / "mlffgen" / "importers" / "__main__.py";
  std::error_code error;
  if (!fs::exists(script, error)) {
    throw UserError(fmt::format("no importer in {}: mlffgen is not wholly installed", quote(folder.string(), 300)));
  }
  return script;
}

std::vector<std::string> words_of(const Arguments& arguments) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) throw UserError("cannot find this program's own file: " + error.message());
  std::vector<std::string> words = {jit::environment_variable(jit::kPythonVariable).value_or("python3"),
                                    importer_of(program).string(), "--program=" + program.string(),
                                    "--output=" + arguments.output};
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.push_back(option + value);
  };
  add("--energy-unit=", arguments.energy_unit);
  add("--length-unit=", arguments.length_unit);
  add("--elements=", arguments.elements);
  add("--cutoff=", arguments.cutoff);
  if (arguments.json) words.emplace_back("--json");
  words.insert(words.end(), {"--", arguments.format, arguments.file});
  return words;
}

// Does not return but by an error.
int run(const Arguments& arguments) {
  std::vector<std::string> words = words_of(arguments);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(stdout);
  ::execvp(pointers[0], pointers.data());
  throw UserError(
      fmt::format("cannot start {}: {}; the import needs a Python with NumPy, and MLFFGEN_PYTHON may name it",
                  quote(words[0], 300), std::strerror(errno)));
}

}  // namespace

Command add_import(CLI::App& program) {
  CLI::App* app = program.add_subcommand("import", "make a specification and weights from another program's model");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("format", arguments->format, "what wrote the model: schnetpack or onnx")
      ->required()
      ->check(CLI::IsMember({"schnetpack", "onnx"}))
      ->type_name("FORMAT");
  app->add_option("file", arguments->file, "the trained model, such as SchNetPack's best_model")
      ->required()
      ->type_name("FILE");
  app->add_option("-o,--output", arguments->output, "gets model.yaml and weights.safetensors; made if need be")
      ->required()
      ->type_name("FOLDER");
  app->add_option("--energy-unit", arguments->energy_unit, "of the training data: " + join(energy_units(), ", "))
      ->type_name("UNIT");
  app->add_option("--length-unit", arguments->length_unit, "of the training data: " + join(length_units(), ", "))
      ->type_name("UNIT");
  app->add_option("--elements", arguments->elements,
                  "that the model was trained for, such as H,C,O (default: those that the file has references for)")
      ->type_name("LIST");
  app->add_option("--cutoff", arguments->cutoff, "of an ONNX model, in the length unit")
      ->check(CLI::PositiveNumber)
      ->type_name("X");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
