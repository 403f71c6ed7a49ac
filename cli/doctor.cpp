// `mlffgen doctor`: what this machine offers, what is missing, and what to do about it.
#include <fmt/format.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/gpu_trial.h"
#include "cli/machine.h"
#include "cli/table.h"
#include "runtime/cache/folder.h"
#include "runtime/cache/settings.h"
#include "runtime/cpu_features.h"
#include "runtime/cuda/driver.h"
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

// The folder of compiled kernels, or of what it will be made in.
json kernel_cache() {
  json out = {{"folder", ""}, {"usable", false}, {"problem", ""}};
  try {
    const cache::Settings settings = cache::environment_settings();
    out["folder"] = settings.folder.string();
    out["budget_bytes"] = settings.disk_bytes;
    if (settings.folder.empty()) throw UserError("there is no home folder; set MLFFGEN_CACHE_DIR");
    if (settings.disk_bytes == 0) throw UserError("MLFFGEN_CACHE_SIZE is 0");
    std::filesystem::path place = settings.folder;
    if (!cache::Folder::find(place)) {
      while (place.has_relative_path() && !std::filesystem::exists(place)) place = place.parent_path();
    }
    const bool is_folder = std::filesystem::is_directory(place);
    if (!is_folder || access(place.c_str(), W_OK) != 0) {
      const auto why = is_folder ? std::error_code(errno, std::generic_category())
                                 : std::make_error_code(std::errc::not_a_directory);
      throw UserError(
          fmt::format("{}: {}; set MLFFGEN_CACHE_DIR to a folder of your own", place.string(), why.message()));
    }
    out["usable"] = true;
  } catch (const UserError& error) {
    out["problem"] = error.what();
  }
  return out;
}

json cuda(const json& compiler) {
  const cuda::DriverReport found = cuda::examine_driver();
  const cuda::Driver& driver = found.driver;
  json out = {{"driver_found", !driver.library.empty()},
              {"driver_library", driver.library},
              {"driver_version", driver.version > 0 ? cuda::version_text(driver.version) : ""},
              {"kernel_driver", driver.kernel_driver},
              {"nvml_found", !driver.nvml.empty()},
              {"usable", found.problem.empty()},
              {"reason", found.problem},
              {"gpus", json::array()}};
  for (const cuda::DeviceInfo& gpu : driver.devices) {
    json facts = {{"index", gpu.index},
                  {"name", gpu.name},
                  {"arch", gpu.arch},
                  {"uuid", gpu.uuid},
                  {"memory_bytes", gpu.memory_bytes},
                  {"multiprocessors", gpu.multiprocessors}};
    if (gpu.free_bytes > 0) facts["free_bytes"] = gpu.free_bytes;
    const bool can_compile = compiler.at("found").get<bool>();
    const std::string problem = can_compile ? try_gpu(gpu.index) : compiler.at("problem").get<std::string>();
    facts["usable"] = problem.empty();
    if (!problem.empty()) facts["problem"] = problem;
    out["gpus"].push_back(std::move(facts));
  }
  const json& gpus = out["gpus"];
  const auto usable = [](const json& gpu) { return gpu.at("usable").get<bool>(); };
  if (found.problem.empty() && std::none_of(gpus.begin(), gpus.end(), usable)) {
    out["usable"] = false;
    out["reason"] = gpus.front().at("problem");
  }
  if (!found.details.empty()) out["details"] = found.details;
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
  const json compiler = nvrtc();
  return {{"version", MLFFGEN_VERSION},     {"cpu", cpu},
          {"llvm", MLFFGEN_HAS_CLANG != 0}, {"nvrtc", compiler},
          {"cuda", cuda(compiler)},         {"cache", kernel_cache()},
          {"environment", environment()}};
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
  if (!report.at("cuda").at("usable").get<bool>()) {
    list.push_back("--device cuda is not usable: " + report.at("cuda").at("reason").get<std::string>() +
                   "; use --device host");
  }
  for (const json& gpu : report.at("cuda").at("gpus")) {
    if (!report.at("cuda").at("usable").get<bool>() || gpu.at("usable").get<bool>()) continue;
    list.push_back(fmt::format("--device cuda:{} is not usable: {}", gpu.at("index").get<int>(),
                               gpu.at("problem").get<std::string>()));
  }
  if (!report.at("cache").at("usable").get<bool>()) {
    list.push_back("GPU kernels are compiled anew in every process: " +
                   report.at("cache").at("problem").get<std::string>());
  }
  return list;
}

std::string driver_text(const json& driver) {
  if (!driver.at("driver_found").get<bool>()) return "not found";
  std::string text = "CUDA " + driver.at("driver_version").get<std::string>();
  if (driver.at("kernel_driver") != "") text += ", driver " + driver.at("kernel_driver").get<std::string>();
  return text + (driver.at("nvml_found").get<bool>() ? "" : ", without NVML");
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
  facts.add({"CUDA driver", driver_text(driver)});
  for (const json& gpu : driver.at("gpus")) {
    std::string memory = size_text(gpu.at("memory_bytes"));
    if (gpu.contains("free_bytes")) memory += fmt::format(" ({} free)", size_text(gpu.at("free_bytes")));
    facts.add({fmt::format("GPU cuda:{}", gpu.at("index").get<int>()),
               fmt::format("{}, {}, {}: {}", text(gpu.at("name")), text(gpu.at("arch")), memory,
                           gpu.at("usable").get<bool>() ? "compiles and runs kernels" : "not usable")});
  }
  facts.add({"kernel cache", text(report.at("cache").at("folder"))});
  fmt::print("{}", facts.str().substr(1));
  Table variables({"<variable", "<value", "<meaning"});
  for (const json& variable : report.at("environment")) {
    variables.add({text(variable.at("name")), variable.at("value").is_null() ? "-" : text(variable.at("value")),
                   text(variable.at("meaning"))});
  }
  print_section("environment", variables);
  const std::vector<std::string> list = advice(report);
  if (!list.empty()) fmt::print("\nwhat to do\n");
  for (const std::string& line : list) fmt::print("  {}\n", line);
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
