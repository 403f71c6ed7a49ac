// Which values of a program get a symbol and an equation of their own.
#pragma once

#include <optional>
#include <vector>

#include "codegen/explain/symbol.h"
#include "codegen/ir/graph.h"
#include "dsl/program.h"

namespace mlffgen::explain {

using Symbols = std::vector<std::optional<Symbol>>;  // of each node; none: written out where it is used

struct Equation {
  std::vector<ir::NodeId> targets;  // one, or the parts that a split gives
  ir::NodeId value = ir::kNoNode;   // what is on the right: the target itself, or what is split
  int layer = -1;                   // of the targets, if all have the same

  bool is_split() const { return targets.size() > 1; }
};

struct ProgramNames {
  Symbols symbols;
  std::vector<Equation> equations;  // in the order of the program
  int layers = 0;                   // turns of the loop whose values are told apart by a superscript
};

// A value is named if the program's source gives it a name, or if a statement uses it several times. Values of one name
// are told apart by primes (the statement that sets it) and by a superscript (the turn of the loop).
ProgramNames name_program(const ir::Graph& program, const dsl::Program& source);

}  // namespace mlffgen::explain
