// Each pass keeps the meaning of every graph, and its effect is visible in the printed graph.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "codegen/ir/analysis.h"
#include "codegen/passes/passes.h"
#include "op_graphs.h"
#include "programs.h"
#include "samples.h"

using namespace mlffgen;
using namespace mlffgen::ir;
using passes::simplify;
using test::first_missing;

namespace {

constexpr double kMeaning = 1e-12;

double offset_of(const std::vector<double>& element_energy, const Sample& sample) {
  double sum = 0;
  for (const int element : sample.element)
    sum += element_energy.empty() ? 0 : element_energy[static_cast<std::size_t>(element)];
  return sum;
}

// Energy and forces of the graphs agree on random molecules.
void check_same_meaning(const Graph& before, const Graph& after, const std::vector<double>& element_energy = {}) {
  verify(after);
  test::Random random(5);
  for (int round = 0; round < 2; ++round) {
    const test::Molecule molecule = test::random_molecule(random, 2 + 2 * round, 3);
    const Sample sample = test::sample_of(molecule);
    const double energy = test::energy_of(after, sample) + offset_of(element_energy, sample);
    CHECK(test::relative_difference(test::energy_of(before, sample), energy) < kMeaning);
    CHECK(test::relative_difference(test::forces_of(before, sample), test::forces_of(after, sample)) < 10 * kMeaning);
  }
}

std::vector<Graph> all_energy_graphs() {
  std::vector<Graph> graphs;
  for (const Domain domain : test::kOperandDomains) {
    for (const Op op : test::all_ops()) {
      if (op != Op::reverse) graphs.push_back(test::energy_using(op, domain));
    }
    for (const Function function : test::all_functions())
      graphs.push_back(test::energy_using(Op::unary, domain, function));
  }
  std::erase_if(graphs, [](const Graph& graph) { return graph.outputs.empty(); });
  return graphs;
}

std::string simplified(const std::string& program) {
  return print(passes::remove_dead_code(simplify(test::graph_of_program(program))));
}

const char* const kPainn = R"(
s = embedding(element, "e", features)
v = zeros(vector, features)
w = split(linear(bessel(distance, 5), "filter", 3 * features * layers) * cosine_cutoff(distance), layers)
for k in layers:
  x = linear(silu(linear(s, "m{k}.0", features)), "m{k}.1", 3 * features)
  a, b, c = split(x[j] * w[k], 3)
  s += sum_j(a)
  v += sum_j(b * direction + c * v[j])
  V, W = split(mix(v, "u{k}.mix", 2 * features), 2)
  a, b, c = split(linear(silu(linear(concat(s, norm(V, 1e-8)), "u{k}.0", features)), "u{k}.1", 3 * features), 3)
  s += a + c * dot(V, W)
  v += b * W
energy = sum_i(linear(s, "r", 1) + per_element(element, "offsets"))
)";

}  // namespace

TEST_CASE("every pass keeps energy and forces of the graphs of all operations and functions") {
  for (const Graph& graph : all_energy_graphs()) {
    CAPTURE(print(graph));
    const Graph gradient = passes::differentiate(graph);
    check_same_meaning(graph, passes::simplify(graph));
    check_same_meaning(gradient, passes::simplify(gradient));
    check_same_meaning(gradient, passes::remove_dead_code(gradient));
    check_same_meaning(gradient, passes::fold_element_values(gradient));
    check_same_meaning(gradient, passes::merge_linear_sums(gradient));
    const Graph simple = passes::simplify(gradient);
    check_same_meaning(gradient, passes::hoist_products(simple));
    check_same_meaning(gradient, passes::merge_linear_sums(passes::hoist_products(simple)));
    std::vector<double> offsets;
    const Graph split = passes::split_energy_offset(graph, offsets);
    check_same_meaning(graph, split, offsets);
  }
}

TEST_CASE("passes are deterministic and simplification finds nothing more the second time") {
  for (const Graph& graph : all_energy_graphs()) {
    const Graph gradient = passes::differentiate(graph);
    const Graph once = passes::remove_dead_code(simplify(gradient));
    CHECK(print(once) == print(passes::remove_dead_code(simplify(gradient))));
    const Graph twice = passes::remove_dead_code(simplify(once));
    CHECK(twice.nodes.size() <= once.nodes.size());
  }
}

TEST_CASE("simplified graphs have neither slice, concat, reverse nor zero operands") {
  for (const Graph& graph : all_energy_graphs()) {
    const Graph found = passes::remove_dead_code(simplify(passes::differentiate(graph)));
    CAPTURE(print(found));
    for (const Node& node : found.nodes) {
      CHECK(node.op != Op::slice);
      CHECK(node.op != Op::concat);
      CHECK(node.op != Op::reverse);
      CHECK(node.op != Op::zero);
      if (node.op == Op::negate) CHECK(found[node.inputs[0]].op != Op::negate);
    }
  }
}

