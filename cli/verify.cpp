// `mlffgen verify`: one report on a model before it is trusted.
#include "cli/verify/verify.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/units.h"
#include "cli/checks/measure.h"
#include "cli/checks/rows.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/double_build.h"
#include "cli/frames.h"
#include "cli/machine.h"
#include "cli/output_file.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "runtime/bundle.h"
#include "runtime/extxyz.h"

namespace mlffgen::cli {

CheckContext VerifyInput::context(std::vector<Sample> samples) const {
  CheckContext out = make_context(model, std::move(samples), seed, tolerance_scale,
                                  !diagnostic(bundle, "norm-without-epsilon").empty());
  out.on_gpu = device.cuda;
  out.progress = progress;
  return out;
}

double VerifyInput::ev() const { return energy_in_ev(model.plan().energy_unit); }
double VerifyInput::angstrom() const { return 1 / length_in_angstrom(model.plan().length_unit); }
double VerifyInput::force_in_ev() const { return ev() * angstrom(); }

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kSignalStatus = 128;
constexpr const char *kReport = "report.md", *kPage = "report.html", *kJson = "verify.json";

constexpr const char* kFooter = R"(examples:
  mlffgen verify model.mlff --double double.mlff --output report
  mlffgen verify model.mlff held-out.extxyz --double double.mlff --weights weights.safetensors --output report
  mlffgen verify model.mlff start.extxyz --device cuda --md-time 100 --json

The double build ('compile --precision double') and PyTorch, in the Python of MLFFGEN_PYTHON or python3, are what forces
are compared with; without them those rows are skipped. --output makes a folder with report.md, report.html (one page with
its charts), verify.json and the charts. The exit status is 1 if a row fails.
)";

struct Arguments {
  fs::path model, data, double_model, weights, output;
  std::string device = "host", baseline = "auto";
  std::uint64_t seed = 1;
  double tolerance_scale = 1, md_time = 20, md_temperature = 300, timestep = 0.5;
  int most_structures = 100;
  bool json = false;
};

struct VerifyReport {
  std::string model, precision, device, generator, command, date;
  json machine;
  std::vector<VerifySection> sections;

  std::vector<CheckRow> rows() const {
    std::vector<CheckRow> all;
    for (const VerifySection& section : sections) all.insert(all.end(), section.rows.begin(), section.rows.end());
    return all;
  }
};

VerifyData read_data(const Arguments& arguments, runtime::Evaluator& model) {
  VerifyData data;
  if (arguments.data.empty()) return data;
  const Units units{model.plan().length_unit, model.plan().energy_unit};
  runtime::ExtxyzReader reader(arguments.data);
  for (runtime::Frame frame; static_cast<int>(data.samples.size()) < arguments.most_structures && reader.read(frame);) {
    convert_frame(frame, frame_units(frame, units), units);
    data.samples.push_back({frame_label(static_cast<int>(data.samples.size()), frame), frame.structure});
    try {
      data.labels.add(compare(frame, model.evaluate({&frame.structure, 1}).front()));
    } catch (const StructureError& error) {
      throw UserError(fmt::format("{}: {}: {}", arguments.data.string(), data.samples.back().label, error.what()));
    }
  }
  if (data.samples.empty()) throw UserError(fmt::format("{}: the file holds no structure", arguments.data.string()));
  return data;
}

// The double build, which must be of the same model.
OpenModel open_truth(const Arguments& arguments, const runtime::Plan& plan, const api::Device& device) {
  if (arguments.double_model.empty()) return {};
  OpenModel truth = open_model(runtime::Bundle::open(arguments.double_model), device);
  check_double_build(plan, arguments.model, truth.evaluator->plan(), arguments.double_model);
  return truth;
}

