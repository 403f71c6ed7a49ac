#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "codegen/ir/analysis.h"
#include "codegen/ir/build.h"
#include "op_graphs.h"
#include "samples.h"

using namespace mlffgen;
using namespace mlffgen::ir;

namespace {

Graph small_graph() {
  Graph graph;
  graph.elements = {1, 6};
  graph.cutoff = 5;
  graph.spline_grid = {5, 4, 0, 5};
  Builder b(graph);
  b.set_origin({"model.yaml", 2, 3}, "x");
  const NodeId table = b.element_table(make_tensor("embedding", {2, 3}, {1, 2, 3, 4, 5, 6}));
  b.set_origin({}, "");
  const NodeId filter = b.spline(b.distance(), test::random_tensor({9, 3}, 1), 0);
  const NodeId message = b.sum_j(b.multiply(b.at_j(table), filter));
  const NodeId linear =
      b.linear({b.slice(b.power(message, 2), 1, 2)}, {make_tensor("w", {1, 2}, {1, 2})}, make_filled(1, 1));
  graph.outputs.push_back({"energy", b.sum_i(b.multiply(b.number(0.5), linear))});
  return graph;
}

// The message of the verifier about the graph once it is broken.
std::string verdict(const std::function<void(Graph&)>& damage) {
  Graph graph = small_graph();
  verify(graph);
  damage(graph);
  try {
    verify(graph);
  } catch (const InternalError& error) {
    return error.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a printed graph shows types, operations, operands, tensors, names and outputs") {
  CHECK(print(small_graph()) ==
        "%0: element scalar[3] = element_table \"embedding\" [2,3]   # x\n"
        "%1: radial scalar[1] = distance\n"
        "%2: radial scalar[3] = spline %1 [9,3]\n"
        "%3: pair scalar[3] = at_j %0\n"
        "%4: pair scalar[3] = multiply %3, %2\n"
        "%5: atom scalar[3] = sum_j %4\n"
        "%6: atom scalar[3] = power<2> %5\n"
        "%7: atom scalar[2] = slice<1:3> %6\n"
        "%8: atom scalar[1] = linear %7 \"w\" [1,2] +bias\n"
        "%9: constant scalar[1] = constant<0.5> [1]\n"
        "%10: atom scalar[1] = multiply %9, %8\n"
        "%11: system scalar[1] = sum_i %10\n"
        "output energy = %11\n");
}

TEST_CASE("every operation and function is printed under its own name") {
  for (const Op op : test::all_ops()) {
    bool printed = op == Op::unary;  // printed as its function
    for (const Domain domain : test::kOperandDomains) {
      printed = printed || mentions(print(test::energy_using(op, domain)), std::string("= ") + name_of(op));
    }
    CAPTURE(std::string(name_of(op)));
    CHECK(printed);
  }
  for (const Function function : test::all_functions()) {
    const std::string text = print(test::energy_using(Op::unary, Domain::atom, function));
    CAPTURE(std::string(name_of(function)));
    CHECK(mentions(text, std::string("= ") + name_of(function) + " %"));
  }
}

TEST_CASE("the verifier accepts the graphs of every operation") {
  for (const Op op : test::all_ops()) {
    for (const Domain domain : test::kOperandDomains) verify(test::energy_using(op, domain));
  }
}

TEST_CASE("the verifier names the node that breaks an invariant") {
  CHECK(
      mentions(verdict([](Graph& g) { g.nodes[4].inputs[0] = 4; }), "node %4: an input does not come before its user"));
  CHECK(
      mentions(verdict([](Graph& g) { g.nodes[4].inputs[0] = 9; }), "node %4: an input does not come before its user"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[4].inputs[0] = kNoNode; }), "node %4: an input does not come"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[6].type.channels = 4; }),
                 "node %6: its type is not the one its rule gives"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[5].type.domain = Domain::pair; }), "node %5: its type is not the one"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[3].type.kind = Kind::vector; }), "node %3: its type is not the one"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[5].inputs[0] = 0; }), "node %5: sum_j takes a value of a pair"));
  CHECK(mentions(verdict([](Graph& g) { g.nodes[8].inputs.clear(); }), "wrong number of operands"));
  CHECK(mentions(verdict([](Graph& g) { g.elements.push_back(8); }),
                 "node %0: an element table needs one row an element"));
  CHECK(mentions(verdict([](Graph& g) { g.spline_grid.intervals = 5; }),
                 "node %2: a spline table needs one row a coefficient"));
  CHECK(mentions(verdict([](Graph& g) { g.outputs[0].node = 12; }), "output energy names no node"));
  CHECK(mentions(verdict([](Graph& g) { g.outputs[0].node = kNoNode; }), "output energy names no node"));
}

