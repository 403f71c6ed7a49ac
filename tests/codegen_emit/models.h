// The architectures that ship, small and untrained, on their way through the compiler.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/emit.h"
#include "codegen/passes/passes.h"

namespace mlffgen::test {

// A spec in YAML of a built-in architecture: elements H, C, O, cutoff 5 angstrom, eV.
std::string small_spec(const std::string& architecture, int features, int layers);

// A graph after all passes with its schedule.
struct Scheduled {
  passes::Result passes;
  emit::Schedule schedule;
  const ir::Graph& graph() const { return passes.graph; }
};
Scheduled scheduled(const ir::Graph& program, passes::RadialForm form);
Scheduled scheduled_model(const std::string& architecture, int features, int layers, passes::RadialForm form);

emit::Source source_of(const Scheduled& model, bool double_precision);

inline const std::vector<passes::RadialForm> kBothForms = {passes::RadialForm::inline_, passes::RadialForm::spline};
const char* name_of(passes::RadialForm form);

}  // namespace mlffgen::test
