// The driver built without LLVM: no host code, but everything else.
#include <doctest/doctest.h>

#include <iostream>

#include "base/error.h"
#include "codegen/driver/targets.h"
#include "runtime/jit/nvrtc.h"
#include "small_model.h"

using namespace mlffgen;
using nlohmann::json;

TEST_CASE("host code is refused with what to do instead") {
  test::SmallModel model;
  model.options.host_cpus = {"native"};
  CHECK_THROWS_WITH_AS(driver::compile(model.options, {}),
                       "this mlffgen was built without LLVM and makes no host code; use --target cuda, or build with "
                       "-DMLFFGEN_WITH_CLANG=ON",
                       UserError);
}

TEST_CASE("a model is compiled up to its source, with the kernels' arguments as manifest") {
  test::SmallModel model;
  const driver::Compiled compiled = driver::compile(model.options, {});
  const json manifest = json::parse(test::section(compiled, "manifest"));
  REQUIRE(manifest.at("kernels").size() == 4);
  CHECK(manifest.at("kernels")[0].at("name") == "phase_0");
  CHECK(manifest.at("kernels")[0].at("arguments")[0] == "n_atoms");
  CHECK(test::section(compiled, "source.cu").find("phase_3") != std::string::npos);
}

// Says so where NVRTC is missing and a case is left out.
static bool nvrtc_is_here() {
  try {
    jit::Nvrtc();
    return true;
  } catch (const UserError& error) {
    MESSAGE("SKIPPED: ", error.what());
    return false;
  }
}

TEST_CASE("a launch's threads and shared memory are what the source's own constants say") {
  if (!nvrtc_is_here()) return;
  test::SmallModel model;
  std::vector<std::pair<std::string, double>> seconds;
  const driver::Model front = driver::build_model(model.options, {}, seconds);
  const emit::Source source = emit::emit_source(front.passes.graph, front.schedule, {false});
  const driver::CheckedSource checked = driver::check_source(source, front.schedule, false);
  const std::vector<runtime::SharedNeed> needs = driver::shared_needs(front.schedule, false);
  const runtime::BlockShape shape = runtime::shape_of(checked.tunables, {});
  REQUIRE(needs.size() == 4);
  std::string probe = source.cuda;
  for (std::size_t p = 0; p < needs.size(); ++p) {
    probe += test::launch_probe(front.schedule.phases[p], shape.threads(),
                                runtime::shared_bytes(needs[p], shape, runtime::Precision::single_precision));
  }
  CHECK_NOTHROW(jit::Nvrtc().compile_cubin(probe, "sm_90"));
}

TEST_CASE("code for GPUs is made all the same") {
  if (!nvrtc_is_here()) return;
  test::SmallModel model;
  model.options.gpu_archs = {"sm_90"};
  const json report = driver::compile(model.options, {}).report;
  REQUIRE(report.at("gpu").size() == 1);
  CHECK(report.at("gpu")[0].at("kernels").size() == 4);
}
