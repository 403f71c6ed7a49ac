#include "models.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "dsl/spec.h"
#include "tests/codegen/programs.h"

namespace mlffgen::test {

namespace {

// Sizes other than the features', no two alike where that can hide a mistake.
std::string other_parameters(const std::string& architecture, int features) {
  const std::map<std::string, std::string> parameters = {
      {"painn-schnetpack", "gaussians: 9, readout: 5"},
      {"painn-student", "gaussians: 9, readout: 6, readout_last: 4"},
      {"painn-bessel", "bessels: 5, exponent: 6, readout: 5"},
      {"schnet", fmt::format("filters: {}, gaussians: 9, readout: 5", features + 1)},
  };
  const auto found = parameters.find(architecture);
  if (found == parameters.end())
    throw InternalError("tests/codegen_emit/models.cpp has no small parameters for " + architecture);
  return found->second;
}

}  // namespace

std::string small_spec(const std::string& architecture, int features, int layers) {
  return fmt::format(
      "mlffgen: 1\nname: small\nunits: {{length: angstrom, energy: eV}}\nelements: [H, C, O]\ncutoff: 5.0\n"
      "architecture: {}\nparameters: {{features: {}, layers: {}, {}}}\n",
      architecture, features, layers, other_parameters(architecture, features));
}

Scheduled scheduled(const ir::Graph& program, passes::RadialForm form) {
  passes::Options options;
  options.radial = form;
  Scheduled result;
  result.passes = passes::run_pipeline(program, options);
  result.schedule = emit::make_schedule(result.passes.graph);
  return result;
}

Scheduled scheduled_model(const std::string& architecture, int features, int layers, passes::RadialForm form) {
  return scheduled(graph_of(dsl::parse_spec(small_spec(architecture, features, layers), "small.yaml", ".")), form);
}

emit::Source source_of(const Scheduled& model, bool double_precision) {
  return emit::emit_source(model.graph(), model.schedule, {double_precision});
}

const char* name_of(passes::RadialForm form) {
  switch (form) {
    case passes::RadialForm::automatic:
      return "automatic";
    case passes::RadialForm::inline_:
      return "inline";
    case passes::RadialForm::spline:
      return "spline";
  }
  return "";
}

}  // namespace mlffgen::test
