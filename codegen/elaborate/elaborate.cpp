#include "codegen/elaborate/elaborate.h"

#include <fmt/format.h>

#include "base/text.h"
#include "codegen/elaborate/evaluator.h"

namespace mlffgen::elaborate {

ir::Graph elaborate(const dsl::ModelSpec& spec, WeightSource& weights) {
  ir::Graph graph;
  graph.elements = spec.elements;
  graph.cutoff = spec.cutoff;
  Evaluator evaluator(spec, weights, graph);
  evaluator.run(spec.architecture.program.statements);
  const Value* energy = evaluator.variable("energy");
  if (!energy) throw UserError(spec.where, "the program never sets energy = sum_i(...)");
  const bool fits = energy->kind == Value::Kind::node &&
                    graph[energy->node].type == ir::Type{ir::Domain::system, ir::Kind::scalar, 1};
  const SourceLocation where = energy->kind == Value::Kind::node ? graph[energy->node].where : spec.where;
  if (!fits) {
    throw UserError(where, fmt::format("energy must be of type system scalar[1], as sum_i(x) of one channel is, not {}",
                                       energy->describe(graph)));
  }
  if (graph[energy->node].op != ir::Op::sum_i) {
    throw UserError(where, "energy must be sum_i(...) itself; put factors and offsets inside the sum");
  }
  graph.outputs.push_back({"energy", energy->node});
  return graph;
}

}  // namespace mlffgen::elaborate
