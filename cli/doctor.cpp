// `mlffgen doctor`: what this machine offers, what is missing, and what to do about it.
#include <fmt/format.h>
#include <omp.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/cuda_driver.h"
#include "cli/table.h"
#include "runtime/cpu_features.h"
#include "runtime/jit/environment.h"
#include "runtime/jit/nvrtc.h"

namespace mlffgen::cli {
namespace {

using nlohmann::json;

constexpr const char* kFooter = R"(examples:
  mlffgen doctor
  mlffgen doctor --json
)";

struct Level {
  const char* name;
  std::vector<std::string> features;  // what it has beyond the level below
};

const std::vector<Level>& levels() {
  static const std::vector<Level> list = {
      {"x86-64-v2", {"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"}},
      {"x86-64-v3", {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}},
      {"x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}}};
  return list;
}

// The best level that this processor has all of, and what it lacks for the next.
json processor_level() {
  std::string best;
  for (const Level& level : levels()) {
    const std::vector<std::string> missing = runtime::missing_cpu_features(level.features);
    if (!missing.empty()) return {{"level", best}, {"next_level", level.name}, {"next_level_lacks", missing}};
    best = level.name;
  }
  return {{"level", best}};
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

json nvrtc() {
  try {
    const jit::Nvrtc library;
    const jit::NvrtcVersion version = library.version();
    return {{"found", true},
            {"library", library.library()},
            {"version", fmt::format("{}.{}", version.major, version.minor)},
            {"archs", library.supported_archs()}};
  } catch (const UserError& error) {
    const std::string details = error.what();
    return {{"found", false}, {"problem", details.substr(0, details.find("; tried:"))}, {"details", details}};
  }
}

json cuda() {
  const CudaDriver driver = find_cuda_driver();
  json out = {{"driver_found", driver.found}, {"driver_version", driver.version}, {"gpus", json::array()}};
  for (const Gpu& gpu : driver.gpus) {
    out["gpus"].push_back({{"name", gpu.name}, {"arch", gpu.arch}, {"memory_bytes", gpu.memory_bytes}});
  }
  if (!driver.details.empty()) out["details"] = driver.details;
  out["usable"] = false;
  out["reason"] = !driver.problem.empty() ? driver.problem
                                          : "this version of mlffgen evaluates models on the processor only; it makes "
                                            "GPU code, but does not run it";
  return out;
}

json environment() {
  json out = json::array();
  for (const jit::EnvironmentVariable& variable : jit::environment_variables()) {
    const auto value = jit::environment_variable(variable.name);
    out.push_back({{"name", variable.name}, {"meaning", variable.meaning}, {"value", value ? json(*value) : json()}});
  }
  return out;
}

json examine() {
  json cpu = processor_level();
  cpu["name"] = processor_name();
  cpu["threads"] = omp_get_max_threads();
  return {{"version", MLFFGEN_VERSION}, {"cpu", cpu},     {"llvm", MLFFGEN_HAS_CLANG != 0},
          {"nvrtc", nvrtc()},           {"cuda", cuda()}, {"environment", environment()}};
}

std::vector<std::string> advice(const json& report) {
  std::vector<std::string> list;
  if (!report.at("llvm").get<bool>()) {
    list.emplace_back("models cannot be compiled for the processor: build with -DMLFFGEN_WITH_CLANG=ON");
  }
  if (report.at("cpu").at("level") == "") {
    list.emplace_back("this processor is older than x86-64-v2: compile with --host-cpu native");
  }
  if (!report.at("nvrtc").at("found").get<bool>()) {
    list.push_back("GPU code cannot be made ahead: " + report.at("nvrtc").at("problem").get<std::string>());
  }
  list.push_back("--device cuda is not usable: " + report.at("cuda").at("reason").get<std::string>() +
                 "; use --device host");
  return list;
}

void print_report(const json& report) {
  Table facts({"<", "<"});
  const json& cpu = report.at("cpu");
  const auto text = [](const json& value) { return value.get<std::string>(); };
  facts.add({"mlffgen", text(report.at("version"))});
  facts.add({"processor", text(cpu.at("name"))});
  std::string level = text(cpu.at("level"));
  if (cpu.contains("next_level")) {
    level += fmt::format("; {} lacks {}", text(cpu.at("next_level")),
                         join(cpu.at("next_level_lacks").get<std::vector<std::string>>(), " "));
  }
  facts.add({"level", level});
  facts.add({"threads", cpu.at("threads").dump()});
  facts.add({"LLVM", report.at("llvm").get<bool>() ? "built in: models compile for the processor" : "not built in"});
  const json& compiler = report.at("nvrtc");
  if (compiler.at("found").get<bool>()) {
    const auto archs = compiler.at("archs").get<std::vector<std::string>>();
    facts.add({"NVRTC", fmt::format("{}, {}, {} to {}", text(compiler.at("version")), text(compiler.at("library")),
                                    archs.front(), archs.back())});
  } else {
    facts.add({"NVRTC", "not found"});
  }
  const json& driver = report.at("cuda");
  facts.add({"CUDA driver",
             driver.at("driver_found").get<bool>() ? "CUDA " + text(driver.at("driver_version")) : "not found"});
  for (const json& gpu : driver.at("gpus")) {
    facts.add({"GPU", fmt::format("{}, {}, {}", text(gpu.at("name")), text(gpu.at("arch")),
                                  size_text(gpu.at("memory_bytes")))});
  }
  fmt::print("{}", facts.str().substr(1));
  Table variables({"<variable", "<value", "<meaning"});
  for (const json& variable : report.at("environment")) {
    variables.add({text(variable.at("name")), variable.at("value").is_null() ? "-" : text(variable.at("value")),
                   text(variable.at("meaning"))});
  }
  print_section("environment", variables);
  fmt::print("\nwhat to do\n");
  for (const std::string& line : advice(report)) fmt::print("  {}\n", line);
}

}  // namespace

Command add_doctor(CLI::App& program) {
  CLI::App* app = program.add_subcommand("doctor", "print what this machine offers, what is missing and what to do");
  const auto as_json = std::make_shared<bool>(false);
  app->add_flag("--json", *as_json, "print the report as JSON");
  app->footer(kFooter);
  return {app, [as_json] {
            const json report = examine();
            if (*as_json) {
              fmt::print("{}\n", report.dump(2));
            } else {
              print_report(report);
            }
            return 0;
          }};
}

}  // namespace mlffgen::cli
