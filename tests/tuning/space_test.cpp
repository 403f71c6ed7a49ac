#include "tuning/space.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mlffgen;
using namespace mlffgen::tuning;

namespace {

const std::vector<wisdom::Tunable> kTunables = {
    {"LANES", 64, {256, 32, 64, 128}}, {"TEAMS", 4, {1, 2, 4, 8}}, {"TILE", 12, {4, 8, 16}}};

int value(const Configuration& configuration, const char* define, int otherwise) {
  const auto named = configuration.find(define);
  return named == configuration.end() ? otherwise : named->second;
}

std::optional<std::string> at_most_512_threads(const Configuration& configuration) {
  const int threads = value(configuration, "LANES", 64) * value(configuration, "TEAMS", 4);
  return threads > 512 ? std::optional<std::string>("too many threads") : std::nullopt;
}

double no_opinion(const Configuration&) { return 0; }

}  // namespace

TEST_CASE("every combination that fits is a candidate, once and canonical") {
  const Space space(kTunables, at_most_512_threads);
  const auto candidates = space.candidates(no_opinion, 1000);
  // 16 pairs of lanes and teams, less (128, 8), (256, 4) and (256, 8); three tiles and the default.
  CHECK(candidates.size() == 13 * 4);
  CHECK(std::set<Configuration>(candidates.begin(), candidates.end()).size() == candidates.size());
  for (const Configuration& configuration : candidates) {
    CHECK_FALSE(at_most_512_threads(configuration).has_value());
    CHECK(wisdom::canonical(configuration, kTunables) == configuration);
    CHECK_FALSE(wisdom::problem_of({"f", {{"k", configuration}}}, {kTunables, {{"f", {"k"}}}}).has_value());
  }
}

TEST_CASE("the default comes first, then what is predicted to be fast") {
  const Space space(kTunables, at_most_512_threads);
  const auto predict = [](const Configuration& configuration) {
    return value(configuration, "TILE", 12) + value(configuration, "LANES", 64) / 1000.0;
  };
  const auto candidates = space.candidates(predict, 1000);
  CHECK(candidates.front().empty());
  for (std::size_t k = 2; k < candidates.size(); ++k) CHECK(predict(candidates[k - 1]) <= predict(candidates[k]));
  CHECK(candidates[1] == Configuration{{"LANES", 32}, {"TILE", 4}});
  CHECK(space.candidates(predict, 5) == std::vector<Configuration>(candidates.begin(), candidates.begin() + 5));
  // The default is there even if it does not fit.
  const Space nothing(kTunables, [](const Configuration&) { return "no"; });
  CHECK(nothing.candidates(predict, 10) == std::vector<Configuration>{{}});
}

TEST_CASE("of equally fast candidates the nearer to the default comes first") {
  const Space space(kTunables, at_most_512_threads);
  CHECK(space.distance({}) == 0);
  CHECK(space.distance({{"LANES", 256}}) == 2);
  CHECK(space.distance({{"TILE", 16}, {"TEAMS", 1}}) == 3);
  const auto candidates = space.candidates(no_opinion, 1000);
  for (std::size_t k = 1; k < candidates.size(); ++k) {
    const int before = space.distance(candidates[k - 1]), here = space.distance(candidates[k]);
    CHECK(before <= here);
    if (before == here) CHECK(candidates[k - 1] < candidates[k]);
  }
}

TEST_CASE("neighbours differ in one tunable by one step") {
  const Space space(kTunables, at_most_512_threads);
  CHECK(space.neighbours({}) ==
        std::vector<Configuration>{
            {{"LANES", 32}}, {{"LANES", 128}}, {{"TEAMS", 2}}, {{"TEAMS", 8}}, {{"TILE", 8}}, {{"TILE", 16}}});
  // At the ends of the choices and of what fits; a step back to the default is one.
  CHECK(space.neighbours({{"LANES", 256}, {"TEAMS", 2}, {"TILE", 4}}) ==
        std::vector<Configuration>{{{"LANES", 128}, {"TEAMS", 2}, {"TILE", 4}},
                                   {{"LANES", 256}, {"TEAMS", 1}, {"TILE", 4}},
                                   {{"LANES", 256}, {"TEAMS", 2}, {"TILE", 8}}});
  CHECK(std::ranges::count(space.neighbours({{"TILE", 8}}), Configuration()) == 1);
}
