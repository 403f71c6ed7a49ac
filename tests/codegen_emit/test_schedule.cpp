// Schedules of all architectures keep the invariants that kernels rely on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "dsl/spec.h"
#include "models.h"
#include "schedule_checks.h"
#include "tests/codegen/programs.h"
#include "tests/codegen/random_program.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;
using passes::RadialForm;

namespace {

void check_schedule(const test::Scheduled& model) {
  for (const std::string& defect : test::defects(model.graph(), model.schedule)) FAIL_CHECK(defect);
  int numbers = 0;
  for (const emit::Buffer& buffer : model.schedule.buffers) numbers += model.graph()[buffer.node].type.size();
  CHECK(numbers <= test::numbers_if_all_were_kept(model.graph(), model.schedule));
  CHECK(model.schedule.numbers_per_atom() <= numbers);
}

int used_tile_numbers(const test::Scheduled& model) {
  int numbers = 0;
  for (const emit::Phase& phase : model.schedule.phases) numbers += phase.tile_numbers;
  return numbers;
}

}  // namespace

TEST_CASE("nothing is read before it is written or after its memory is used again, in every architecture") {
  for (const std::string& name : dsl::builtin_architectures()) {
    for (int layers = 1; layers <= 4; ++layers) {
      for (const RadialForm form : test::kBothForms) {
        // 33: filters are matrix products of pairs, not inline; 16 and 32: inputs of products are operands.
        for (const int features : {8, 16, 32, 33}) {
          CAPTURE(name);
          CAPTURE(layers);
          CAPTURE(features);
          check_schedule(test::scheduled_model(name, features, layers, form));
        }
      }
    }
  }
}

TEST_CASE("nothing is read before it is written or after its memory is used again, in random programs") {
  test::Random random(5);
  for (int k = 0; k < 100; ++k) {
    const std::string program = test::random_program(random);
    CAPTURE(program);
    check_schedule(test::scheduled(test::graph_of_program(program), RadialForm::inline_));
  }
}

TEST_CASE("each layer is one phase forward and one backward; the energy needs the forward ones alone") {
  for (const std::string& name : dsl::builtin_architectures()) {
    for (int layers = 1; layers <= 4; ++layers) {
      CAPTURE(name);
      CAPTURE(layers);
      const test::Scheduled model = test::scheduled_model(name, 8, layers, RadialForm::inline_);
      CHECK(model.schedule.energy_phases == layers);
      // Layer 0's message reads element tables: it needs no gather of its own, nor does its adjoint.
      CHECK(model.schedule.phases.size() == static_cast<std::size_t>(2 * layers));
    }
  }
}

TEST_CASE("exactly one phase stores the pair gradient, the first that makes a term of it") {
  for (const std::string& name : dsl::builtin_architectures()) {
    CAPTURE(name);
    const test::Scheduled model = test::scheduled_model(name, 8, 3, RadialForm::inline_);
    std::vector<bool> first;
    for (const emit::Phase& phase : model.schedule.phases) {
      bool has_terms = false;
      for (const emit::Segment& segment : phase.segments) {
        for (const emit::Stage& stage : segment.stages) {
          for (const emit::Loop& loop : stage.loops) has_terms |= !loop.gradients.empty();
        }
      }
      if (has_terms) first.push_back(phase.first_gradient);
      if (!has_terms) CHECK_FALSE(phase.first_gradient);
    }
    REQUIRE(!first.empty());
    CHECK(first[0]);
    CHECK(std::count(first.begin(), first.end(), true) == 1);
  }
}

TEST_CASE("memory is shared: slots hold several buffers, tile arrays lie where others lay") {
  const test::Scheduled model = test::scheduled_model("painn-schnetpack", 8, 4, RadialForm::inline_);
  CHECK(model.schedule.slots.size() < model.schedule.buffers.size());
  int apart = 0;
  for (const emit::Phase& phase : model.schedule.phases) {
    for (const auto& [id, offset] : phase.tile_arrays) apart += model.graph()[id].type.size();
  }
  CHECK(used_tile_numbers(model) < apart);
}

