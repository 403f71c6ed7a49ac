// Machine code for GPUs, without one: registers, spills, shared memory and occupancy of every kernel.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "codegen/clang/manifest.h"
#include "codegen/driver/targets.h"
#include "dsl/spec.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/jit/occupancy.h"
#include "runtime/plan.h"
#include "small_model.h"
#include "tests/codegen/samples.h"
#include "tests/codegen_emit/models.h"

using namespace mlffgen;
using nlohmann::json;
using passes::RadialForm;

namespace {

constexpr int kSkipped = 77;  // what CTest counts as skipped

// Ends the program as skipped where NVRTC is missing.
void require_nvrtc() {
  try {
    jit::Nvrtc();
  } catch (const UserError& error) {
    std::cout << "SKIPPED: " << error.what() << std::endl;
    std::exit(kSkipped);
  }
}

void check_kernels(const json& target, std::size_t kernels) {
  REQUIRE(target.at("kernels").size() == kernels);
  for (const json& kernel : target.at("kernels")) {
    const std::string what = target.at("arch").get<std::string>() + " " + kernel.dump();
    CAPTURE(what);
    CHECK(kernel.at("spill_bytes") == 0);
    CHECK(kernel.at("stack_bytes") == 0);
    CHECK(kernel.at("registers").get<int>() > 16);
    CHECK(kernel.at("registers").get<int>() <= 255);
    CHECK(kernel.at("shared_bytes").get<int>() > 0);
    CHECK(kernel.at("blocks_per_multiprocessor").get<int>() >= 1);
    const auto occupancy = kernel.at("occupancy").get<double>();
    CHECK(occupancy > 0);
    CHECK(occupancy <= 1);
  }
}

}  // namespace

TEST_CASE("a PaiNN of 128 features and three layers compiles for every generation without spills and stack") {
  require_nvrtc();
  test::SmallModel model(test::small_spec("painn-schnetpack", 128, 3));
  model.options.gpu_archs = {"sm_80", "sm_90", "sm_100"};
  const driver::Compiled compiled = driver::compile(model.options, {});
  REQUIRE(compiled.report.at("gpu").size() == 3);
  for (const json& target : compiled.report.at("gpu")) check_kernels(target, 6);
  for (const std::string& arch : model.options.gpu_archs)
    CHECK(test::section(compiled, "cuda/" + arch).substr(0, 4) == "\177ELF");
}

TEST_CASE("small models of every architecture compile for every generation without spills and stack") {
  require_nvrtc();
  for (const std::string& name : dsl::builtin_architectures()) {
    CAPTURE(name);
    test::SmallModel model(test::small_spec(name, 7, 2));
    model.options.radial = RadialForm::inline_;
    model.options.gpu_archs = {"sm_80", "sm_90", "sm_100"};
    for (const json& target : driver::compile(model.options, {}).report.at("gpu")) check_kernels(target, 4);
  }
  // Filters that are matrix products of pairs.
  test::SmallModel wide(test::small_spec("schnet", 33, 2));
  wide.options.radial = RadialForm::inline_;
  wide.options.gpu_archs = {"sm_90"};
  check_kernels(driver::compile(wide.options, {}).report.at("gpu")[0], 4);
}

TEST_CASE("a double build compiles for a GPU without spills") {
  require_nvrtc();
  test::SmallModel model;
  model.options.double_precision = true;
  model.options.gpu_archs = {"sm_90"};
  const json target = driver::compile(model.options, {}).report.at("gpu")[0];
  REQUIRE(target.at("kernels").size() == 4);
  for (const json& kernel : target.at("kernels")) {
    CHECK(kernel.at("spill_bytes") == 0);
    CHECK(kernel.at("stack_bytes").get<int>() <= 40);  // the reduction of large arguments in CUDA's own sin and cos
  }
}

TEST_CASE("blocks are as large as the architecture's shared memory allows, and the plan says how large") {
  require_nvrtc();
  test::SmallModel model(test::small_spec("painn-schnetpack", 128, 2));
  model.options.double_precision = true;
  model.options.gpu_archs = {"sm_86", "sm_90"};
  const runtime::Plan plan =
      runtime::parse_plan(test::section(driver::compile(model.options, {}), "plan"), "m", 1 << 30);
  REQUIRE(plan.gpu_code.size() == 2);
  std::vector<int> chosen;
  for (const auto& code : plan.gpu_code) {
    const auto limit = static_cast<std::size_t>(jit::sm_limits(code.arch).shared_bytes_per_block);
    chosen.push_back(code.configuration.at(runtime::kTileDefine));
    for (const int tile : {8, 4}) {
      std::size_t most = 0;
      for (const auto& kernel : plan.form().kernels) {
        const runtime::BlockShape shape = runtime::shape_of(plan.gpu_tunables, {{runtime::kTileDefine, tile}});
        most = std::max(most, runtime::shared_bytes(kernel.shared, shape, plan.precision));
      }
      CHECK((most <= limit) == (tile <= chosen.back()));
    }
  }
  CHECK(chosen[0] < chosen[1]);
}