TEST_CASE("zeros vanish, and with them what they are multiplied with") {
  const std::string text = simplified(R"(
s = embedding(element, "e", 2)
v = zeros(vector, 2)
v += sum_j(direction * s[j] + v[j] * distance)
energy = sum_i(sum_channels(dot(v, v)) * 1 + 0 * sum_channels(s))
)");
  CAPTURE(text);
  CHECK(test::count_of(text, "zero") == 0);
  CHECK(test::count_of(text, "distance") == 0);
  CHECK(test::count_of(text, "constant") == 0);
  CHECK(first_missing(text, {"= at_j %", "= multiply %", "= sum_j %", "= dot %", "= sum_channels %", "= sum_i %"}) ==
        "");
}

TEST_CASE("constants fold, double negations cancel, the first power is the value itself") {
  const std::string text = simplified(R"(
x = distance * exp(weight("w", 1)) * 2 ** 3 + -(-distance) ** 1
energy = sum_i(sum_j(x))
)");
  CAPTURE(text);
  CHECK(test::count_of(text, "= exp") == 0);
  CHECK(test::count_of(text, "power") == 0);
  CHECK(test::count_of(text, "negate") <= 1);
}

TEST_CASE("a slice reaches the weights: only the rows asked for are kept") {
  const std::string text = simplified(R"(
a, b, c = split(linear(embedding(element, "e", 4), "w", 6), 3)
energy = sum_i(sum_channels(sum_j(b[j] * distance)))
)");
  CAPTURE(text);
  CHECK(first_missing(text, {"element_table", "element scalar[2] = linear %0 \"w.weight\" [2,4] +bias", "sum_i"}) ==
        "");
  CHECK(test::count_of(text, "[6,4]") == 0);
}

TEST_CASE("a linear map of a concat takes its parts, each with its columns") {
  const std::string text = simplified(R"(
s = sum_j(embedding(element, "e", 4)[j] * distance)
energy = sum_i(linear(concat(s, silu(s)), "w", 1))
)");
  CAPTURE(text);
  CHECK(test::count_of(text, "concat") == 0);
  CHECK(first_missing(text, {"= linear %", ", %", "\"w.weight\" [1,4] \"w.weight\" [1,4] +bias"}) == "");
}

TEST_CASE("the reverse of a pair exchanges [i] and [j] and turns the direction round") {
  Graph graph;
  graph.elements = {1, 6, 8};
  graph.cutoff = 5;
  Builder b(graph);
  const NodeId table = b.element_table(test::random_tensor({3, 1}, 1));
  const NodeId pair = b.multiply(b.multiply(b.at_i(table), b.distance()), b.direction());
  const NodeId v = b.sum_j(b.reverse(pair));
  graph.outputs.push_back({"energy", b.sum_i(b.dot(v, b.sum_j(b.direction())))});
  const Graph found = passes::remove_dead_code(simplify(graph));
  CAPTURE(print(found));
  CHECK(test::count_of(print(found), "at_j") == 1);
  CHECK(test::count_of(print(found), "at_i") == 0);
  CHECK(test::count_of(print(found), "negate") == 1);
  check_same_meaning(graph, found);
}

