// `mlffgen check`: does a compiled model obey physics?
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/checks/checks.h"
#include "cli/checks/samples.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/frames.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/extxyz.h"

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

std::vector<Sample> read_samples(const fs::path& path, const runtime::Plan& plan) {
  const Units units{plan.length_unit, plan.energy_unit};
  runtime::ExtxyzReader reader(path);
  std::vector<Sample> samples;
  for (runtime::Frame frame; samples.size() < kMostFrames && reader.read(frame);) {
    convert_frame(frame, frame_units(frame, units), units);
    samples.push_back({frame_label(static_cast<int>(samples.size()), frame), frame.structure});
  }
  if (samples.empty()) throw UserError(fmt::format("{}: the file holds no structure", path.string()));
  return samples;
}

// The compiler's diagnostic of that code, or "".
std::string diagnostic(const runtime::Bundle& bundle, const std::string& code) {
  if (!bundle.has("report")) return "";
  const json report = json::parse(bundle.text("report"), nullptr, false);
  if (!report.is_object() || !report.contains("diagnostics")) return "";
  for (const json& entry : report.at("diagnostics")) {
    if (entry.value("code", "") == code) return entry.value("text", "");
  }
  return "";
}

// A model whose architecture breaks a symmetry fails, and the row says what the compiler said.
void explain_failures(const runtime::Bundle& bundle, std::vector<CheckRow>& rows) {
  const std::string broken = diagnostic(bundle, "breaks-rotation");
  if (broken.empty()) return;
  for (CheckRow& row : rows) {
    if (row.status == CheckRow::Status::fail && row.name == "rotation") row.note = "by design of the model: " + broken;
  }
}

const char* status_text(CheckRow::Status status) {
  switch (status) {
    case CheckRow::Status::pass:
      return "pass";
    case CheckRow::Status::fail:
      return "FAIL";
    case CheckRow::Status::skipped:
      return "skipped";
  }
  throw InternalError("a check has no status");
}

void print_rows(const std::vector<CheckRow>& rows) {
  Table table({"<check", "<of", "error", "bound", "<result", "<largest at"});
  for (const CheckRow& row : rows) {
    const bool exact = row.bound == 0;
    const bool ran = row.status != CheckRow::Status::skipped;
    table.add({row.name, row.quantity,
               !ran ? "-" : fmt::format(fmt::runtime(exact ? "{:.0f}" : "{:.1e}"), row.measured),
               exact ? "same bits" : fmt::format("{:.1e}", row.bound), status_text(row.status), row.worst});
  }
  fmt::print("\n{}", table.str());
  std::vector<std::string> notes;
  for (const CheckRow& row : rows) {
    if (row.note.empty()) continue;
    const std::string note = fmt::format("{}: {}", row.name, row.note);
    if (notes.empty() || notes.back() != note) notes.push_back(note);
  }
  if (!notes.empty()) fmt::print("\n");
  for (const std::string& note : notes) fmt::print("{}\n", note);
}

json row_json(const CheckRow& row) {
  json out = {{"check", row.name},  {"quantity", row.quantity}, {"status", status_text(row.status)},
              {"bound", row.bound}, {"structure", row.worst},   {"note", row.note}};
  out["status"] = row.status == CheckRow::Status::fail ? "fail" : out["status"];
  out["error"] = row.status == CheckRow::Status::skipped ? json() : json(row.measured);
  return out;
}

int run(const Arguments& arguments) {
  const api::Device device = device_of(arguments.device);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const OpenModel opened = open_model(bundle, device);
  runtime::Evaluator& model = *opened.evaluator;
  const runtime::Plan& plan = model.plan();
  CheckContext context = make_context(
      model, arguments.input.empty() ? generate_samples(plan, arguments.seed) : read_samples(arguments.input, plan),
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

  int failed = 0, skipped = 0;
  for (const CheckRow& row : rows) {
    failed += row.status == CheckRow::Status::fail ? 1 : 0;
    skipped += row.status == CheckRow::Status::skipped ? 1 : 0;
  }
  const char* precision = plan.precision == runtime::Precision::double_precision ? "double" : "float";
  if (arguments.json) {
    json out = {{"model", plan.name},     {"precision", precision}, {"device", model.device()},
                {"seed", arguments.seed}, {"passed", failed == 0},  {"structures", json::array()},
                {"checks", json::array()}};
    for (const Sample& sample : context.samples) {
      out["structures"].push_back({{"name", sample.label}, {"n_atoms", sample.structure.positions.size()}});
    }
    for (const CheckRow& row : rows) out["checks"].push_back(row_json(row));
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{}: {} precision, {}; {} structures\n", plan.name, precision, model.device(), context.samples.size());
    print_rows(rows);
    fmt::print("\n{} passed, {} failed, {} skipped\n", static_cast<int>(rows.size()) - failed - skipped, failed,
               skipped);
  }
  return failed > 0 ? 1 : 0;
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
