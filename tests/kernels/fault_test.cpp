#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "base/error.h"
#include "runtime/neighbour_list.h"
#include "tests/kernels/device_list.h"
#include "tests/kernels/random_structures.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::Structure;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Way {
  ListPath path;
  double skin;
};
constexpr std::array kWays = {Way{ListPath::all_pairs, 0}, Way{ListPath::cells, 0}, Way{ListPath::cells, 0.5}};

// Three systems of 40 atoms, none of which is at fault.
std::vector<Structure> good_systems() {
  Random random(31);
  return {random_structure(random, 40, 7, 0, false), random_structure(random, 40, 7, 7, true),
          random_structure(random, 40, 7, 5, false)};
}

FaultContext context_of(const std::vector<int>& begin) { return {begin, "test model", "angstrom", {1, 2, 3}, 3}; }

std::string message_of(const FaultReport& report) {
  try {
    throw_fault(report, context_of({0, 40, 80, 120}));
  } catch (const StructureError& error) {
    return error.what();
  }
  return "";
}

std::string host_message(std::span<const Structure> systems) {
  try {
    runtime::build_neighbour_list(systems, 3);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

// What each way of searching says of systems that `spoil` has spoilt; after it, the same list serves good ones.
void check_fault(const std::function<void(std::vector<Structure>&)>& spoil,
                 const std::function<void(const FaultReport&, std::span<const Structure>)>& check) {
  for (const Way& way : kWays) {
    CAPTURE(static_cast<int>(way.path));
    CAPTURE(way.skin);
    auto systems = good_systems();
    ListRunner runner({runtime::Precision::double_precision, 3, way.skin, {1, 2, 3}});
    const auto before = runner.run(systems, way.path);
    REQUIRE(before.status.list_fault == 0);
    spoil(systems);
    // At first in a list that knows these atoms, then in a fresh one.
    for (int fresh = 0; fresh < 2; ++fresh) {
      ListRunner other({runtime::Precision::double_precision, 3, way.skin, {1, 2, 3}});
      const auto pairs = (fresh == 1 ? other : runner).run(systems, way.path);
      check(report_of(pairs.status), systems);
      CHECK(pairs.n_pairs() == 0);
    }
    CHECK(runner.run(good_systems(), way.path) == before);
  }
}

}  // namespace

TEST_CASE("of positions that are not finite or too large, the first atom is named") {
  for (const double bad : {kNan, kInfinity, -kInfinity, 2e9}) {
    check_fault(
        [&](auto& systems) {
          systems[1].positions[33][2] = bad;
          systems[1].positions[7][1] = bad;
          systems[2].positions[0][0] = kNan;
          systems[1].atomic_numbers[2] = 99;
        },
        [&](const FaultReport& report, auto) {
          CHECK(report.fault == Fault::position);
          CHECK(report.atom == 47);
          CHECK((std::isnan(bad) ? std::isnan(report.value) : report.value == bad));
          CHECK(
              message_of(report).starts_with("system 1 (counting from 0): atom 7 (counting from 0) has a coordinate"));
        });
  }
}

TEST_CASE("of atoms that overlap, the first pair is named, as on the host") {
  check_fault(
      [](auto& systems) {
        systems[1].positions[38] = systems[1].positions[21];
        // Images of each other.
        for (std::size_t k = 0; k < 3; ++k) {
          systems[1].positions[30][k] = systems[1].positions[12][k] + systems[1].cell[0][k] - 2 * systems[1].cell[2][k];
        }
        systems[1].positions[30][0] += 4e-7;
        systems[2].positions[1] = systems[2].positions[0];
      },
      [](const FaultReport& report, std::span<const Structure> systems) {
        CHECK(report.fault == Fault::overlap);
        CHECK(report.atom == 52);
        CHECK(report.other == 70);
        CHECK(report.value == doctest::Approx(4e-7).epsilon(1e-3));
        CHECK(message_of(report) == host_message(systems));
      });
}

TEST_CASE("of elements that the model does not know, the first atom is named") {
  for (const int bad : {26, 0, -5, 119, 2000000000}) {
    check_fault(
        [&](auto& systems) {
          systems[2].atomic_numbers[39] = bad;
          systems[2].atomic_numbers[3] = bad;
        },
        [&](const FaultReport& report, auto) {
          CHECK(report.fault == Fault::element);
          CHECK(report.atom == 83);
          CHECK(report.value == bad);
          CHECK(message_of(report).find("system 2 (counting from 0): atom 3 (counting from 0): the model 'test model' "
                                        "does not know element ") == 0);
        });
  }
}

TEST_CASE("a periodic cell that is singular, not finite or far too small is refused") {
  struct Case {
    Fault fault;
    std::function<void(Structure&)> spoil;
  };
  const std::vector<Case> cases = {
      {Fault::cell, [](Structure& s) { s.cell[1] = {0, 0, 0}; }},
      {Fault::cell, [](Structure& s) { s.cell[2] = s.cell[0]; }},
      {Fault::cell,
       [](Structure& s) {
         s.cell[2] = {s.cell[0][0] + s.cell[1][0], s.cell[0][1] + s.cell[1][1], s.cell[0][2] + s.cell[1][2]};
       }},
      {Fault::cell, [](Structure& s) { s.cell[0][0] = kNan; }},
      {Fault::cell, [](Structure& s) { s.cell[0][0] = kInfinity; }},
      {Fault::images, [](Structure& s) { s.cell = {{{2e-3, 0, 0}, {0, 2e-3, 0}, {0, 0, 2e-3}}}; }},
  };
  for (const auto& c : cases) {
    check_fault([&](auto& systems) { c.spoil(systems[1]); },
                [&](const FaultReport& report, std::span<const Structure> systems) {
                  CHECK(report.fault == c.fault);
                  CHECK(report.system == 1);
                  CHECK(host_message(systems) != "");
                  CHECK(message_of(report).starts_with("system 1 (counting from 0): the "));
                });
  }
}

TEST_CASE("a system without atoms is refused, as on the host") {
  check_fault([](auto& systems) { systems[1] = {}; },
              [](const FaultReport& report, std::span<const Structure> systems) {
                CHECK(report.fault == Fault::empty);
                CHECK(report.system == 1);
                CHECK(message_of(report) == host_message(systems));
              });
}

TEST_CASE("bounds of systems that are out of order are found out, and no memory beyond the atoms is read") {
  const auto systems = good_systems();
  for (const Way& way : kWays) {
    for (const auto& begin : {std::vector{0, 40, 40, 120},
                              {0, 80, 40, 120},
                              {0, 40, 80, 100},
                              {0, 40, 80, 2000000000},
                              {-2000000000, 40, 80, 120},
                              {7, 40, 80, 120}}) {
      ListRunner runner({runtime::Precision::double_precision, 3, way.skin, {1, 2, 3}});
      runner.run(systems, way.path);
      cuda::DeviceBuffer wrong(gpu().context);
      upload(wrong, begin);
      auto batch = runner.uploaded().batch();
      batch.system_begin = wrong.address();
      runner.list().enqueue(gpu().stream, batch, way.path);
      const auto report = report_of(download<Status>(runner.list().pairs().status, 1).front());
      CHECK(report.fault == Fault::empty);
    }
  }
}

TEST_CASE("a lattice vector along a direction that is not periodic may be anything") {
  auto systems = good_systems();
  const auto expected = keys_of(runtime::build_neighbour_list(systems, 3));
  systems[0].cell[1][2] = kNan;
  systems[2].cell[1] = {0, 0, 0};
  for (const Way& way : kWays) {
    ListRunner runner({runtime::Precision::double_precision, 3, way.skin, {1, 2, 3}});
    CHECK(keys_of(runner.run(systems, way.path)) == expected);
  }
}

TEST_CASE("the first fault of a call is reported, values that are not finite after those of the input") {
  Status status;
  CHECK(report_of(status).fault == Fault::none);
  throw_fault(report_of(status), context_of({0, 40}));
  status.bad_force = 4 * 90 + 2;
  CHECK(report_of(status).fault == Fault::force);
  CHECK(report_of(status).value == -kInfinity);
  CHECK(message_of(report_of(status)) ==
        "system 2 (counting from 0): atom 10 (counting from 0): the model 'test model' gives a force of -inf, which is "
        "not a finite number; is the structure physical, and in angstrom?");
  status.bad_energy = 4 * 100 + 1;
  CHECK(report_of(status).fault == Fault::energy);
  CHECK(report_of(status).atom == 100);
  status.list_fault = static_cast<int>(Fault::element);
  CHECK(report_of(status).fault == Fault::element);
  FaultReport room;
  room.fault = Fault::capacity;
  CHECK_THROWS_AS(throw_fault(room, context_of({0, 40})), InternalError);
}
