#include "runtime/profile.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

TEST_CASE("percentiles are interpolated between neighbouring samples") {
  std::vector<double> samples;
  for (int k = 100; k >= 0; --k) samples.push_back(k);
  const Spread spread = spread_of(samples);
  CHECK(spread.median == doctest::Approx(50));
  CHECK(spread.p5 == doctest::Approx(5));
  CHECK(spread.p95 == doctest::Approx(95));
  CHECK(spread_of({1, 2}).median == doctest::Approx(1.5));
  CHECK(spread_of({7}).p95 == 7);
  CHECK_THROWS_AS(spread_of({}), InternalError);
}

TEST_CASE("as many calls are made as were asked for") {
  int calls = 0;
  const Spread spread = time_calls({.repeats = 5, .warm_up = 3}, [&] { ++calls; });
  CHECK(calls == 8);
  CHECK(spread.median >= 0);
  CHECK_THROWS_WITH_AS(time_calls({.repeats = 0, .warm_up = 3}, [&] { ++calls; }),
                       "a profile takes 1 repeat or more and a warm-up of 0 calls or more, not 0 and 3", UserError);
  CHECK_THROWS_AS(time_calls({.repeats = 1, .warm_up = -1}, [&] { ++calls; }), UserError);
  CHECK(calls == 8);
}
