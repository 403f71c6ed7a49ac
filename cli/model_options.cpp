#include "cli/model_options.h"

#include <fmt/format.h>

#include "cli/usage.h"

namespace mlffgen::cli {

void add_model_options(CLI::App& app, ModelArguments& arguments) {
  app.add_option("spec", arguments.spec, "the specification of the model")->required()->type_name("SPEC.yaml");
  app.add_option("--weights", arguments.weights, "weights to use instead of those that the specification names")
      ->type_name("FILE.safetensors");
  arguments.seed_option =
      app.add_option(
             "--untrained-weights", arguments.untrained_seed,
             "random weights from this seed instead of any file: for tests and timings, the energies mean nothing")
          ->check(whole_number(0, kMaxSeed))
          ->type_name("SEED");
  app.add_option("--precision", arguments.precision, "float, or double for checks")
      ->check(CLI::IsMember({"float", "double"}))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--radial", arguments.radial,
                 "how functions of the distance are computed: inline, from spline tables, or auto: whichever is faster")
      ->check(CLI::IsMember({"auto", "inline", "spline"}))
      ->type_name("NAME")
      ->capture_default_str();
}

driver::Options driver_options(const ModelArguments& arguments) {
  driver::Options options;
  options.spec = arguments.spec;
  if (!arguments.weights.empty()) options.weights = arguments.weights;
  if (arguments.seed_option->count() > 0) options.untrained_seed = arguments.untrained_seed;
  usage_check(!options.weights || !options.untrained_seed, "--weights and --untrained-weights exclude each other");
  options.double_precision = arguments.precision == "double";
  if (arguments.radial == "inline") options.radial = passes::RadialForm::inline_;
  if (arguments.radial == "spline") options.radial = passes::RadialForm::spline;
  return options;
}

void print_diagnostics(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) fmt::print(stderr, "{}\n", diagnostic.str());
}

}  // namespace mlffgen::cli
