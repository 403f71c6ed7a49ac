// Tile products of the host shim against plain sums in double.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <vector>

#include "loaded_code.h"
#include "runtime/cpu_features.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;

namespace {

struct Shape {
  int in, out;
};
// One column and one input; below, at and beyond one vector and four, for float and double, 256 and 512 bits wide.
const std::vector<Shape> kShapes = {{1, 1},   {5, 1},   {2, 20},  {3, 2},  {5, 7},   {8, 8},    {7, 9},
                                    {16, 16}, {20, 31}, {33, 33}, {9, 64}, {64, 65}, {128, 131}};

constexpr int kMostMatrices = 3;  // at once

// Vectors of 256 bits, and the widest that this machine has.
std::vector<std::pair<std::string, Shape>> cases() {
  std::vector<std::pair<std::string, Shape>> all;
  for (const char* cpu : {"native", "x86-64-v3"}) {
    if (!runtime::missing_cpu_features(clang::compile_host("", {.cpu = cpu, .defines = {}}).required_features).empty())
      continue;
    for (const Shape& shape : kShapes) all.emplace_back(cpu, shape);
  }
  return all;
}

template <typename Real>
const test::LoadedCode& products(const std::string& cpu) {
  const auto compiled = [&] {
    std::string text = test::host_shim_text(sizeof(Real) == 8);
    for (const Shape& s : kShapes) {
      for (const char* name : {"linear_tile", "linear_team"}) {
        text += fmt::format(
            "extern \"C\" void {0}_{1}_{2}(int rows, const real* in, const real* weights, real* out, const real* bias, "
            "bool add) {{\n  {0}<{1}, {2}>(rows, in, weights, out, bias, add);\n}}\n",
            name, s.in, s.out);
      }
      for (int count = 1; count <= kMostMatrices; ++count) {
        text += fmt::format(
            "extern \"C\" void several_{0}_{1}_{2}(int rows, const real* in, const real* weights, const real* bias, "
            "bool add, real* const* out) {{\n  linear_tile<{0}, {1}, {2}, 1>(rows, in, nullptr, weights, 1, bias, add, "
            "nullptr, no_steps(), out[0], out[1], out[2]);\n}}\n",
            s.in, s.out, count);
      }
    }
    return test::LoadedCode(text, cpu);
  };
  static std::map<std::string, test::LoadedCode> codes;
  const auto found = codes.find(cpu);
  return found != codes.end() ? found->second : codes.emplace(cpu, compiled()).first->second;
}

template <typename Real>
std::vector<Real> random_numbers(test::Random& random, int count) {
  std::vector<Real> values;
  for (int k = 0; k < count; ++k) values.push_back(static_cast<Real>(random.uniform(-1, 1)));
  return values;
}

template <typename Real>
struct Problem {
  std::string cpu;
  Shape shape;
  int rows;
  std::vector<Real> in, weights, bias, out;  // out: what is there before

  Problem(const std::string& processor, const Shape& s, int n_rows) : cpu(processor), shape(s), rows(n_rows) {
    test::Random random(static_cast<std::uint64_t>(1000 * s.in + s.out));
    weights = random_numbers<Real>(random, s.in * s.out);
    bias = random_numbers<Real>(random, s.out);
    in = random_numbers<Real>(random, rows * s.in);
    out = random_numbers<Real>(random, rows * s.out);
  }

  std::vector<Real> run(const char* name, int n_rows, bool with_bias, bool add) const {
    const auto function =
        products<Real>(cpu).template function<void(int, const Real*, const Real*, Real*, const Real*, bool)>(
            fmt::format("{}_{}_{}", name, shape.in, shape.out));
    std::vector<Real> result = out;
    function(n_rows, in.data(), weights.data(), result.data(), with_bias ? bias.data() : nullptr, add);
    return result;
  }

