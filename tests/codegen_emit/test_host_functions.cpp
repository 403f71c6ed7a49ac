// The functions of the host shim against libm, in units in the last place, and at special values.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "loaded_code.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;

namespace {

using Wide = long double;

// One function `map_NAME(n, x, y)` each.
template <typename Real>
const test::LoadedCode& shim() {
  static const test::LoadedCode code = [] {
    std::string text = test::host_shim_text(sizeof(Real) == 8);
    const auto add = [&](const std::string& name, const std::string& value) {
      text += fmt::format(
          "extern \"C\" void map_{}(int n, const real* MLFF_RESTRICT x, real* MLFF_RESTRICT y) {{\n"
          "  for (int k = 0; k < n; ++k) y[k] = {};\n}}\n",
          name, value);
    };
    for (const char* name :
         {"exp", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "silu", "softplus", "sqrt", "rsqrt", "reciprocal"}) {
      add(name, fmt::format("m_{}(x[k])", name));
    }
    for (const int n : {-3, -2, -1, 0, 1, 2, 3, 5, 6, 7, 12}) {
      add(fmt::format("power_{}{}", n < 0 ? "minus_" : "", std::abs(n)), fmt::format("power<{}>(x[k])", n));
    }
    add("power_real", "m_power(x[k], real(1.5))");
    return test::LoadedCode(text);
  }();
  return code;
}

template <typename Real>
std::vector<Real> map(const std::string& name, const std::vector<Real>& x) {
  std::vector<Real> y(x.size());
  shim<Real>().template function<void(int, const Real*, Real*)>("map_" + name)(static_cast<int>(x.size()), x.data(),
                                                                               y.data());
  return y;
}

template <typename Real>
Real at(const std::string& name, Real x) {
  return map<Real>(name, {x})[0];
}

// |value - exact| in units in the last place of the exact value.
template <typename Real>
double ulps(Real value, Wide exact) {
  const int exponent = std::max(std::ilogb(exact), std::numeric_limits<Real>::min_exponent - 1);
  const Wide unit = std::ldexp(Wide(1), exponent - std::numeric_limits<Real>::digits + 1);
  return static_cast<double>(std::abs(static_cast<Wide>(value) - exact) / unit);
}

struct Range {
  double low, high;
  bool logarithmic = false;  // both ends positive
};

template <typename Real>
double largest_error(const std::string& name, const Range& range, const std::function<Wide(Wide)>& exact) {
  test::Random random(7);
  std::vector<Real> x;
  for (int k = 0; k < 200000; ++k) {
    const double value = range.logarithmic ? std::exp(random.uniform(std::log(range.low), std::log(range.high)))
                                           : random.uniform(range.low, range.high);
    x.push_back(static_cast<Real>(value));
  }
  const std::vector<Real> y = map(name, x);
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    double error = ulps(y[k], exact(static_cast<Wide>(x[k])));
    if (!std::isfinite(y[k])) error = std::numeric_limits<double>::infinity();
    worst = std::max(worst, error);
  }
  return worst;
}

Wide wide_sigmoid(Wide x) { return 1 / (1 + std::exp(-x)); }
Wide wide_softplus(Wide x) { return std::fmax(x, Wide(0)) + std::log1p(std::exp(-std::fabs(x))); }

template <typename Real>
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

}  // namespace

TEST_CASE_TEMPLATE("elementary functions are within 2 units in the last place of libm's, log1p within 3", Real, float,
                   double) {
  const bool single = sizeof(Real) == 4;
  const auto error = [&](const char* name, const Range& range, Wide (*exact)(Wide)) {
    return largest_error<Real>(name, range, exact);
  };
  CHECK(error("exp", {-1, 1}, std::exp) <= 2);
  CHECK(error("exp", single ? Range{-87.3, 88.72} : Range{-708.3, 709.78}, std::exp) <= 2);
  CHECK(error("log", {0.5, 2}, std::log) <= 2);
  CHECK(error("log", single ? Range{1e-37, 1e38, true} : Range{1e-300, 1e300, true}, std::log) <= 2);
  CHECK(error("log1p", {1e-30, 1, true}, std::log1p) <= 3);
  CHECK(error("log1p", {0, 1}, std::log1p) <= 3);
  CHECK(error("tanh", {1e-20, 0.7, true}, std::tanh) <= 2);
  CHECK(error("tanh", {-20, 20}, std::tanh) <= 2);
  CHECK(error("sqrt", {1e-30, 1e30, true}, std::sqrt) <= 0.51);
}

TEST_CASE_TEMPLATE("sine and cosine are within 2 units of the last place near zero, and of one elsewhere", Real, float,
                   double) {
  // Relative to the value on the first quarter turn; elsewhere zeros cancel, and what counts is the absolute error.
  CHECK(largest_error<Real>("sin", {-0.78, 0.78}, [](Wide x) { return std::sin(x); }) <= 2);
  CHECK(largest_error<Real>("cos", {-0.78, 0.78}, [](Wide x) { return std::cos(x); }) <= 2);
  test::Random random(8);
  std::vector<Real> x;
  for (int k = 0; k < 200000; ++k)
    x.push_back(static_cast<Real>(random.uniform(-1, 1) * std::pow(10, random.uniform(-2, 4.9))));
  const std::vector<Real> sine = map("sin", x), cosine = map("cos", x);
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const auto wide = static_cast<Wide>(x[k]);
    worst = std::max(worst, static_cast<double>(std::abs(sine[k] - std::sin(wide))));
    worst = std::max(worst, static_cast<double>(std::abs(cosine[k] - std::cos(wide))));
  }
  CHECK(worst <= std::numeric_limits<Real>::epsilon());
}

