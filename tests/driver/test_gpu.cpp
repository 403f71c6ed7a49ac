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
#include "small_model.h"
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
  const json gpu = json::parse(test::section(driver::compile(model.options, {}), "plan")).at("gpu");
  REQUIRE(gpu.at("code").size() == 2);
  std::vector<int> chosen;
  for (const json& code : gpu.at("code")) {
    const int limit = jit::sm_limits(code.at("arch").get<std::string>()).shared_bytes_per_block;
    chosen.push_back(code.at("tile").get<int>());
    for (const json& tile : gpu.at("tiles")) {
      int most = 0;
      for (const json& launch : tile.at("launches")) most = std::max(most, launch.at("shared_bytes").get<int>());
      CHECK((most <= limit) == (tile.at("atoms").get<int>() <= chosen.back()));
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
      const std::vector<driver::Launch>& launches = checked.tiles.at(0).launches;
      // The kernels' constants, by a compiler that evaluates them: a wrong number is a defect of the text.
      std::string probe = checked.text;
      REQUIRE(launches.size() == model.schedule.phases.size());
      for (std::size_t p = 0; p < launches.size(); ++p) {
        probe += test::launch_probe(model.schedule.phases[p], launches[p]);
      }
      CHECK_NOTHROW(clang::parse_manifest(probe, {"MLFF_PARSE"}));
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