TEST_CASE("outputs are found by name") {
  CHECK(small_graph().output("energy") == 11);
  CHECK(small_graph().output("forces") == kNoNode);
}

TEST_CASE("tensors are sliced, transposed and compared by value") {
  const TensorPtr m = make_tensor("m", {2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(transpose(m)->values == std::vector<double>{1, 4, 2, 5, 3, 6});
  CHECK(transpose(m)->shape == std::vector<std::int64_t>{3, 2});
  CHECK(slice_rows(m, 1, 1)->values == std::vector<double>{4, 5, 6});
  CHECK(slice_columns(m, 1, 2)->values == std::vector<double>{2, 3, 5, 6});
  CHECK(slice_rows(make_filled(7, 4), 1, 2)->shape == std::vector<std::int64_t>{2});
  CHECK(same_tensor(m, make_tensor("other name", {2, 3}, {1, 2, 3, 4, 5, 6})));
  CHECK_FALSE(same_tensor(m, make_tensor("m", {3, 2}, {1, 2, 3, 4, 5, 6})));
  CHECK_FALSE(same_tensor(m, make_tensor("m", {2, 3}, {1, 2, 3, 4, 5, 7})));
  CHECK_FALSE(same_tensor(m, nullptr));
  CHECK(same_tensor(nullptr, nullptr));
  CHECK_THROWS_AS(make_tensor("", {2, 2}, {1, 2, 3}), InternalError);
  CHECK_THROWS_AS(slice_rows(m, 1, 2), InternalError);
  CHECK_THROWS_AS(slice_columns(m, 0, 4), InternalError);
  CHECK_THROWS_AS(transpose(make_filled(1, 2)), InternalError);
}

TEST_CASE("a level counts the neighbour gathers of atom values before a value is known") {
  Graph graph;
  graph.elements = {1};
  graph.cutoff = 5;
  Builder b(graph);
  const NodeId table = b.element_table(test::random_tensor({1, 1}, 1));
  const NodeId first = b.sum_j(b.multiply(b.at_j(table), b.distance()));
  const NodeId second = b.sum_j(b.multiply(b.at_j(first), b.at_i(first)));
  const NodeId reversed = b.reverse(b.at_i(second));
  const NodeId back = b.reverse(b.at_j(second));
  const std::vector<int> found = levels(graph);
  const auto level = [&](NodeId id) { return found[static_cast<std::size_t>(id)]; };
  CHECK(level(table) == 0);
  CHECK(level(first) == 0);  // an element's value is known everywhere
  CHECK(level(second) == 1);
  CHECK(level(reversed) == 2);  // the reverse of [i] is [j]
  CHECK(level(back) == 1);      // and that of [j] is [i]
}

TEST_CASE("what depends on positions is what distances and directions reach") {
  Graph graph;
  Builder b(graph);
  const NodeId number = b.number(2), distance = b.distance(), direction = b.direction();
  const NodeId product = b.multiply(number, distance), square = b.power(number, 2);
  CHECK(depends_on_positions(graph) == std::vector<bool>{false, true, true, true, false});
  CHECK(graph[product].type.domain == Domain::radial);
  CHECK(graph[square].type.domain == Domain::constant);
  CHECK(graph[direction].type.domain == Domain::pair);
}