Document document_of(const VerifyReport& report) {
  const std::vector<CheckRow> rows = report.rows();
  const CheckCounts counts = count(rows);
  Document document(fmt::format("Verification of {}", report.model));
  document.paragraph(fmt::format("{}: {}.", counts.failed == 0 ? "Passed" : "FAILED", counts.text()));
  document.paragraph(fmt::format("{} precision, {}; compiled by mlffgen {}. {}, {}.", report.precision, report.device,
                                 report.generator, report.machine.value("processor", "unknown processor"),
                                 report.date));
  document.paragraph(fmt::format("`{}`", report.command));
  for (const VerifySection& section : report.sections) {
    document.heading(section.title);
    if (!section.text.empty()) document.paragraph(section.text);
    document.table(table_of(section.rows));
    for (const std::string& note : notes_of(section.rows)) document.paragraph(note + ".");
    for (const VerifyTable& table : section.tables) {
      document.paragraph(table.title + ":");
      document.table(table.table);
    }
    for (const VerifyChart& chart : section.charts) document.chart(chart.file, chart.title, chart.svg);
  }
  document.heading("What the figures are");
  document.paragraph(
      "Errors of rows are relative. Forces: over the RMS force of the structure, or 0.25 eV/angstrom if that is more. "
      "Energies: over the sum of the atoms' energies without their element's offset, each taken positive, or 1 eV if "
      "that "
      "is more. Virials: over the largest element, or the force's scale times the cutoff. Finite differences: over the "
      "largest component of a force, or the virial's scale.");
  return document;
}

json report_json(const VerifyReport& report) {
  const CheckCounts counts = count(report.rows());
  json out = {{"model", report.model},
              {"precision", report.precision},
              {"device", report.device},
              {"generator", report.generator},
              {"command", report.command},
              {"date", report.date},
              {"machine", report.machine},
              {"passed", counts.failed == 0},
              {"counts", {{"passed", counts.passed}, {"failed", counts.failed}, {"skipped", counts.skipped}}},
              {"sections", json::array()}};
  for (const VerifySection& section : report.sections) {
    json entry = {{"title", section.title}, {"checks", json::array()}, {"tables", json::array()}};
    for (const CheckRow& row : section.rows) entry["checks"].push_back(row_json(row));
    for (const VerifyTable& table : section.tables) {
      entry["tables"].push_back({{"title", table.title}, {"heads", table.table.heads()}, {"rows", table.table.rows()}});
    }
    out["sections"].push_back(entry);
  }
  return out;
}

void write_report(const ReportFolder& folder, const VerifyReport& report) {
  const Document document = document_of(report);
  for (const VerifySection& section : report.sections) {
    for (const VerifyChart& chart : section.charts) folder.write(chart.file, chart.svg);
  }
  folder.write(kJson, report_json(report).dump(1) + "\n");
  folder.write(kPage, document.html());
  folder.write(kReport, document.markdown());
}

void print_report(const VerifyReport& report) {
  fmt::print("{}: {} precision, {}\n", report.model, report.precision, report.device);
  for (const VerifySection& section : report.sections) {
    print_section(section.title, table_of(section.rows));
    for (const std::string& note : notes_of(section.rows)) fmt::print("  {}\n", note);
    for (const VerifyTable& table : section.tables) print_section(table.title, table.table);
  }
  fmt::print("\n{}\n", count(report.rows()).text());
}

void check(const Arguments& arguments) {
  usage_check(std::isfinite(arguments.md_time) && arguments.md_time >= 0, "--md-time: expected a number of ps");
  usage_check(std::isfinite(arguments.timestep) && arguments.timestep > 0,
              "--timestep: expected a positive number of fs");
  usage_check(std::isfinite(arguments.md_temperature) && arguments.md_temperature > 0,
              "--md-temperature: expected a positive number of K");
  usage_check(arguments.baseline != "require" || !arguments.weights.empty(),
              "--baseline require needs --weights FILE, the weights of the model");
}