TEST_CASE("activations of a dense network are computed again and not stored with their functions") {
  const test::Scheduled model = test::scheduled_model("painn-schnetpack", 8, 3, RadialForm::inline_);
  int kept = 0;
  for (const emit::Buffer& buffer : model.schedule.buffers) kept += model.graph()[buffer.node].type.size();
  CHECK(kept < test::numbers_if_all_were_kept(model.graph(), model.schedule));
}

TEST_CASE("a value is not computed again from operands that take more memory than it does") {
  // The gradient needs cos(y); y can stand for it, but not the two sums that y is made of.
  const test::Scheduled model = test::scheduled(test::graph_of_program("s = embedding(element, \"e\", 4)\n"
                                                                       "f = cosine_cutoff(distance)\n"
                                                                       "t = sum_j(s[j] * exp(-distance) * f)\n"
                                                                       "y = sum_j(s[j] * f) + linear(t, \"l\", 4)\n"
                                                                       "h = sin(y)\n"
                                                                       "m = sum_j(h[j] * f)\n"
                                                                       "energy = sum_i(linear(tanh(m), \"w\", 1))\n"),
                                                RadialForm::inline_);
  check_schedule(model);
}

TEST_CASE("the checks of this file find what is wrong with a schedule") {
  const test::Scheduled good = test::scheduled_model("painn-schnetpack", 8, 3, RadialForm::inline_);
  const auto found = [&](const emit::Schedule& schedule, const std::string& text) {
    const std::vector<std::string> all = test::defects(good.graph(), schedule);
    return std::any_of(all.begin(), all.end(), [&](const std::string& d) { return d.find(text) != std::string::npos; });
  };
  emit::Schedule bad = good.schedule;
  bad.buffers[1].slot = bad.buffers[0].slot;
  CHECK(found(bad, "live together in slot"));
  bad = good.schedule;
  for (auto& [id, offset] : bad.phases[2].tile_arrays) offset = 0;
  CHECK(found(bad, "overlap"));
  bad = good.schedule;
  bad.phases[1].segments.erase(bad.phases[1].segments.begin());
  CHECK(found(bad, "before it is kept"));
  bad = good.schedule;
  for (emit::Buffer& buffer : bad.buffers) buffer.last_phase = buffer.first_phase;
  CHECK(found(bad, "after its last phase"));
  bad = good.schedule;
  bad.phases.pop_back();
  CHECK(found(bad, "is never added"));
}

TEST_CASE("the checks of this file find what is wrong with operands") {
  const test::Scheduled good = test::scheduled_model("painn-schnetpack", 16, 3, RadialForm::inline_);
  const auto defects = [&](const emit::Schedule& schedule) {
    return fmt::format("{}", fmt::join(test::defects(good.graph(), schedule), "; "));
  };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  REQUIRE(good.schedule.phases[1].operands.size() > 1);
  emit::Schedule bad = good.schedule;
  for (auto& [id, offset] : bad.phases[1].operands) offset = 0;
  CHECK(has(defects(bad), "operand"));
  CHECK(has(defects(bad), "overlap"));
  bad = good.schedule;
  for (auto& [id, offset] : bad.phases[1].scales) offset = bad.phases[1].operands.begin()->second;
  CHECK(has(defects(bad), "scale"));
  bad = good.schedule;
  bad.phases[1].operands.begin()->second = bad.phases[1].tile_numbers;
  CHECK(has(defects(bad), "ends at"));
  bad = good.schedule;
  for (emit::Segment& segment : bad.phases[1].segments) {
    for (emit::Stage& stage : segment.stages) {
      for (emit::Loop& loop : stage.loops) loop.operands.clear();
    }
  }
  CHECK(has(defects(bad), "which is not kept"));
}
