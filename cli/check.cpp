// `mlffgen check`: does a compiled model obey physics?
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/checks/calm.h"
#include "cli/checks/checks.h"
#include "cli/checks/rows.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostFrames = 32;  // of a file

constexpr const char* kFooter = R"(examples:
  mlffgen check model.mlff
  mlffgen check model.mlff structures.extxyz --json
  mlffgen check model.mlff --seed 7 --tolerance-scale 10
  mlffgen check model.mlff --device cuda

Without structures, random ones of the model's elements are made. Of a file, the first 32 structures are used. The exit
status is 1 if a check fails.
)";

struct Arguments {
  fs::path model, input;
  std::string device = "host";
  std::uint64_t seed = 1;
  double tolerance_scale = 1;
  bool json = false;
};

void print_rows(const std::vector<CheckRow>& rows) {
  fmt::print("\n{}", table_of(rows).str());
  const std::vector<std::string> notes = notes_of(rows);
  if (!notes.empty()) fmt::print("\n");
  for (const std::string& note : notes) fmt::print("{}\n", note);
}

int run(const Arguments& arguments) {
  const api::Device device = device_of(arguments.device);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const OpenModel opened = open_model(bundle, device);
  runtime::Evaluator& model = *opened.evaluator;
  const runtime::Plan& plan = model.plan();
  CheckContext context = make_context(
      model,
      arguments.input.empty() ? calm_samples(model, arguments.seed) : read_samples(arguments.input, plan, kMostFrames),
      arguments.seed, arguments.tolerance_scale, !diagnostic(bundle, "norm-without-epsilon").empty());
  context.on_gpu = device.cuda;
  context.progress = [](const std::string& what) { show_progress(fmt::format("checking: {} ...", what)); };
  std::vector<CheckRow> rows;
  check_derivatives(context, rows);
  check_symmetries(context, rows);
  check_periodicity(context, rows);
  check_consistency(context, rows);
  explain_failures(bundle, rows);
  end_progress();

  const CheckCounts counts = count(rows);
  const char* precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
  if (arguments.json) {
    json out = {{"model", plan.name},     {"precision", precision},       {"device", model.device()},
                {"seed", arguments.seed}, {"passed", counts.failed == 0}, {"structures", json::array()},
                {"checks", json::array()}};
    for (const Sample& sample : context.samples) {
      out["structures"].push_back({{"name", sample.label}, {"n_atoms", sample.structure.positions.size()}});
    }
    for (const CheckRow& row : rows) out["checks"].push_back(row_json(row));
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{}: {} precision, {}; {} structures\n", plan.name, precision, model.device(), context.samples.size());
    print_rows(rows);
    fmt::print("\n{}\n", counts.text());
  }
  return counts.failed > 0 ? 1 : 0;
}

}  // namespace

Command add_check(CLI::App& program) {
  CLI::App* app = program.add_subcommand("check", "check a model's physics: gradients, symmetries, periodicity");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_option("structures", arguments->input, "the structures to check with")->type_name("IN.extxyz");
  add_device_option(*app, arguments->device);
  app->add_option("--seed", arguments->seed, "of the random structures, rotations and orders")
      ->check(whole_number(0, kMaxSeed))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--tolerance-scale", arguments->tolerance_scale, "multiplies every bound")
      ->check(CLI::PositiveNumber)
      ->type_name("X")
      ->capture_default_str();
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
