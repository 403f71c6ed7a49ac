// Which machine code runs, and with which launches.
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

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

}  // namespace

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
    for (auto& launch : plan["gpu"]["tiles"][0]["launches"]) launch["shared_bytes"] = 1 << 20;
  });
  cuda_model::CudaModel wide(bundle), narrow(tight);
  const std::vector<Structure> structures = {test::crystal(3, 3, 2, 7, 1)};
  CHECK(test::nearly_same(narrow.evaluate(structures), wide.evaluate(structures)));
  const auto none = changed(bundle, [](json& plan) {
    for (auto& tile : plan["gpu"]["tiles"]) {
      for (auto& launch : tile["launches"]) launch["shared_bytes"] = 1 << 20;
    }
  });
  CHECK_THROWS_AS(cuda_model::CudaModel{none}, UserError);
}

TEST_CASE("a bundle without launches for GPUs is refused with what to do") {
  const auto host_only = changed(test::small_bundle(true), [](json& plan) { plan.erase("gpu"); });
  CHECK_THROWS_WITH_AS(cuda_model::CudaModel{host_only},
                       "changed.mlff: the model has no code for GPUs; compile it again with 'mlffgen compile'",
                       UserError);
}
