// `mlffgen info`: what a model file holds.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"
#include "runtime/bundle.h"
#include "runtime/cpu_features.h"
#include "runtime/fingerprint.h"
#include "runtime/plan.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFooter = R"(examples:
  mlffgen info model.mlff
  mlffgen info model.mlff --json
)";

struct Arguments {
  fs::path model;
  bool json = false;
};

json report_section(const runtime::Bundle& bundle) {
  json report = bundle.has("report") ? json::parse(bundle.text("report"), nullptr, false) : json::object();
  return report.is_object() ? report : json::object();
}

// What follows "host/" or "cuda/" in the names of sections.
std::vector<std::string> targets(const runtime::Bundle& bundle, const std::string& prefix) {
  std::vector<std::string> found;
  for (const std::string& name : bundle.names()) {
    if (name.starts_with(prefix)) found.push_back(name.substr(prefix.size()));
  }
  return found;
}

json describe(const runtime::Bundle& bundle) {
  const runtime::Plan plan = runtime::read_plan(bundle);
  const json report = report_section(bundle);
  json out = {{"file", bundle.path()},
              {"name", plan.name},
              {"generator", plan.generator},
              {"architecture", report.value("architecture", "")},
              {"precision", plan.precision == runtime::Precision::double_precision ? "double" : "float"},
              {"units", {{"length", plan.length_unit}, {"energy", plan.energy_unit}}},
              {"elements", json::array()},
              {"cutoff", plan.cutoff},
              {"fingerprint", runtime::fingerprint(bundle, plan)},
              {"phases", plan.form().kernels.size()},
              {"host", json::array()},
              {"cuda", targets(bundle, "cuda/")},
              {"sections", json::array()},
              {"diagnostics", report.value("diagnostics", json::array())}};
  for (const int number : plan.elements) out["elements"].push_back(element_symbol(number));
  std::size_t slots = 0;
  for (const std::size_t bytes : plan.form().slots) slots += bytes;
  out["bytes_per_atom"] = slots;
  for (const runtime::Plan::HostObject& object : plan.host) {
    const std::vector<std::string> missing = runtime::missing_cpu_features(object.features);
    out["host"].push_back({{"section", object.section}, {"runs_here", missing.empty()}, {"missing_features", missing}});
  }
  for (const std::string& name : bundle.names()) {
    out["sections"].push_back({{"name", name}, {"bytes", bundle.bytes(name).size()}});
  }
  return out;
}

std::string words(const json& list) { return join(list.get<std::vector<std::string>>(), " "); }

void print_description(const json& info) {
  Table facts({"<", "<"});
  const auto text = [&](const char* key) { return info.at(key).get<std::string>(); };
  facts.add({"name", text("name")});
  facts.add({"architecture", text("architecture")});
  facts.add({"elements", words(info.at("elements"))});
  facts.add({"cutoff",
             fmt::format("{} {}", info.at("cutoff").get<double>(), info.at("units").at("length").get<std::string>())});
  facts.add({"energy unit", info.at("units").at("energy").get<std::string>()});
  facts.add({"precision", text("precision")});
  facts.add({"phases", info.at("phases").dump()});
  facts.add({"memory an atom", size_text(info.at("bytes_per_atom"))});
  facts.add({"made by", "mlffgen " + text("generator")});
  for (const json& host : info.at("host")) {
    const bool runs = host.at("runs_here").get<bool>();
    facts.add(
        {"processor code", host.at("section").get<std::string>() +
                               (runs ? "" : ", not for this machine: lacks " + words(host.at("missing_features")))});
  }
  facts.add({"GPU code", info.at("cuda").empty() ? "none made ahead" : words(info.at("cuda"))});
  fmt::print("{}", facts.str().substr(1));
  Table sections({"<section", "size"});
  for (const json& section : info.at("sections")) sections.add({section.at("name"), size_text(section.at("bytes"))});
  print_section("sections", sections);
  if (info.at("diagnostics").empty()) return;
  fmt::print("\nwhat the compiler said\n");
  for (const json& diagnostic : info.at("diagnostics")) {
    fmt::print("  {}\n", diagnostic.at("text").get<std::string>());
  }
}

int run(const Arguments& arguments) {
  const json info = describe(runtime::Bundle::open(arguments.model));
  if (arguments.json) {
    fmt::print("{}\n", info.dump(2));
  } else {
    print_description(info);
  }
  return 0;
}

}  // namespace

Command add_info(CLI::App& program) {
  CLI::App* app = program.add_subcommand("info", "print what a model file holds");
  const auto arguments = std::make_shared<Arguments>();
  app->add_option("model", arguments->model, "the compiled model")->required()->type_name("MODEL.mlff");
  app->add_flag("--json", arguments->json, "print the description as JSON");
  app->footer(kFooter);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace mlffgen::cli
