#include "runtime/md/statistics.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

TEST_CASE("the slope of a line is found, and the error of a scattered one is the textbook's") {
  LineFit line;
  for (int k = 0; k < 100; ++k) line.add(1e6 + k, 3 - 0.25 * k);
  CHECK(line.slope() == doctest::Approx(-0.25));
  CHECK(line.standard_error() < 1e-9);
  LineFit scattered;
  for (const double y : {1.0, 3.0, 2.0}) scattered.add(y == 1 ? 0 : y == 3 ? 1 : 2, y);
  CHECK(scattered.slope() == doctest::Approx(0.5));
  CHECK(scattered.standard_error() == doctest::Approx(0.8660254037844387));
  CHECK(LineFit().slope() == 0);
}

TEST_CASE("the error of a slope counts a slow swing once, not once a sample") {
  SeriesFit slow;
  LineFit blind;
  for (int k = 0; k < 10000; ++k) {
    const double y = std::sin(1e-3 * k) + 2e-5 * k;
    slow.add(k, y);
    blind.add(k, y);
  }
  CHECK(slow.slope() == blind.slope());
  CHECK(slow.standard_error() > 10 * blind.standard_error());
  CHECK(std::abs(slow.slope() - 2e-5) < 2 * slow.standard_error());
  CHECK(SeriesFit().standard_error() == 0);
}

TEST_CASE("drift is the conserved quantity's slope in percent of the kinetic energy per ns") {
  const auto systems =
      Systems::make({argon_cluster(), argon_cluster()}, {}, Units::of("angstrom", "eV"), Ensemble::nve);
  RunStatistics statistics(systems, 2);
  // 1 ps in steps of 2 fs; system 0 gains 1e-4 eV/ps of 2 eV: 5 % a ns; system 1 loses heat that the bath has taken.
  for (int k = 0; k <= 500; ++k) {
    const double ps = 2e-3 * k;
    statistics.add({k, {{-1e5 - 2 + 1e-4 * ps, 2, 0}, {-1e5 - 0.3 * ps, 1, -0.3 * ps}}});
  }
  CHECK(statistics.drift(0).percent_per_ns == doctest::Approx(5).epsilon(1e-6));
  CHECK(statistics.drift(1).percent_per_ns == doctest::Approx(0).epsilon(1e-4));
  CHECK(statistics.drift().percent_per_ns == doctest::Approx(10.0 / 3).epsilon(1e-5));
  // Five isolated atoms in NVE: nine degrees of freedom each.
  CHECK(statistics.mean_temperature(0) == doctest::Approx(4 / (9 * 8.617333262e-5)));
  CHECK(statistics.mean_temperature() == doctest::Approx(6 / (18 * 8.617333262e-5)));
  CHECK(statistics.last_temperature() == statistics.mean_temperature());
  CHECK(statistics.samples() == 501);

  // The correction counts where it is known.
  RunStatistics corrected(systems, 2);
  for (int k = 0; k <= 500; ++k) {
    const double ps = 2e-3 * k;
    const double swing = 0.1 * std::sin(40 * ps);
    const double correction = k == 0 ? std::nan("") : -swing;
    corrected.add({k, {{-1e5 - 2 + swing + 1e-4 * ps, 2, 0, correction}, {-1, 1, 0, correction}}});
  }
  CHECK(corrected.drift(0).percent_per_ns == doctest::Approx(5).epsilon(1e-6));
}
