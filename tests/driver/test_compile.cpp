// What `mlffgen compile` makes of a spec: sections, report, source folder, errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "codegen/passes/passes.h"
#include "runtime/bundle.h"
#include "runtime/kernel_cost.h"
#include "small_model.h"
#include "tests/codegen_emit/models.h"

using namespace mlffgen;
using nlohmann::json;

namespace {

std::vector<std::string> section_names(const driver::Compiled& compiled) {
  std::vector<std::string> names;
  for (const runtime::BundleSection& s : compiled.sections) names.push_back(s.name);
  return names;
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

}  // namespace

TEST_CASE("the report tells the model, its cost, its stages' seconds and each target") {
  test::SmallModel model;
  model.options.host_cpus = {"x86-64-v3", "x86-64-v2"};
  model.options.radial = passes::RadialForm::spline;
  const json report = driver::compile(model.options, {}).report;
  CHECK(report.at("model") == "small");
  CHECK(report.at("architecture") == "painn-schnetpack");
  CHECK(report.at("precision") == "float");
  CHECK(report.at("phases") == 4);
  CHECK(report.at("bytes_per_atom").get<int>() > 0);
  CHECK(report.at("diagnostics").is_array());
  std::vector<std::string> stages;
  for (const json& stage : report.at("seconds")) {
    stages.push_back(stage.at("stage"));
    CHECK(stage.at("seconds").get<double>() >= 0);
  }
  CHECK(stages == std::vector<std::string>{"read", "elaborate", "passes", "schedule", "emit", "check source",
                                           "machine code", "total"});
  REQUIRE(!report.at("splines").empty());
  for (const json& spline : report.at("splines")) {
    CHECK(spline.at("channels").get<int>() > 0);
    CHECK(spline.at("value_error").get<double>() <= 1e-6);
    CHECK(spline.at("derivative_error").get<double>() <= 1e-6);
  }
  CHECK(report.at("spline_grid").at("intervals").get<int>() > 0);
  REQUIRE(report.at("host").size() == 2);
  CHECK(report.at("host")[0].at("cpu") == "x86-64-v3");
  CHECK(report.at("host")[0].at("bytes").get<int>() > 0);
  CHECK(report.at("host")[0].at("vectorised_loops").get<int>() > 0);
  CHECK(report.at("host")[0].at("seconds").contains("backend"));
  CHECK(report.at("gpu").empty());
}

TEST_CASE("bytes an atom are those of the plan's slots, and double ones are twice the float ones") {
  test::SmallModel model;
  int bytes[2] = {};
  for (const bool double_precision : {false, true}) {
    model.options.double_precision = double_precision;
    model.options.radial = passes::RadialForm::inline_;
    const driver::Compiled compiled = driver::compile(model.options, {});
    const json plan = json::parse(test::section(compiled, "plan"));
    int sum = 0;
    for (const json& slot : plan.at("forms")[0].at("slots")) sum += slot.get<int>();
    CHECK(compiled.report.at("bytes_per_atom") == sum);
    CHECK(plan.at("precision") == (double_precision ? "double" : "float"));
    bytes[double_precision ? 1 : 0] = sum;
  }
  CHECK(bytes[1] == 2 * bytes[0]);
}

TEST_CASE("a double build evaluates radial functions and uses no table unless told to") {
  test::SmallModel model;
  model.options.double_precision = true;
  CHECK(driver::compile(model.options, {}).report.at("splines").empty());
  model.options.radial = passes::RadialForm::spline;
  CHECK(!driver::compile(model.options, {}).report.at("splines").empty());
}

TEST_CASE(
    "the bundle holds the plan, the report without times, the manifest, the source, what the user wrote and the code") {
  test::SmallModel model;
  model.options.host_cpus = {"x86-64-v2"};
  const driver::Compiled compiled = driver::compile(model.options, {});
  CHECK(section_names(compiled) == std::vector<std::string>{"plan", "report", "manifest", "cost", "source.cu", "spec",
                                                            "program", "constants", "host/x86-64-v2"});
  CHECK(test::section(compiled, "spec") == test::kSmallSpec);
  CHECK(test::section(compiled, "program").find("energy = sum_i(") != std::string::npos);
  CHECK(test::section(compiled, "source.cu").find("phase_0") != std::string::npos);
  CHECK(test::section(compiled, "host/x86-64-v2").substr(0, 4) == "\177ELF");
  const json manifest = json::parse(test::section(compiled, "manifest"));
  CHECK(manifest.at("kernels").size() == 4);
  CHECK(manifest.at("tunables").size() == 8);
  const json cost = json::parse(test::section(compiled, "cost"));
  CHECK(cost.size() == 4);
  CHECK(cost.at("phase_1").at("pair").at("gathered").get<double>() > 0);
  CHECK(test::section(compiled, "report").find("seconds") == std::string::npos);
}

TEST_CASE("products of tensor cores are counted with every number of the matrices that their kernel is given") {
  test::SmallModel model(test::small_spec("painn-schnetpack", 16, 2));
  model.options.host_cpus = {};
  const driver::Compiled compiled = driver::compile(model.options, {});
  const std::string bytes = runtime::Bundle::serialise(compiled.sections);
  const runtime::Bundle bundle = runtime::Bundle::parse({bytes.begin(), bytes.end()}, "model.mlff");
  const auto costs = runtime::read_costs(bundle);
  const runtime::Plan plan = runtime::read_plan(bundle);
  REQUIRE(costs.size() == plan.form().kernels.size());
  double products = 0;
  for (const runtime::Plan::Kernel& kernel : plan.form().kernels) {
    double numbers = 0;
    for (const runtime::Argument& argument : kernel.arguments) {
      if (argument.kind != runtime::ArgumentKind::constant) continue;
      const runtime::Plan::Constant& constant = plan.constants[argument.index];
      if (constant.inputs > 0) numbers += static_cast<double>(constant.bytes) / sizeof(float);
    }
    const runtime::KernelCost& cost = costs.at(kernel.name);
    CAPTURE(kernel.name);
    CHECK(cost.scalar_products / 2 + cost.vector_products / 6 == numbers);
    CHECK(cost.tile.weights >= numbers);
    products += numbers;
  }
  CHECK(products > 0);
  const json tunables = json::parse(test::section(compiled, "manifest")).at("tunables");
  const auto batch = std::find_if(tunables.begin(), tunables.end(),
                                  [](const json& tunable) { return tunable.at("define") == "MLFF_PAIR_BATCH"; });
  REQUIRE(batch != tunables.end());
  CHECK(batch->at("value") == runtime::kGpuPairBatch);
}

TEST_CASE("compiling twice gives identical bundles") {
  const std::string spec = test::small_spec("schnet", 8, 1);
  test::SmallModel one(spec), two(spec);
  one.options.host_cpus = two.options.host_cpus = {"x86-64-v3"};
  const std::string first = runtime::Bundle::serialise(driver::compile(one.options, {}).sections);
  CHECK(first == runtime::Bundle::serialise(driver::compile(one.options, {}).sections));
  // From another folder, too: no path is in the file.
  CHECK(first == runtime::Bundle::serialise(driver::compile(two.options, {}).sections));
}

TEST_CASE("observers hear every stage, and the graph after the passes that were asked for") {
  test::SmallModel model;
  std::vector<std::string> stages, passes;
  driver::Callbacks callbacks;
  callbacks.stage = [&](const std::string& stage) { stages.push_back(stage); };
  callbacks.ir = [&](const std::string& pass, const std::string& ir) {
    passes.push_back(pass);
    CHECK(ir.find("%0: ") != std::string::npos);
  };
  driver::compile(model.options, callbacks);
  CHECK(passes.empty());
  CHECK(stages ==
        std::vector<std::string>{"read", "elaborate", "passes", "schedule", "emit", "check source", "machine code"});
  model.options.print_after = "hoist-products";
  driver::compile(model.options, callbacks);
  CHECK(passes == std::vector<std::string>{"hoist-products"});
  passes.clear();
  model.options.print_after = "all";
  driver::compile(model.options, callbacks);
  CHECK(passes == passes::pass_names());
}

TEST_CASE("the source folder is made and holds the kernels for both targets, the graph and the schedule") {
  test::SmallModel model;
  const std::filesystem::path folder = model.folder.path() / "a" / "b";
  model.options.emit_source = folder;
  const driver::Compiled compiled = driver::compile(model.options, {});
  CHECK(files_in(folder) == std::set<std::string>{"graph.txt", "model.cu", "model_host.cpp", "schedule.txt"});
  CHECK(read_text_file(folder / "model.cu", 1 << 24) == test::section(compiled, "source.cu"));
  CHECK(read_text_file(folder / "model_host.cpp", 1 << 24).find("mlff_host_phase_0") != std::string::npos);
  CHECK(read_text_file(folder / "schedule.txt", 1 << 24).rfind("phase 0: ", 0) == 0);
  CHECK(read_text_file(folder / "graph.txt", 1 << 24).find("pair_gradient") != std::string::npos);
}

TEST_CASE("a source folder that cannot be made is the user's error") {
  test::SmallModel model;
  model.options.emit_source = model.options.spec / "folder";
  CHECK_THROWS_AS(driver::compile(model.options, {}), UserError);
}

TEST_CASE("a spec without weights says so, at the spec") {
  test::SmallModel model;
  model.options.untrained_seed.reset();
  CHECK_THROWS_WITH_AS(driver::compile(model.options, {}),
                       doctest::Contains("no weights: the spec has no key weights and --weights is not given"),
                       UserError);
}

TEST_CASE("errors of a spec, its program and its weights leave no file behind") {
  const std::string good = test::kSmallSpec;
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& spec : {changed("mlffgen: 1", "mlffgen: 9"), changed("painn-schnetpack", "painn-schnetpark"),
                                  changed("features: 8", "features: 0"), good + "weights: missing.safetensors\n"}) {
    CAPTURE(spec);
    test::SmallModel model(spec);
    if (spec.find("missing") != std::string::npos) model.options.untrained_seed.reset();
    model.options.emit_source = model.folder.path() / "source";
    model.options.host_cpus = {"native"};
    CHECK_THROWS_AS(driver::compile(model.options, {}), UserError);
    CHECK(files_in(model.folder.path()) == std::set<std::string>{"spec.yaml"});
    CHECK_FALSE(std::filesystem::exists(model.folder.path() / "source"));
  }
}

TEST_CASE("a processor that does not exist is the user's error") {
  test::SmallModel model;
  model.options.host_cpus = {"x86-64-v9"};
  CHECK_THROWS_WITH_AS(driver::compile(model.options, {}), doctest::Contains("x86-64-v9"), UserError);
}
