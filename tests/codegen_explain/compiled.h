// A program compiled up to its schedule, as these tests need it.
#pragma once

#include <string>

#include "codegen/elaborate/elaborate.h"
#include "codegen/emit/schedule.h"
#include "codegen/explain/explain.h"
#include "codegen/passes/passes.h"
#include "tests/codegen/programs.h"

namespace mlffgen::test {

struct Compiled {
  dsl::ModelSpec spec;
  ir::Graph program;
  passes::Result result;
  emit::Schedule schedule;
  Diagnostics diagnostics;

  std::string document() const { return explain::explain_markdown(spec, program, result, schedule, diagnostics); }
};

inline Compiled compile(const dsl::ModelSpec& spec, const passes::Options& options = {}) {
  Compiled compiled;
  compiled.spec = spec;
  const auto weights = elaborate::untrained_weights(1, spec.cutoff);
  compiled.program = elaborate::elaborate(spec, *weights);
  compiled.result = passes::run_pipeline(compiled.program, options);
  compiled.schedule = emit::make_schedule(compiled.result.graph);
  compiled.diagnostics = elaborate::diagnose(compiled.program, *weights, spec);
  return compiled;
}

inline dsl::ModelSpec spec_of_architecture(const std::string& architecture, const std::string& parameters,
                                           const std::string& name = "test") {
  return dsl::parse_spec("mlffgen: 1\nname: " + name +
                             "\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\n"
                             "cutoff: 5.0\narchitecture: " +
                             architecture + "\nparameters: {" + parameters + "}\n",
                         "test.yaml", ".");
}

inline passes::Options inline_radial() {
  passes::Options options;
  options.radial = passes::RadialForm::inline_;
  return options;
}

}  // namespace mlffgen::test
