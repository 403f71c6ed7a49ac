// Kernels on trial: what a tuner compiles, times and checks on the data of real calls.
#include "runtime/cuda_model/kernel_trials.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using cuda_model::CudaModel;
using cuda_model::KernelTrials;
using runtime::Structure;
using wisdom::Configuration;
using wisdom::ModelConfiguration;

namespace {

constexpr double kRounding = 2e-5;  // sums are taken in another order

std::vector<Structure> small_call() { return {test::molecule(5, 1)}; }
std::vector<Structure> large_call() { return {test::crystal(3, 3, 2, 7, 2), test::molecule(13, 3)}; }

std::vector<KernelTrials::Variant> variants_of(const wisdom::Choices& choices,
                                               const std::vector<Configuration>& configurations) {
  std::vector<KernelTrials::Variant> variants;
  for (const auto& form : choices.forms) {
    for (const auto& kernel : form.kernels) {
      for (const auto& configuration : configurations) variants.push_back({form.name, kernel, configuration});
    }
  }
  return variants;
}

// The model with a text put in behind the first `mark` that follows the head of a kernel.
runtime::Bundle with_text(const std::string& section, const std::string& kernel, const std::string& mark,
                          const std::string& text) {
  std::string source(test::forms_bundle().text(section));
  const auto head = source.find("MLFF_KERNEL(" + kernel);
  REQUIRE(head != std::string::npos);
  const auto at = source.find(mark, head);
  REQUIRE(at != std::string::npos);
  source.insert(at + mark.size(), text);
  return test::with_section(test::forms_bundle(), section, source);
}

bool is_all_positive(const std::vector<double>& times) {
  return std::all_of(times.begin(), times.end(), [](double time) { return time > 0; });
}

template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every form gives the results of the default") {
  CudaModel model(test::forms_bundle());
  const auto structures = large_call();
  const auto expected = model.evaluate(structures);
  REQUIRE(model.plan().forms.size() == 3);
  for (const auto& form : model.plan().forms) {
    CAPTURE(form.name);
    model.use({form.name, {}});
    CHECK(test::nearly_same(model.evaluate(structures), expected, kRounding));
  }
  model.use({});
  CHECK(test::same_bits(model.evaluate(structures), expected));
}

TEST_CASE("a form, a kernel, a tunable or a value that the model does not have is an error, and nothing changes") {
  CudaModel model(test::forms_bundle());
  const auto structures = small_call();
  const auto expected = model.evaluate(structures);
  const auto refusal = [&](const ModelConfiguration& configuration) {
    return message_of([&] { model.use(configuration); });
  };
  CHECK(refusal({"splt", {}}) ==
        "the model 'forms' cannot run splt: the model has no form 'splt'; did you mean 'split'?");
  CHECK(refusal({"split", {{"phase_0", {}}}}).find("form 'split' has no kernel 'phase_0'") != std::string::npos);
  CHECK(refusal({"fused", {{"phase_0", {{"MLFF_TEAM", 2}}}}})
            .find("kernel 'phase_0': the model has no tunable 'MLFF_TEAM'; did you mean 'MLFF_TEAMS'?") !=
        std::string::npos);
  CHECK(refusal({"fused", {{"phase_0", {{"MLFF_TEAMS", 3}}}}})
            .find("kernel 'phase_0': MLFF_TEAMS may be 1, 2, 4, 8, not 3") != std::string::npos);
  CHECK(refusal({"fused", {{"phase_0", {{"MLFF_LANES", 256}, {"MLFF_TEAMS", 8}}}}}).find("more than 1024 threads") !=
        std::string::npos);
  CHECK(test::same_bits(model.evaluate(structures), expected));
}

