#include "codegen/driver/compile.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "codegen/driver/targets.h"
#include "codegen/elaborate/elaborate.h"
#include "runtime/plan.h"

namespace mlffgen::driver {

namespace {

using Seconds = std::vector<std::pair<std::string, double>>;
using Clock = std::chrono::steady_clock;

constexpr int kHostTile = 16;  // the default of MLFF_TILE on the host

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <typename Run>
auto timed(const std::string& stage, const Callbacks& callbacks, Seconds& seconds, const Run& run) {
  if (callbacks.stage) callbacks.stage(stage);
  const auto start = Clock::now();
  auto result = run();
  seconds.emplace_back(stage, since(start));
  return result;
}

std::unique_ptr<elaborate::WeightSource> open_weights(const Options& options, const dsl::ModelSpec& spec) {
  if (options.untrained_seed) return elaborate::untrained_weights(*options.untrained_seed, spec.cutoff);
  if (!options.weights && !spec.weights) {
    throw UserError(spec.where, "no weights: the spec has no key weights and --weights is not given");
  }
  return elaborate::weights_from(dsl::WeightFile::open(options.weights ? *options.weights : *spec.weights));
}

nlohmann::json gpu_json(const std::vector<TileLaunches>& tiles, const std::vector<GpuCode>& gpu) {
  nlohmann::json json = {
      {"define", kTileDefine}, {"tiles", nlohmann::json::array()}, {"code", nlohmann::json::array()}};
  for (const TileLaunches& tile : tiles) {
    nlohmann::json launches = nlohmann::json::array();
    for (const Launch& launch : tile.launches) {
      launches.push_back({{"threads", launch.threads}, {"shared_bytes", launch.shared_bytes}});
    }
    json["tiles"].push_back({{"atoms", tile.atoms}, {"launches", std::move(launches)}});
  }
  for (const GpuCode& code : gpu) {
    json["code"].push_back({{"section", "cuda/" + code.arch}, {"arch", code.arch}, {"tile", code.tile}});
  }
  return json;
}

nlohmann::json plan_json(const Model& model, const emit::Source& source, const CheckedSource& checked,
                         const Options& options, const std::vector<HostCode>& host, const std::vector<GpuCode>& gpu) {
  const std::size_t real = options.double_precision ? sizeof(double) : sizeof(float);
  nlohmann::json plan = {{"schema", runtime::kPlanSchema},
                         {"generator", MLFFGEN_VERSION},
                         {"name", model.spec.name},
                         {"precision", options.double_precision ? "double" : "float"},
                         {"units", {{"length", model.spec.length_unit}, {"energy", model.spec.energy_unit}}},
                         {"elements", model.spec.elements},
                         {"cutoff", model.spec.cutoff},
                         {"element_energy", model.passes.element_energy},
                         {"tile", kHostTile},
                         {"energy_kernels", model.schedule.energy_phases},
                         {"constants", nlohmann::json::array()},
                         {"buffers", nlohmann::json::array()},
                         {"slots", nlohmann::json::array()},
                         {"kernels", nlohmann::json::array()},
                         {"host", nlohmann::json::array()},
                         {"gpu", gpu_json(checked.tiles, gpu)}};
  for (const emit::Constant& c : source.constants) {
    plan["constants"].push_back({{"name", c.name}, {"offset", c.offset}, {"bytes", c.bytes}});
    if (c.inputs > 0) {
      plan["constants"].back()["fragments"] = {c.inputs, c.outputs};
      plan["constants"].back()["exponent"] = c.exponent;
    }
  }
  for (std::size_t k = 0; k < source.buffer_names.size(); ++k) {
    const emit::Buffer& buffer = model.schedule.buffers[k];
    const auto numbers = static_cast<std::size_t>(model.passes.graph[buffer.node].type.size());
    plan["buffers"].push_back(
        {{"name", source.buffer_names[k]}, {"bytes_per_atom", numbers * real}, {"slot", buffer.slot}});
  }
  for (const int slot : model.schedule.slots) plan["slots"].push_back(static_cast<std::size_t>(slot) * real);
  for (const emit::Kernel& k : source.kernels)
    plan["kernels"].push_back({{"name", k.name}, {"arguments", k.arguments}});
  for (const HostCode& code : host) {
    plan["host"].push_back({{"section", "host/" + code.cpu}, {"features", code.features}});
  }
  return plan;
}

nlohmann::json report_json(const Model& model, const Options& options, const Seconds& seconds) {
  nlohmann::json report;
  report["model"] = model.spec.name;
  report["architecture"] = model.spec.architecture.name;
  report["precision"] = options.double_precision ? "double" : "float";
  for (const auto& [stage, time] : seconds) report["seconds"].push_back({{"stage", stage}, {"seconds", time}});
  report["diagnostics"] = nlohmann::json::array();
  for (const Diagnostic& d : model.diagnostics) {
    report["diagnostics"].push_back({{"code", d.code}, {"text", d.str()}});
  }
  report["splines"] = nlohmann::json::array();
  for (const passes::SplineReport& s : model.passes.splines) {
    report["splines"].push_back({{"function", s.function},
                                 {"channels", s.channels},
                                 {"value_error", s.value_error},
                                 {"derivative_error", s.derivative_error}});
  }
  const ir::SplineGrid& grid = model.passes.graph.spline_grid;
  if (grid.degree > 0)
    report["spline_grid"] = {
        {"degree", grid.degree}, {"intervals", grid.intervals}, {"begin", grid.begin}, {"end", grid.end}};
  report["phases"] = model.schedule.phases.size();
  report["bytes_per_atom"] = static_cast<std::size_t>(model.schedule.numbers_per_atom()) *
                             (options.double_precision ? sizeof(double) : sizeof(float));
  report["host"] = nlohmann::json::array();
  report["gpu"] = nlohmann::json::array();
  return report;
}

void write_source_folder(const Options& options, const Model& model, const emit::Source& source,
                         const std::string& cuda) {
  const std::filesystem::path& folder = *options.emit_source;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw UserError(fmt::format("cannot make the folder {}: {}", quote(folder.string()), error.message()));
  const auto write = [&](const char* name, const std::string& text) { write_file_atomically(folder / name, text); };
  write("model.cu", cuda);
  write("model_host.cpp", source.host);
  write("graph.txt", ir::print(model.passes.graph));
  write("schedule.txt", emit::print(model.schedule, model.passes.graph));
}

}  // namespace

std::vector<std::string> default_host_cpus() { return {"x86-64-v4", "x86-64-v3"}; }

Model build_model(const Options& options, const Callbacks& callbacks, Seconds& seconds) {
  Model model;
  model.spec = timed("read", callbacks, seconds, [&] { return dsl::load_spec(options.spec); });
  model.program = timed("elaborate", callbacks, seconds, [&] {
    const auto weights = open_weights(options, model.spec);
    ir::Graph graph = elaborate::elaborate(model.spec, *weights);
    model.diagnostics = elaborate::diagnose(graph, *weights, model.spec);
    return graph;
  });
  passes::Options pass_options;
  pass_options.radial = options.radial;
  // A table's error is far above what a double build is for.
  if (options.double_precision && options.radial == passes::RadialForm::automatic)
    pass_options.radial = passes::RadialForm::inline_;
  model.passes = timed("passes", callbacks, seconds, [&] {
    return passes::run_pipeline(model.program, pass_options, [&](const std::string& pass, const ir::Graph& graph) {
      if (callbacks.ir && (options.print_after == pass || options.print_after == "all"))
        callbacks.ir(pass, ir::print(graph));
    });
  });
  if (model.passes.graph.output("pair_gradient") == ir::kNoNode) {
    throw UserError(model.spec.where, "the energy does not depend on the positions of the atoms: there are no forces");
  }
  model.schedule = timed("schedule", callbacks, seconds, [&] { return emit::make_schedule(model.passes.graph); });
  return model;
}

Compiled compile(const Options& options, const Callbacks& callbacks) {
  Seconds seconds;
  const auto start = Clock::now();
  const Model model = build_model(options, callbacks, seconds);
  const emit::Source source = timed("emit", callbacks, seconds, [&] {
    return emit::emit_source(model.passes.graph, model.schedule, {options.double_precision});
  });
  const CheckedSource checked = timed("check source", callbacks, seconds,
                                      [&] { return check_source(source, model.schedule, options.double_precision); });
  if (options.emit_source) write_source_folder(options, model, source, checked.text);

  // All targets at once: each is one thread's work.
  if (callbacks.stage) callbacks.stage("machine code");
  const auto targets_start = Clock::now();
  std::vector<std::future<HostCode>> host_jobs;
  std::vector<std::future<GpuCode>> gpu_jobs;
  for (const std::string& cpu : options.host_cpus) {
    host_jobs.push_back(std::async(std::launch::async, [&source, cpu] { return compile_host_code(source.host, cpu); }));
  }
  for (const std::string& arch : options.gpu_archs) {
    gpu_jobs.push_back(std::async(std::launch::async, [&checked, &source, arch] {
      return compile_gpu_code(checked.text, source, checked.tiles, arch);
    }));
  }
  std::vector<HostCode> host;
  std::vector<GpuCode> gpu;
  for (auto& job : host_jobs) host.push_back(job.get());
  for (auto& job : gpu_jobs) gpu.push_back(job.get());
  seconds.emplace_back("machine code", since(targets_start));
  seconds.emplace_back("total", since(start));

  Compiled result;
  result.diagnostics = model.diagnostics;
  result.report = report_json(model, options, seconds);
  for (const HostCode& code : host) result.report["host"].push_back(code.report);
  for (const GpuCode& code : gpu) result.report["gpu"].push_back(code.report);
  nlohmann::json facts = result.report;  // the bundle's copy leaves out what differs from run to run
  facts.erase("seconds");
  for (auto& target : facts["host"]) target.erase("seconds");
  for (auto& target : facts["gpu"]) target.erase("seconds");

  result.sections.push_back({"plan", plan_json(model, source, checked, options, host, gpu).dump()});
  result.sections.push_back({"report", facts.dump()});
  result.sections.push_back({"manifest", checked.manifest.dump()});
  result.sections.push_back({"source.cu", checked.text});
  result.sections.push_back({"spec", model.spec.text});
  result.sections.push_back({"program", model.spec.architecture.program_text});
  result.sections.push_back({"constants", std::string(source.constant_data.begin(), source.constant_data.end())});
  for (const HostCode& code : host) result.sections.push_back({"host/" + code.cpu, code.bytes});
  for (const GpuCode& code : gpu) result.sections.push_back({"cuda/" + code.arch, code.bytes});
  return result;
}

}  // namespace mlffgen::driver
