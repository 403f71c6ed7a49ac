// Random programs of the language through the whole compiler and the runtime.
#include <doctest/doctest.h>

#include "compiled_model.h"
#include "tests/codegen/programs.h"
#include "tests/codegen/random_program.h"

using namespace mlffgen;
using passes::RadialForm;

namespace {

void check_program(const std::string& program, std::uint64_t seed, RadialForm form) {
  test::CompiledModel model(test::spec_text(program), true, form);
  std::vector<runtime::Structure> structures = test::varied_structures(seed);
  structures.pop_back();  // the cluster: the interpreter is slow, and one tile suffices here
  const std::vector<runtime::Result> results = model.host().evaluate(structures);
  std::vector<runtime::Result> exact;
  for (const runtime::Structure& structure : structures) exact.push_back(test::interpreted(model.front(), structure));
  const test::Difference difference = test::difference(results, exact);
  CHECK(difference.energy <= 1e-11);
  CHECK(difference.force <= 1e-11);
}

}  // namespace

TEST_CASE("random programs give the interpreter's energies and forces") {
  test::Random random(20250101);
  for (int k = 0; k < 24; ++k) {
    const std::string program = test::random_program(random);
    CAPTURE(program);
    try {
      check_program(program, static_cast<std::uint64_t>(k), k % 4 == 3 ? RadialForm::spline : RadialForm::inline_);
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }
}

TEST_CASE("a value that loops of several widths read is not replaced by the first of them") {
  // y takes one number an atom and may stand where x was, but w's loop works y out again from x.
  check_program(
      "s = embedding(element, \"e\", 4)\n"
      "f = cosine_cutoff(distance)\n"
      "x = sum_j(f)\n"
      "v = sum_j(s[j] * f)\n"
      "y = tanh(x)\n"
      "w = v * y\n"
      "energy = sum_i(linear(y, \"a\", 1) + linear(w, \"b\", 1))\n",
      1, RadialForm::inline_);
}