TEST_CASE("what cannot run here, or is the same code as with fewer values, is unfit with a reason") {
  const KernelTrials trials(test::forms_bundle(), {});
  const auto reason = [&](const std::string& form, const std::string& kernel, const Configuration& configuration) {
    return trials.unfit({form, kernel, configuration}).value_or("fit");
  };
  CHECK(reason("fused", "phase_0", {}) == "fit");
  CHECK(reason("fused", "phase_0", {{"MLFF_TEAMS", 1}}) == "fit");
  CHECK(reason("fused", "phase_0", {{"MLFF_LANES", 256}, {"MLFF_TEAMS", 8}}) == "more than 1024 threads");
  CHECK(reason("fused", "phase_0", {{"MLFF_PAIR_BATCH", 8}, {"MLFF_PAIR_CHUNK", 4}}) ==
        "a batch of pairs is larger than a chunk");
  // Sums over neighbours know no dense layers, and the other way round.
  CHECK(reason("split", "split_0", {{"MLFF_MIN_PAIR_BLOCKS", 2}}) == "fit");
  CHECK(reason("split", "split_0", {{"MLFF_MIN_BLOCKS", 2}}) == "the kernel does not depend on MLFF_MIN_BLOCKS");
  CHECK(reason("split", "split_0", {{"MLFF_WEIGHT_STEPS", 2}}) == "the kernel does not depend on MLFF_WEIGHT_STEPS");
  CHECK(reason("split", "split_1", {{"MLFF_MIN_BLOCKS", 2}, {"MLFF_WEIGHT_STEPS", 2}}) == "fit");
  CHECK(reason("split", "split_1", {{"MLFF_MIN_PAIR_BLOCKS", 2}}) ==
        "the kernel does not depend on MLFF_MIN_PAIR_BLOCKS");
  CHECK(reason("split", "split_1", {{"MLFF_PAIR_CHUNK", 16}}) == "the kernel does not depend on MLFF_PAIR_CHUNK");
  CHECK(reason("split", "split_1", {{"MLFF_PAIR_BATCH", 1}}) == "the kernel does not depend on MLFF_PAIR_BATCH");
  CHECK_THROWS_AS(reason("split", "phase_0", {}), InternalError);
  CHECK_THROWS_AS(reason("splt", "split_0", {}), InternalError);
}

TEST_CASE("a block that needs more shared memory than the GPU has is unfit") {
  const KernelTrials trials(test::forms_bundle(), {});
  const int limit = trials.model().context().device().shared_bytes_per_block;
  CHECK_FALSE(trials.unfit({"fused", "phase_0", {{"MLFF_TILE", 32}}}));
  const auto problem = trials.unfit({"fused", "phase_0", {{"MLFF_TILE", 1 << 20}}});
  CHECK(problem.value_or("fit").ends_with(fmt::format(" bytes of shared memory, the GPU has {}", limit)));
}

TEST_CASE("every kernel of every form is timed in several variants, which leaves results as they were") {
  KernelTrials trials(test::forms_bundle(), {});
  const int small = trials.add_call(small_call()).atoms, large = trials.add_call(large_call()).atoms;
  REQUIRE(small < large);
  const auto variants = variants_of(
      trials.choices(), {{}, {{"MLFF_TEAMS", 1}}, {{"MLFF_LANES", 64}, {"MLFF_TEAMS", 2}, {"MLFF_TILE", 4}}});
  trials.announce(variants);
  for (const auto& problem : trials.prepare(variants)) CHECK(problem.value_or("") == "");
  for (const auto& variant : variants) {
    CAPTURE(variant.form);
    CAPTURE(variant.kernel);
    CAPTURE(wisdom::describe(variant.configuration));
    const auto times = trials.sample(small, variant, 3);
    CHECK(times.size() == 3);
    CHECK(is_all_positive(times));
    const ModelConfiguration call{variant.form, {{variant.kernel, variant.configuration}}};
    CHECK(trials.check(small, call).value_or("") == "");
    // Of the other call, whose inputs are brought in between.
    if (variant.configuration.size() != 1) continue;
    CHECK(is_all_positive(trials.sample(large, variant, 2)));
    CHECK(trials.check(large, call).value_or("") == "");
  }
}

