#include "runtime/wisdom/configuration.h"

#include <doctest/doctest.h>

using namespace mlffgen::wisdom;

namespace {

const Choices kChoices = {{{"MLFF_LANES", 32, {32, 64, 128}}, {"MLFF_TILE", 12, {4, 8, 16}}},
                          {{"fused", {"phase_0", "phase_1"}}, {"split", {"pairs_0", "dense_0"}}}};

std::string problem(const ModelConfiguration& configuration) {
  return problem_of(configuration, kChoices).value_or("none");
}

}  // namespace

TEST_CASE("a configuration within the choices has no problem") {
  CHECK(problem({}) == "none");
  CHECK(problem({"fused", {}}) == "none");
  CHECK(problem({"split", {{"dense_0", {{"MLFF_LANES", 128}, {"MLFF_TILE", 4}}}, {"pairs_0", {}}}}) == "none");
  // A default is allowed even where it is not among the choices.
  CHECK(problem({"fused", {{"phase_1", {{"MLFF_TILE", 12}}}}}) == "none");
}

TEST_CASE("what the model does not have is named, with what was meant") {
  CHECK(problem({"fusde", {}}) == "the model has no form 'fusde'; did you mean 'fused'?");
  CHECK(problem({"", {{"phase_0", {}}}}) == "the model has no form ''");
  CHECK(problem({"fused", {{"pairs_0", {}}}}) == "form 'fused' has no kernel 'pairs_0'");
  CHECK(problem({"fused", {{"phase_0", {{"MLFF_LANE", 64}}}}}) ==
        "kernel 'phase_0': the model has no tunable 'MLFF_LANE'; did you mean 'MLFF_LANES'?");
  CHECK(problem({"fused", {{"phase_0", {{"MLFF_LANES", 96}}}}}) ==
        "kernel 'phase_0': MLFF_LANES may be 32, 64, 128, not 96");
}

TEST_CASE("a canonical configuration names no default") {
  CHECK(canonical({{"MLFF_LANES", 32}, {"MLFF_TILE", 8}}, kChoices.tunables) == Configuration{{"MLFF_TILE", 8}});
  CHECK(canonical({}, kChoices.tunables).empty());
}

TEST_CASE("configurations are described in one line") {
  CHECK(describe(Configuration()) == "defaults");
  CHECK(describe(Configuration{{"MLFF_TILE", 8}, {"MLFF_LANES", 64}}) == "MLFF_LANES=64 MLFF_TILE=8");
  CHECK(describe(ModelConfiguration()) == "default form");
  CHECK(describe(ModelConfiguration{"fused", {{"phase_0", {{"MLFF_TILE", 8}}}, {"phase_1", {}}}}) ==
        "fused; phase_0: MLFF_TILE=8; phase_1: defaults");
}
