// `mlffgen explain`: the formulas, the gradient and the cost of a model as a document.
#include "codegen/explain/explain.h"

#include <fmt/format.h>

#include <memory>

#include "base/files.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/output_file.h"
#include "cli/terminal.h"

namespace mlffgen::cli {
namespace {

constexpr const char* kFooter = R"(examples:
  mlffgen explain painn.yaml -o painn.md
  mlffgen explain painn.yaml --weights weights.safetensors -o painn.md

Without weights the formulas are those of the architecture, written for random weights.
)";

struct Arguments {
  ModelArguments model;
  std::filesystem::path output;
};

int run(const Arguments& arguments) {
  driver::Options options = driver_options(arguments.model);
  // Formulas do not depend on the numbers: a specification without weights is worth explaining too.
  if (!options.weights && !options.untrained_seed && !dsl::load_spec(options.spec).weights) options.untrained_seed = 1;
  if (!arguments.output.empty()) check_replaceable(arguments.output);
  std::vector<std::pair<std::string, double>> seconds;
  driver::Callbacks callbacks;
  callbacks.stage = [](const std::string& stage) { show_progress(fmt::format("explaining: {} ...", stage)); };
  const driver::Model model = driver::build_model(options, callbacks, seconds);
  const std::string text =
      explain::explain_markdown(model.spec, model.program, model.passes, model.schedule, model.diagnostics);
  end_progress();
  if (arguments.output.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  without_interrupts([&] { write_file_atomically(arguments.output, text); });
  fmt::print("wrote {}\n", arguments.output.string());
  return 0;
}

}  // namespace

Command add_explain(CLI::App& program) {
  CLI::App* app = program.add_subcommand("explain", "print a model's formulas, its gradient and what it costs");
  const auto arguments = std::make_shared<Arguments>();
  add_model_options(*app, arguments->model);
  app->add_option("-o,--output", arguments->output, "the Markdown file (default: the standard output)")
      ->type_name("FILE.md");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
