// Programs at the bounds of the language go through every pass: no pass runs out of stack or time.
#include <doctest/doctest.h>

#include <ctime>
#include <string>

#include "codegen/passes/passes.h"
#include "programs.h"

using namespace mlffgen;

namespace {

// Compiles a program that repeats a statement 950 times, four at a time.
void check_repeated(const std::string& before, const std::string& statement, const std::string& energy) {
  const std::string program = before + "\nfor k in 950:\n  " + statement + "\n  " + statement + "\n  " + statement +
                              "\n  " + statement + "\nenergy = sum_i(" + energy + ")\n";
  CAPTURE(statement);
  const std::clock_t start = std::clock();
  const ir::Graph graph = test::graph_of_program(program);
  CHECK(graph.nodes.size() > 3000);
  passes::Options options;
  options.radial = passes::RadialForm::inline_;
  ir::verify(passes::run_pipeline(graph, options).graph);
  CHECK(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC < 10);
}

}  // namespace

TEST_CASE("chains of thousands of operations in every domain go through every pass") {
  check_repeated("x = sum_j(distance)", "x = tanh(x) + 1", "x");
  check_repeated("x = sum_j(distance)", "x = x + x", "1e-300 * x");
  check_repeated("x = sum_j(distance)", "x = linear(x, \"w\", 1)", "x");
  check_repeated("s = sum_j(distance)\nx = s[j]", "x = x * s[i] + s[j]", "sum_j(x)");
  check_repeated("s = sum_j(distance)\nx = s[j]", "x = concat(x, tanh(x))[1:2]", "sum_j(x)");
  check_repeated("x = distance", "x = tanh(x) * x", "sum_j(x)");
  check_repeated("x = embedding(element, \"e\", 1)", "x = silu(x) + x", "sum_j(x[j] * distance)");
  check_repeated("s = sum_j(distance)\nx = sum_j(distance * direction)", "x = x * s", "dot(x, x)");
  check_repeated("x = sum_j(distance)", "x += sum_j(x[j] * distance)", "x");
}