  // Largest error over what a sum of so many terms in any order may lose.
  double error(const std::vector<Real>& result, bool with_bias, bool add) const {
    double worst = 0;
    for (int r = 0; r < rows; ++r) {
      for (int n = 0; n < shape.out; ++n) {
        const auto at = static_cast<std::size_t>(r * shape.out + n);
        double sum = add ? static_cast<double>(out[at])
                         : (with_bias ? static_cast<double>(bias[static_cast<std::size_t>(n)]) : 0.0);
        double magnitude = std::abs(sum);
        for (int k = 0; k < shape.in; ++k) {
          const double term = static_cast<double>(in[static_cast<std::size_t>(r * shape.in + k)]) *
                              static_cast<double>(weights[static_cast<std::size_t>(k * shape.out + n)]);
          sum += term;
          magnitude += std::abs(term);
        }
        const double bound = (shape.in + 1) * static_cast<double>(std::numeric_limits<Real>::epsilon()) * magnitude;
        worst = std::max(worst, std::abs(static_cast<double>(result[at]) - sum) / bound);
      }
    }
    return worst;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("tile products equal plain sums for any shape, with a bias, or added to what is there", Real, float,
                   double) {
  for (const auto& [cpu, shape] : cases()) {
    for (const int rows : {1, 2, 3, 4, 5, 6, 7, 9, 12, 16, 20}) {
      CAPTURE(cpu);
      CAPTURE(shape.in);
      CAPTURE(shape.out);
      CAPTURE(rows);
      const Problem<Real> problem(cpu, shape, rows);
      for (const char* name : {"linear_tile", "linear_team"}) {
        for (const bool with_bias : {false, true})
          CHECK(problem.error(problem.run(name, rows, with_bias, false), with_bias, false) <= 1);
        CHECK(problem.error(problem.run(name, rows, false, true), false, true) <= 1);
      }
    }
  }
}

TEST_CASE_TEMPLATE("the bits of a row do not depend on how many rows a tile has", Real, float, double) {
  constexpr int kRows = 20;
  for (const auto& [cpu, shape] : cases()) {
    const Problem<Real> problem(cpu, shape, kRows);
    const std::vector<Real> whole = problem.run("linear_tile", kRows, true, false);
    for (int rows = 1; rows < kRows; ++rows) {
      CAPTURE(cpu);
      CAPTURE(shape.in);
      CAPTURE(shape.out);
      CAPTURE(rows);
      const std::vector<Real> part = problem.run("linear_tile", rows, true, false);
      const auto written = static_cast<std::size_t>(rows * shape.out);
      CHECK(std::memcmp(whole.data(), part.data(), written * sizeof(Real)) == 0);
      CHECK(std::memcmp(problem.out.data() + written, part.data() + written,
                        (problem.out.size() - written) * sizeof(Real)) == 0);
    }
  }
}

TEST_CASE_TEMPLATE("products with several matrices have the bits of the products with each", Real, float, double) {
  for (const auto& [cpu, shape] : cases()) {
    test::Random random(static_cast<std::uint64_t>(1000 * shape.in + shape.out));
    const auto single =
        products<Real>(cpu).template function<void(int, const Real*, const Real*, Real*, const Real*, bool)>(
            fmt::format("linear_tile_{}_{}", shape.in, shape.out));
    for (int count = 1; count <= kMostMatrices; ++count) {
      CAPTURE(cpu);
      CAPTURE(shape.in);
      CAPTURE(shape.out);
      CAPTURE(count);
      constexpr int kRows = 7;
      const auto in = random_numbers<Real>(random, kRows * shape.in);
      const auto weights = random_numbers<Real>(random, count * shape.in * shape.out);
      const auto biases = random_numbers<Real>(random, count * shape.out);
      const auto several =
          products<Real>(cpu).template function<void(int, const Real*, const Real*, const Real*, bool, Real* const*)>(
              fmt::format("several_{}_{}_{}", shape.in, shape.out, count));
      const std::vector<std::pair<const Real*, bool>> starts = {
          {nullptr, false}, {biases.data(), false}, {nullptr, true}};
      for (const auto& [bias, add] : starts) {
        std::vector<std::vector<Real>> out, expected;
        for (int k = 0; k < kMostMatrices; ++k) out.push_back(random_numbers<Real>(random, kRows * shape.out));
        expected = out;  // of matrices that are not there: as it was
        for (int k = 0; k < count; ++k) {
          single(kRows, in.data(), weights.data() + k * shape.in * shape.out,
                 expected[static_cast<std::size_t>(k)].data(), bias ? bias + k * shape.out : nullptr, add);
        }
        Real* const outputs[] = {out[0].data(), out[1].data(), out[2].data()};
        several(kRows, in.data(), weights.data(), bias, add, outputs);
        CHECK(out == expected);
      }
    }
  }
}