TEST_CASE_TEMPLATE("activations are within 3 units in the last place of their formulas", Real, float, double) {
  const double most = sizeof(Real) == 4 ? 85 : 700;
  CHECK(largest_error<Real>("sigmoid", {-most, most}, wide_sigmoid) <= 3);
  CHECK(largest_error<Real>("sigmoid", {-3, 3}, wide_sigmoid) <= 3);
  CHECK(largest_error<Real>("silu", {-most, most}, [](Wide x) { return x * wide_sigmoid(x); }) <= 3);
  CHECK(largest_error<Real>("silu", {-3, 3}, [](Wide x) { return x * wide_sigmoid(x); }) <= 3);
  CHECK(largest_error<Real>("softplus", {-most, most}, wide_softplus) <= 3);
  CHECK(largest_error<Real>("softplus", {-3, 3}, wide_softplus) <= 3);
  CHECK(largest_error<Real>("rsqrt", {1e-30, 1e30, true}, [](Wide x) { return 1 / std::sqrt(x); }) <= 2);
  CHECK(largest_error<Real>("reciprocal", {1e-30, 1e30, true}, [](Wide x) { return 1 / x; }) <= 0.51);
}

TEST_CASE_TEMPLATE("integral powers lose at most one unit a multiplication", Real, float, double) {
  for (const int n : {-3, -2, -1, 0, 1, 2, 3, 5, 6, 7, 12}) {
    const std::string name = fmt::format("power_{}{}", n < 0 ? "minus_" : "", std::abs(n));
    CAPTURE(name);
    CHECK(largest_error<Real>(name, {0.05, 20, true}, [n](Wide x) { return std::pow(x, static_cast<Wide>(n)); }) <=
          std::max(std::abs(n), 1));
    CHECK(at<Real>(name, -2) == static_cast<Real>(std::pow(-2.0, n)));
  }
  CHECK(largest_error<Real>("power_real", {0.05, 20, true}, [](Wide x) { return std::pow(x, Wide(1.5)); }) <= 16);
}

TEST_CASE_TEMPLATE("NaN stays NaN", Real, float, double) {
  for (const char* name : {"exp", "log", "sin", "cos", "tanh", "sigmoid", "silu", "softplus", "sqrt", "rsqrt",
                           "reciprocal", "power_3", "power_minus_2", "power_real"}) {
    CAPTURE(name);
    CHECK(std::isnan(at<Real>(name, std::numeric_limits<Real>::quiet_NaN())));
  }
}

TEST_CASE_TEMPLATE("functions have their limits at zero and at infinity", Real, float, double) {
  const Real infinity = kInfinity<Real>;
  CHECK(at<Real>("exp", 0) == 1);
  CHECK(at<Real>("exp", infinity) == infinity);
  CHECK(at<Real>("exp", -infinity) == 0);
  CHECK(at<Real>("log", 1) == 0);
  CHECK(at<Real>("log", 0) == -infinity);
  CHECK(at<Real>("log", infinity) == infinity);
  CHECK(std::isnan(at<Real>("log", -1)));
  CHECK(at<Real>("log1p", 0) == 0);
  CHECK(at<Real>("sin", 0) == 0);
  CHECK(at<Real>("cos", 0) == 1);
  CHECK(at<Real>("tanh", 0) == 0);
  CHECK(at<Real>("tanh", infinity) == 1);
  CHECK(at<Real>("tanh", -infinity) == -1);
  CHECK(at<Real>("sigmoid", 0) == Real(0.5));
  CHECK(at<Real>("sigmoid", infinity) == 1);
  CHECK(at<Real>("sigmoid", -infinity) == 0);
  CHECK(at<Real>("silu", 0) == 0);
  CHECK(at<Real>("silu", infinity) == infinity);
  CHECK(at<Real>("softplus", infinity) == infinity);
  CHECK(at<Real>("softplus", -infinity) == 0);
  CHECK(at<Real>("sqrt", 0) == 0);
  CHECK(at<Real>("sqrt", infinity) == infinity);
  CHECK(std::isnan(at<Real>("sqrt", -1)));
  // The gradient of a norm without epsilon is zero at zero (ir::apply has the same rule).
  CHECK(at<Real>("rsqrt", 0) == 0);
  CHECK(at<Real>("rsqrt", infinity) == 0);
  CHECK(at<Real>("reciprocal", 0) == infinity);
  CHECK(at<Real>("power_0", 0) == 1);
  CHECK(at<Real>("power_minus_1", infinity) == 0);
}

TEST_CASE_TEMPLATE("functions saturate where their values leave the range of numbers", Real, float, double) {
  const Real overflow = sizeof(Real) == 4 ? Real(88.73) : Real(709.79);
  CHECK(at<Real>("exp", overflow) == kInfinity<Real>);
  // Subnormal results are zero.
  CHECK(at<Real>("exp", -overflow) == 0);
  CHECK(at<Real>("sigmoid", -2 * overflow) == 0);
  CHECK(at<Real>("silu", -2 * overflow) == 0);
  CHECK(at<Real>("softplus", -2 * overflow) == 0);
  CHECK(at<Real>("softplus", 2 * overflow) == 2 * overflow);
  CHECK(at<Real>("tanh", 2 * overflow) == 1);
  CHECK(at<Real>("tanh", -2 * overflow) == -1);
  const Real tiny = std::numeric_limits<Real>::min();
  CHECK(at<Real>("tanh", tiny) == tiny);
  CHECK(at<Real>("sin", tiny) == tiny);
  CHECK(at<Real>("log1p", tiny) == tiny);
}
