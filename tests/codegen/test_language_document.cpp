// docs/language.md is held to what the compiler does.
#include <doctest/doctest.h>

#include <string>

#include "codegen/elaborate/elaborate.h"
#include "codegen/passes/passes.h"
#include "programs.h"
#include "samples.h"

using namespace mlffgen;

namespace {

std::string document() { return test::read_whole_file("docs/language.md"); }

std::string example() {
  const std::string text = document();
  const std::string fence = "\n```yaml\n";
  const std::size_t begin = text.find(fence);
  REQUIRE(begin != std::string::npos);
  CHECK(text.find(fence, begin + 1) == std::string::npos);
  return text.substr(begin + fence.size(), text.find("\n```\n", begin + fence.size()) + 1 - begin - fence.size());
}

}  // namespace

TEST_CASE("the architecture of the language document compiles, and its forces equal minus the energy gradient") {
  const dsl::ModelSpec spec = dsl::parse_spec(example(), "docs/language.md", ".");
  const auto weights = elaborate::untrained_weights(1, spec.cutoff);
  const ir::Graph program = elaborate::elaborate(spec, *weights);
  for (const Diagnostic& d : elaborate::diagnose(program, *weights, spec)) FAIL_CHECK(d.str());
  const passes::Result result = passes::run_pipeline(program, {});
  ir::verify(result.graph);
  test::Random random(21);
  const test::Molecule molecule = test::random_molecule(random, 5, 4);
  const std::vector<test::Vector> forces = test::forces_of(result.graph, test::sample_of(molecule, spec.cutoff));
  CHECK(test::relative_difference(forces, test::numerical_forces(program, molecule, spec.cutoff)) < 1e-7);
  const double energy = test::energy_of(program, test::sample_of(molecule, spec.cutoff));
  const double turned = test::energy_of(program, test::sample_of(test::rotated(molecule, 0.7), spec.cutoff));
  CHECK(test::relative_difference(energy, turned) < 1e-13);
}

TEST_CASE("the shapes of weights that the language document names are those asked for") {
  const dsl::ModelSpec spec = dsl::parse_spec(example(), "docs/language.md", ".");
  const ir::Graph program = test::graph_of(spec);
  bool found = false;
  for (const ir::Node& node : program.nodes) {
    if (node.op != ir::Op::linear || node.tensors[0]->name != "layers.0.filter.weight") continue;
    found = true;
    CHECK(node.tensors[0]->shape == std::vector<std::int64_t>{16, 6});
    CHECK(node.bias->shape == std::vector<std::int64_t>{16});
  }
  CHECK(found);
}

TEST_CASE("the language document describes every function and every kind of diagnostic") {
  const std::string text = document();
  for (const std::string& name : elaborate::function_names()) {
    CAPTURE(name);
    CHECK(text.find("`" + name + "(") != std::string::npos);
  }
  for (const std::string code : {"breaks-rotation", "radial-jump-at-cutoff", "radial-kink-at-cutoff",
                                 "norm-without-epsilon", "unused-weights", "untrained-element", "no-forces"}) {
    CAPTURE(code);
    CHECK(text.find("| `" + code + "` |") != std::string::npos);
  }
}
