// The spline basis of the host shim against the interpreter's, which passes/tabulate_radial fits its tables with.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "codegen/ir/interpret.h"
#include "loaded_code.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;

TEST_CASE_TEMPLATE("spline bases and their slopes equal the interpreter's, and sum to one and to zero", Real, float,
                   double) {
  std::string text = test::host_shim_text(sizeof(Real) == 8);
  for (const int degree : {1, 2, 3, 5, 7}) {
    text += fmt::format(
        "extern \"C\" void spline_{0}(real t, real (*basis)[{0} + 1], real (*slope)[{0} + 1]) {{\n"
        "  spline_basis<{0}>(t, *basis, *slope);\n}}\n",
        degree);
  }
  const test::LoadedCode code(text);
  const double bound = 8 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  for (const int degree : {1, 2, 3, 5, 7}) {
    CAPTURE(degree);
    const auto size = static_cast<std::size_t>(degree) + 1;
    const auto function = code.function<void(Real, Real*, Real*)>(fmt::format("spline_{}", degree));
    ir::SplineGrid grid;
    grid.degree = degree;
    grid.intervals = 1;
    grid.end = 1;
    test::Random random(3);
    double worst = 0;
    for (int k = 0; k < 2000; ++k) {
      const auto t = static_cast<Real>(k == 0 ? 0.0 : random.uniform(0, 1));
      std::vector<Real> basis(size), slope(size);
      function(t, basis.data(), slope.data());
      int row = 0;
      const std::vector<double> values = ir::spline_basis(grid, static_cast<double>(t), 0, row);
      const std::vector<double> slopes = ir::spline_basis(grid, static_cast<double>(t), 1, row);
      double total = 0, total_slope = 0;
      for (std::size_t c = 0; c < size; ++c) {
        worst = std::max({worst, std::abs(static_cast<double>(basis[c]) - values[c]),
                          std::abs(static_cast<double>(slope[c]) - slopes[c])});
        total += static_cast<double>(basis[c]);
        total_slope += static_cast<double>(slope[c]);
      }
      worst = std::max({worst, std::abs(total - 1), std::abs(total_slope)});
    }
    CHECK(worst <= bound);
  }
}