TEST_CASE("whole calls are timed and checked in any form, by turns") {
  KernelTrials trials(test::forms_bundle(), {});
  const int small = trials.add_call(small_call()).atoms, large = trials.add_call(large_call()).atoms;
  const ModelConfiguration split{"split", {{"split_0", {{"MLFF_TEAMS", 1}}}, {"split_1", {{"MLFF_TILE", 4}}}}};
  for (int round = 0; round < 2; ++round) {
    for (const int atoms : {small, large}) {
      for (const auto& call : {trials.heuristic(), split, ModelConfiguration{"unfused", {}}}) {
        const auto times = trials.sample_call(atoms, call, 2);
        CHECK(times.size() == 2);
        CHECK(is_all_positive(times));
        CHECK(trials.check(atoms, call).value_or("") == "");
      }
    }
  }
  CHECK_THROWS_AS(trials.sample_call(small, {"splt", {}}, 1), UserError);
  CHECK_THROWS_AS(trials.sample(1, {"fused", "phase_0", {}}, 1), InternalError);
  CHECK(trials.check(small, split).value_or("") == "");
}

TEST_CASE("a call of as many atoms as another is refused, and the other stays") {
  KernelTrials trials(test::forms_bundle(), {});
  const auto size = trials.add_call(small_call());
  CHECK(size.atoms >= 5);
  CHECK(size.pairs == 5 * 4);
  CHECK(message_of([&] { trials.add_call({test::molecule(6, 2)}); }) ==
        fmt::format("two of the sizes count as {} atoms; tune one of them", size.atoms));
  CHECK(is_all_positive(trials.sample(size.atoms, {"fused", "phase_0", {}}, 1)));
  CHECK(trials.check(size.atoms, {"split", {}}).value_or("") == "");
}

TEST_CASE("forces that are off by a thousandth are found, in the one variant that has them") {
  const std::string kernel = CudaModel(test::forms_bundle()).plan().form().kernels.back().name;
  const auto wrong =
      with_text("source.cu", kernel, "pair_gradient[row_of(q, 3)] = ", "(kTeams == 1 ? (real)1.001f : (real)1) * ");
  KernelTrials trials(wrong, {});
  const int atoms = trials.add_call(small_call()).atoms;
  const auto problem = trials.check(atoms, {"fused", {{kernel, {{"MLFF_TEAMS", 1}}}}});
  CHECK(problem.value_or("").starts_with("forces are off by "));
  CHECK_FALSE(trials.check(atoms, trials.heuristic()));
  CHECK_FALSE(trials.check(atoms, {"fused", {{kernel, {{"MLFF_TEAMS", 2}}}}}));
  CHECK_FALSE(trials.check(atoms, {"split", {{"split_0", {{"MLFF_TEAMS", 1}}}}}));
}

TEST_CASE("a kernel that does nothing is found: it cannot live on what an earlier call has left") {
  KernelTrials trials(with_text("source.split.cu", "split_1", ") {", " if (kTeams == 1) return;"), {});
  const int atoms = trials.add_call(small_call()).atoms;
  const ModelConfiguration idle{"split", {{"split_1", {{"MLFF_TEAMS", 1}}}}};
  CHECK_FALSE(trials.check(atoms, {"split", {}}));
  for (int attempt = 0; attempt < 2; ++attempt) {
    CHECK(is_all_positive(trials.sample(atoms, {"split", "split_1", {{"MLFF_TEAMS", 1}}}, 1)));
    CHECK(trials.check(atoms, idle).value_or("").find("not a finite number") != std::string::npos);
    CHECK_FALSE(trials.check(atoms, {"split", {}}));
  }
}

TEST_CASE("a variant that does not compile is a problem of its own") {
  KernelTrials trials(
      with_text("source.split.cu", "split_0", ") {", "\n#if MLFF_TEAMS == 1\nunknown_name();\n#endif\n"), {});
  const int atoms = trials.add_call(small_call()).atoms;
  const KernelTrials::Variant bad{"split", "split_0", {{"MLFF_TEAMS", 1}}}, good{"split", "split_1", {}};
  const auto problems = trials.prepare({bad, good});
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].value_or("").find("unknown_name") != std::string::npos);
  CHECK_FALSE(problems[1]);
  CHECK(is_all_positive(trials.sample(atoms, good, 1)));
}