TEST_CASE("compiling for a GPU twice gives the same bytes") {
  require_nvrtc();
  test::SmallModel model(test::small_spec("schnet", 4, 1));
  model.options.gpu_archs = {"sm_90"};
  CHECK(runtime::Bundle::serialise(driver::compile(model.options, {}).sections) ==
        runtime::Bundle::serialise(driver::compile(model.options, {}).sections));
}

TEST_CASE("a launch's threads and shared memory are what the source's own constants say") {
  for (const std::string& name : dsl::builtin_architectures()) {
    for (const bool double_precision : {false, true}) {
      CAPTURE(name);
      CAPTURE(double_precision);
      const test::Scheduled model = test::scheduled_model(name, 33, 2, RadialForm::inline_);
      const driver::CheckedSource checked =
          driver::check_source(test::source_of(model, double_precision), model.schedule, double_precision);
      const std::vector<runtime::SharedNeed> needs = driver::shared_needs(model.schedule, double_precision);
      const auto precision =
          double_precision ? runtime::Precision::double_precision : runtime::Precision::single_precision;
      const runtime::BlockShape shape = runtime::shape_of(checked.tunables, {});
      // The kernels' constants, by a compiler that evaluates them: a wrong number is a defect of the text.
      std::string probe = checked.text;
      REQUIRE(needs.size() == model.schedule.phases.size());
      for (std::size_t p = 0; p < needs.size(); ++p) {
        probe += test::launch_probe(model.schedule.phases[p], shape.threads(),
                                    runtime::shared_bytes(needs[p], shape, precision));
      }
      CHECK_NOTHROW(clang::parse_manifest(probe, {"MLFF_PARSE"}));
    }
  }
}

TEST_CASE("the launch of every configuration is what clang makes of the source") {
  for (const emit::Fusion fusion : {emit::Fusion::phases, emit::Fusion::split}) {
    const test::Scheduled model = test::scheduled_model("painn-schnetpack", 32, 2, RadialForm::spline);
    const emit::Schedule schedule = emit::make_schedule(model.graph(), fusion);
    for (const bool double_precision : {false, true}) {
      const emit::Source source = emit::emit_source(model.graph(), schedule, {double_precision});
      const driver::CheckedSource checked = driver::check_source(source, schedule, double_precision);
      const std::vector<runtime::SharedNeed> needs = driver::shared_needs(schedule, double_precision);
      const auto precision =
          double_precision ? runtime::Precision::double_precision : runtime::Precision::single_precision;
      test::Random random(5);
      for (int trial = 0; trial < 12; ++trial) {
        runtime::Configuration configuration;
        std::vector<std::string> defines = {"MLFF_PARSE"};
        for (const runtime::Tunable& t : checked.tunables) {
          configuration[t.define] =
              t.choices[static_cast<std::size_t>(random.below(static_cast<int>(t.choices.size())))];
          defines.push_back(t.define + "=" + std::to_string(configuration[t.define]));
        }
        if (!runtime::problem_with(runtime::shape_of(checked.tunables, configuration)).empty()) continue;
        const clang::Manifest manifest = clang::parse_manifest(checked.text, defines);
        const runtime::BlockShape shape = runtime::shape_of(checked.tunables, configuration);
        for (std::size_t k = 0; k < manifest.kernels.size(); ++k) {
          CAPTURE(manifest.kernels[k].name);
          CHECK(manifest.kernels[k].max_threads == shape.threads());
          CHECK(manifest.kernels[k].shared_arrays.at(0).bytes == runtime::shared_bytes(needs[k], shape, precision));
        }
      }
    }
  }
}

TEST_CASE("shared memory follows the tunables") {
  const test::Scheduled model = test::scheduled_model("painn-schnetpack", 33, 2, RadialForm::inline_);
  const emit::Source source = test::source_of(model, false);
  const auto bytes = [&](const std::string& define) {
    return clang::parse_manifest(source.cuda, {"MLFF_PARSE", define}).kernels[1].shared_arrays.at(0).bytes;
  };
  const auto tile = static_cast<std::size_t>(model.schedule.phases[1].tile_numbers);
  CHECK(bytes("MLFF_TILE=8") + 8 * tile * sizeof(float) == bytes("MLFF_TILE=16"));
}
