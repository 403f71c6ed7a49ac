// Which machine code runs, and with which launches.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using nlohmann::json;
using runtime::Structure;

namespace {

runtime::Bundle changed(const runtime::Bundle& bundle, const std::function<void(json&)>& change) {
  std::vector<runtime::BundleSection> sections;
  for (const std::string& name : bundle.names()) {
    std::string text(bundle.text(name));
    if (name == "plan") {
      json plan = json::parse(text);
      change(plan);
      text = plan.dump();
    }
    sections.push_back({name, text});
  }
  const std::string bytes = runtime::Bundle::serialise(sections);
  return runtime::Bundle::parse({bytes.begin(), bytes.end()}, "changed.mlff");
}

runtime::Bundle with_source(const runtime::Bundle& bundle, const std::string& source) {
  return test::with_section(bundle, "source.cu", source);
}

constexpr int kListTexts = 4;  // of the runtime itself, for a call without a skin

}  // namespace

TEST_CASE("each kernel of a model is compiled by itself, once, and what its loading took is told by steps") {
  const runtime::Bundle& bundle = test::small_bundle(false);
  // Not in the cache of any earlier run.
  const auto marked = with_source(
      bundle, "// " + std::to_string(std::random_device()()) + "\n" + std::string(bundle.text("source.cu")));
  const auto first = *cuda_model::CudaModel(marked).load_times();
  const int kernels = static_cast<int>(cuda_model::CudaModel(bundle).plan().form().kernels.size());
  CHECK(first.compiled >= kernels);
  CHECK(first.compiled + first.at_hand == kernels + kListTexts);
  CHECK(first.longest_compile_ms > 0);
  CHECK(first.kernels_ms >= first.longest_compile_ms / 2);
  const auto start = std::chrono::steady_clock::now();
  const cuda_model::CudaModel again(marked);
  const std::chrono::duration<double, std::milli> all = std::chrono::steady_clock::now() - start;
  const auto second = *again.load_times();
  CHECK(second.compiled == 0);
  CHECK(second.at_hand == kernels + kListTexts);
  CHECK(second.longest_compile_ms == 0);
  double sum = 0;
  for (const double step : {second.driver_ms, second.plan_ms, second.kernels_ms, second.modules_ms, second.weights_ms,
                            second.workspace_ms}) {
    CHECK(step >= 0);
    sum += step;
  }
  CHECK(sum <= all.count());
  CHECK(sum >= all.count() / 2);
  const auto ready = *cuda_model::CudaModel(test::compile_bundle(false, {again.context().device().arch})).load_times();
  CHECK(ready.compiled + ready.at_hand == kListTexts);
}

TEST_CASE("a source that does not compile is one error, of its first kernel that fails, and is not kept") {
  const std::string good(test::small_bundle(false).text("source.cu"));
  std::string bad = good;
  for (const char* kernel : {"phase_1", "phase_2"}) {
    const auto body = bad.find("{", bad.find(std::string("MLFF_KERNEL(") + kernel));
    bad.insert(body + 1, std::string(" unknown_in_") + kernel + "();");
  }
  const auto broken = with_source(test::small_bundle(false), bad);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::string message;
    try {
      const cuda_model::CudaModel model(broken);
    } catch (const InternalError& error) {
      message = error.what();
    }
    CHECK(message.find("does not compile") != std::string::npos);
    CHECK(message.find("unknown_in_phase_1") != std::string::npos);
    CHECK(message.find("unknown_in_phase_2") == std::string::npos);
  }
  CHECK(cuda_model::CudaModel(with_source(test::small_bundle(false), good)).load_times()->compiled == 0);
}

TEST_CASE("blocks of any shape give the same to rounding: teams of one, two and four warps") {
  const std::vector<Structure> structures = {test::molecule(13, 1), test::crystal(3, 2, 2, 7, 2)};
  const runtime::Bundle& bundle = test::broad_bundle();  // each warp has its share of every sum
  const auto expected = cuda_model::CudaModel(bundle).evaluate(structures);
  for (const int lanes : {64, 128}) {
    CAPTURE(lanes);
    cuda_model::CudaModel other(bundle);
    wisdom::ModelConfiguration configuration{"fused", {}};
    for (const auto& kernel : other.plan().form().kernels) {
      configuration.kernels[kernel.name] = {{"MLFF_LANES", lanes}, {"MLFF_TEAMS", 256 / lanes}};
    }
    other.use(configuration);
    CHECK(test::nearly_same(other.evaluate(structures), expected, 2e-5));
  }
}

TEST_CASE("a source that lacks a kernel of the plan is refused by name") {
  std::string source(test::small_bundle(false).text("source.cu"));
  source.replace(source.find("MLFF_KERNEL(phase_1"), 19, "MLFF_KERNEL(phase_x");
  CHECK_THROWS_WITH_AS(cuda_model::CudaModel{with_source(test::small_bundle(false), source)},
                       "changed.mlff: the section source.cu has no kernel 'phase_1'; compile the model again with "
                       "'mlffgen compile'",
                       UserError);
}

TEST_CASE("code of the bundle that fits the GPU is used as it is, any other is left alone") {
  const std::string arch = cuda_model::CudaModel(test::small_bundle(false)).context().device().arch;
  const runtime::Bundle own = test::compile_bundle(false, {arch});
  cuda_model::CudaModel ready(own), compiled(test::small_bundle(false));
  CHECK(ready.code() == "section cuda/" + arch + " of small.mlff");
  CHECK(compiled.code() == "source.cu of small.mlff");
  const std::vector<Structure> structures = {test::molecule(5, 1)};
  CHECK(test::same_bits(ready.evaluate(structures), compiled.evaluate(structures)));
  const auto other = changed(own, [](json& plan) { plan["gpu"]["code"][0]["arch"] = "sm_10"; });
  CHECK(cuda_model::CudaModel(other).code() == "source.cu of changed.mlff");
}

TEST_CASE("where shared memory is short, blocks are smaller and results the same") {
  const runtime::Bundle& bundle = test::small_bundle(true);
  const auto tight = changed(bundle, [](json& plan) {
    for (auto& kernel : plan["forms"][0]["kernels"]) kernel["shared"]["tile_numbers"] = 5000;  // 8 would be too many
  });
  cuda_model::CudaModel wide(bundle), narrow(tight);
  const std::vector<Structure> structures = {test::crystal(3, 3, 2, 7, 1)};
  CHECK(test::nearly_same(narrow.evaluate(structures), wide.evaluate(structures)));
  const auto none = changed(bundle, [](json& plan) {
    for (auto& kernel : plan["forms"][0]["kernels"]) kernel["shared"]["tile_numbers"] = 50000;
  });
  CHECK_THROWS_AS(cuda_model::CudaModel{none}, UserError);
}

TEST_CASE("a bundle without launches for GPUs is refused with what to do") {
  const auto host_only = changed(test::small_bundle(true), [](json& plan) { plan.erase("gpu"); });
  CHECK_THROWS_WITH_AS(cuda_model::CudaModel{host_only},
                       "changed.mlff: the model has no code for GPUs; compile it again with 'mlffgen compile'",
                       UserError);
}