int run(const Arguments& arguments) {
  check(arguments);
  const api::Device device = device_of(arguments.device);
  const runtime::Bundle bundle = runtime::Bundle::open(arguments.model);
  const OpenModel opened = open_model(bundle, device);
  const runtime::Plan& plan = opened.evaluator->plan();
  const OpenModel truth = open_truth(arguments, plan, device);
  std::optional<ReportFolder> folder;
  if (!arguments.output.empty()) folder.emplace(arguments.output, std::vector<std::string>{kReport, kPage, kJson});
  std::string no_autograd;
  if (arguments.baseline == "none") no_autograd = "--baseline none";
  if (no_autograd.empty() && arguments.weights.empty()) no_autograd = "--weights does not name the model's weights";

  VerifyInput input{bundle,
                    device,
                    *opened.evaluator,
                    truth.evaluator.get(),
                    arguments.weights,
                    no_autograd,
                    arguments.baseline == "require",
                    read_data(arguments, *opened.evaluator),
                    arguments.seed,
                    arguments.tolerance_scale,
                    arguments.md_time,
                    arguments.md_temperature,
                    arguments.timestep,
                    [](const std::string& what) { show_progress(fmt::format("verifying: {} ...", what)); }};
  VerifyReport report{plan.name,
                      plan.precision == runtime::Precision::double_precision ? "double" : "float",
                      opened.evaluator->device(),
                      plan.generator,
                      command_text(),
                      time_text(),
                      describe_machine(device.cuda ? device.index : -1),
                      {}};
  StopSignal signals;
  for (const auto& part : {verify_accuracy, verify_physics, verify_edge_cases, verify_cutoff, verify_dynamics}) {
    if (StopSignal::received() != 0) break;
    report.sections.push_back(part(input));
    explain_failures(bundle, report.sections.back().rows);
  }
  end_progress();
  if (StopSignal::received() != 0) {
    fmt::print(stderr, "mlffgen: note: stopped by {}: no report was written\n", StopSignal::name());
    return kSignalStatus + StopSignal::received();
  }
  if (folder) write_report(*folder, report);
  if (arguments.json) {
    fmt::print("{}\n", report_json(report).dump(2));
  } else {
    print_report(report);
    if (!arguments.output.empty()) fmt::print("wrote {}\n", (arguments.output / kPage).string());
  }
  return count(report.rows()).failed > 0 ? 1 : 0;
}

}  // namespace

Command add_verify(CLI::App& program) {
  CLI::App* app = program.add_subcommand("verify", "one report on a model: accuracy, physics, edge cases, dynamics");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_option("structures", arguments->data, "structures of what the model is for, with or without labels")
      ->type_name("DATA.extxyz");
  app->add_option("--double", arguments->double_model, "the same model in double precision")->type_name("DOUBLE.mlff");
  app->add_option("--weights", arguments->weights, "the weights of the model, for PyTorch")
      ->type_name("FILE.safetensors");
  app->add_option("--baseline", arguments->baseline, "compare with PyTorch: auto, none or require")
      ->check(CLI::IsMember({"auto", "none", "require"}))
      ->type_name("WHEN")
      ->capture_default_str();
  add_device_option(*app, arguments->device);
  app->add_option("--most-structures", arguments->most_structures, "structures of DATA that are used, from its start")
      ->check(whole_number(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--md-time", arguments->md_time, "dynamics at constant energy, in ps; 0: none")
      ->type_name("PS")
      ->capture_default_str();
  app->add_option("--md-temperature", arguments->md_temperature, "of that, in K")
      ->type_name("K")
      ->capture_default_str();
  app->add_option("--timestep", arguments->timestep, "of that, in fs")->type_name("FS")->capture_default_str();
  app->add_option("--seed", arguments->seed, "of the random structures, rotations, orders and velocities")
      ->check(whole_number(0, kMaxSeed))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--tolerance-scale", arguments->tolerance_scale, "multiplies every bound")
      ->check(CLI::PositiveNumber)
      ->type_name("X")
      ->capture_default_str();
  app->add_option("--output", arguments->output, "write report.md, report.html, verify.json and charts there")
      ->type_name("FOLDER");
  app->add_flag("--json", arguments->json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