TEST_CASE("products of values at the neighbour are computed once an atom, and factors of the centre leave the sum") {
  const Graph graph = passes::remove_dead_code(simplify(test::graph_of_program(R"(
x = sum_j(embedding(element, "e", 4)[j] * distance)
c = silu(x)
y = sum_j(x[j] * distance * c[j] * x[i])
energy = sum_i(sum_channels(y))
)")));
  CHECK(test::count_of(print(graph), "at_j") == 3);
  CHECK(test::count_of(print(graph), "at_i") == 1);
  const Graph found = passes::remove_dead_code(passes::hoist_products(graph));
  const std::string text = print(found);
  CAPTURE(text);
  CHECK(test::count_of(text, "at_j") == 2);  // of the embedding and of x * c
  CHECK(test::count_of(text, "at_i") == 0);
  CHECK(first_missing(text, {"atom scalar[4] = multiply %", "# y", "= at_j %", "= sum_j %",
                             "atom scalar[4] = multiply %"}) == "");
  check_same_meaning(graph, found);
}

TEST_CASE("the network of the first layer becomes a table of the elements") {
  const Graph program = test::graph_of_program(kPainn);
  const Graph simple = passes::remove_dead_code(passes::hoist_products(passes::remove_dead_code(simplify(program))));
  CHECK(test::count_of(print(simple), "element scalar[4] = silu") == 1);
  const Graph found = passes::remove_dead_code(passes::fold_element_values(simple));
  const std::string text = print(found);
  CAPTURE(text);
  for (const Node& node : found.nodes) CHECK((node.type.domain != Domain::element || node.op == Op::element_table));
  CHECK(test::count_of(text, "m0.0") == 0);
  CHECK(test::count_of(text, "m1.0") == 1);
  check_same_meaning(program, found);
}

TEST_CASE("energies of the element alone leave the graph: tables, constants and the last bias") {
  const Graph program = test::graph_of_program(R"(
s = sum_j(embedding(element, "e", 4)[j] * distance)
energy = sum_i(linear(s, "r", 1) + per_element(element, "offsets") + weight("mean", 1) + 0.25)
)");
  std::vector<double> offsets;
  const Graph found = passes::split_energy_offset(passes::remove_dead_code(simplify(program)), offsets);
  const std::string text = print(found);
  CAPTURE(text);
  CHECK(test::count_of(text, "+bias") == 0);
  CHECK(test::count_of(text, "= add") == 0);
  CHECK(test::count_of(text, "element_table") == 1);
  CHECK(offsets.size() == 3);
  check_same_meaning(program, found, offsets);
}

TEST_CASE("a sum that is used twice keeps its offsets, however often it doubles") {
  std::string program = "x = sum_j(distance) + 1\n";
  for (int k = 0; k < 60; ++k) program += "x = x + x\n";
  const Graph graph = passes::remove_dead_code(simplify(test::graph_of_program(program + "energy = sum_i(x)\n")));
  std::vector<double> offsets;
  check_same_meaning(graph, passes::split_energy_offset(graph, offsets), offsets);
}

TEST_CASE("an energy of nothing but elements is all offset") {
  for (const char* const energy : {"sum_i(per_element(element, \"e\") + 2)", "sum_i(zeros(scalar, 1))"}) {
    const passes::Result result = passes::run_pipeline(test::graph_of_program(std::string("energy = ") + energy), {});
    verify(result.graph);
    CHECK(result.element_energy.size() == 3);
    CHECK(result.graph.output("pair_gradient") == kNoNode);
    test::Random random(1);
    CHECK(test::energy_of(result.graph, test::sample_of(test::random_molecule(random, 3, 3))) == 0);
  }
}

TEST_CASE("sums of linear maps become one map of several inputs, biases added") {
  const Graph program = test::graph_of_program(R"(
s = sum_j(embedding(element, "e", 4)[j] * distance)
x = linear(s, "a", 2) + linear(silu(s), "b", 2) + split(s, 2)[0]
energy = sum_i(sum_channels(x ** 2))
)");
  const Graph simple = passes::remove_dead_code(simplify(program));
  CHECK(test::count_of(print(simple), "= linear") == 2);
  const Graph found = passes::merge_linear_sums(simple);
  const std::string text = print(found);
  CAPTURE(text);
  CHECK(test::count_of(text, "= linear") == 1);
  CHECK(first_missing(text, {"= linear %", "\"a.weight\" [2,4] \"b.weight\" [2,4] +bias", "= add %"}) == "");
  check_same_meaning(program, found);
}

TEST_CASE("a linear map that something else uses stays on its own") {
  const Graph program = test::graph_of_program(R"(
s = sum_j(embedding(element, "e", 4)[j] * distance)
a = linear(s, "a", 2)
energy = sum_i(sum_channels(tanh(a + linear(silu(s), "b", 2)) * a))
)");
  const Graph found = passes::merge_linear_sums(passes::remove_dead_code(simplify(program)));
  CHECK(test::count_of(print(found), "= linear") == 2);
  check_same_meaning(program, found);
}

TEST_CASE("the vector update of the last layer is dead code") {
  const Graph program = test::graph_of_program(kPainn);
  CHECK(test::count_of(print(program), "\"u1.1.weight\" [12,4]") == 1);
  const std::string text = print(passes::remove_dead_code(simplify(program)));
  CAPTURE(text);
  CHECK(test::count_of(text, "\"u0.1.weight\" [4,4]") == 3);
  CHECK(test::count_of(text, "\"u1.1.weight\" [4,4]") == 2);  // the rows of b * W are gone
}

TEST_CASE("dead code is what no output needs, and nothing else") {
  Graph graph = test::energy_using(Op::unary, Domain::atom);
  const std::size_t live = passes::remove_dead_code(graph).nodes.size();
  Builder b(graph);
  b.unary(Function::exp, b.distance());
  CHECK(graph.nodes.size() > live);
  CHECK(passes::remove_dead_code(graph).nodes.size() == live);
  check_same_meaning(graph, passes::remove_dead_code(graph));
}

TEST_CASE("three layers of PaiNN take six levels and three parts of the pair gradient") {
  const Graph program =
      test::graph_of_architecture("painn-schnetpack", "features: 4, layers: 3, gaussians: 4, readout: 4");
  const passes::Result result = passes::run_pipeline(program, {});
  const std::vector<int> found = levels(result.graph);
  CHECK(*std::max_element(found.begin(), found.end()) + 1 == 6);
  std::set<int> at;
  for (const Output& out : result.graph.outputs) {
    if (out.name == "pair_gradient") at.insert(found[static_cast<std::size_t>(out.node)]);
  }
  CHECK(at.size() == 3);
  CHECK(result.graph.outputs.size() == 4);
}

TEST_CASE("the pipeline calls its observer after every pass, in order") {
  std::vector<std::string> seen;
  const passes::Result result =
      passes::run_pipeline(test::graph_of_program(kPainn), {}, [&](const std::string& name, const Graph& graph) {
        verify(graph);
        seen.push_back(name);
      });
  CHECK(seen == passes::pass_names());
  CHECK(result.seconds.size() == seen.size());
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
}
