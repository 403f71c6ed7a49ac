#include "codegen/driver/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "codegen/driver/targets.h"
#include "codegen/elaborate/elaborate.h"
#include "codegen/explain/cost.h"
#include "runtime/plan.h"

namespace mlffgen::driver {

namespace {

using Seconds = std::vector<std::pair<std::string, double>>;
using Clock = std::chrono::steady_clock;

constexpr int kHostTile = 16;  // the default of MLFF_TILE on the host
constexpr std::string_view kInline = "-inline";

// One way to cut the model's work into kernels.
struct Form {
  std::string name, section;
  std::optional<passes::Result> passes;  // if not the model's
  const ir::Graph* graph = nullptr;
  emit::Schedule schedule;
  emit::Source source;
  CheckedSource checked;
};

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

emit::Fusion fusion_of(const std::string& form) {
  return emit::fusion_named(form.ends_with(kInline) ? form.substr(0, form.size() - kInline.size()) : form);
}

passes::Options pass_options_for(const Options& options, const std::string& form) {
  passes::Options pass_options;
  pass_options.radial = form.ends_with(kInline) ? passes::RadialForm::inline_ : options.radial;
  // A table's error is far above what a double build is for.
  if (options.double_precision && options.radial == passes::RadialForm::automatic)
    pass_options.radial = passes::RadialForm::inline_;
  return pass_options;
}

// Names of kernels, sections and files that tell the forms apart; the first has the plain ones.
std::string kernel_prefix(const Options& options, const std::string& form) {
  if (form == options.forms.front()) return "phase";
  std::string prefix = form;
  std::replace(prefix.begin(), prefix.end(), '-', '_');
  return prefix;
}
std::string infix(const Options& options, const std::string& form) {
  return form == options.forms.front() ? "" : "." + form;
}

std::vector<Form> emit_forms(const Options& options, const Model& model) {
  emit::ConstantPool constants(options.double_precision);
  std::vector<std::string> names = options.forms;
  if (model.passes.splines.empty()) {  // then all are of this kind
    names.erase(std::remove_if(names.begin() + 1, names.end(), [](const auto& n) { return n.ends_with(kInline); }),
                names.end());
  }
  std::vector<Form> forms(names.size());
  for (std::size_t f = 0; f < forms.size(); ++f) {
    Form& form = forms[f];
    form.name = names[f];
    form.section = fmt::format("source{}.cu", infix(options, form.name));
    form.graph = &model.passes.graph;
    if (form.name.ends_with(kInline) && f > 0) {
      form.passes = passes::run_pipeline(model.program, pass_options_for(options, form.name));
      form.graph = &form.passes->graph;
    }
    form.schedule = f == 0 ? model.schedule : emit::make_schedule(*form.graph, fusion_of(form.name));
    form.source = emit::emit_source(*form.graph, form.schedule,
                                    {options.double_precision, kernel_prefix(options, form.name)}, constants);
  }
  return forms;
}

nlohmann::json gpu_json(const CheckedSource& checked, const std::vector<GpuCode>& gpu) {
  nlohmann::json json = {{"tunables", nlohmann::json::array()}, {"code", nlohmann::json::array()}};
  for (const runtime::Tunable& tunable : checked.tunables) {
    json["tunables"].push_back({{"define", tunable.define}, {"value", tunable.value}, {"choices", tunable.choices}});
  }
  for (const GpuCode& code : gpu) {
    json["code"].push_back(
        {{"section", "cuda/" + code.arch}, {"arch", code.arch}, {"configuration", code.configuration}});
  }
  return json;
}

nlohmann::json kernel_json(const emit::Kernel& kernel, const runtime::SharedNeed& need) {
  return {{"name", kernel.name},
          {"arguments", kernel.arguments},
          {"shared",
           {{"tile_numbers", need.tile_numbers},
            {"record_bytes", need.record_bytes},
            {"sum_numbers", need.sum_numbers},
            {"team_numbers", need.team_numbers},
            {"products", need.products}}}};
}

nlohmann::json form_json(const Form& form, bool double_precision) {
  const std::size_t real = double_precision ? sizeof(double) : sizeof(float);
  nlohmann::json json = {{"name", form.name},
                         {"source", form.section},
                         {"energy_kernels", form.schedule.energy_phases},
                         {"buffers", nlohmann::json::array()},
                         {"slots", nlohmann::json::array()},
                         {"kernels", nlohmann::json::array()}};
  for (std::size_t k = 0; k < form.source.buffer_names.size(); ++k) {
    const emit::Buffer& buffer = form.schedule.buffers[k];
    const auto numbers = static_cast<std::size_t>((*form.graph)[buffer.node].type.size());
    json["buffers"].push_back(
        {{"name", form.source.buffer_names[k]}, {"bytes_per_atom", numbers * real}, {"slot", buffer.slot}});
  }
  for (const int slot : form.schedule.slots) json["slots"].push_back(static_cast<std::size_t>(slot) * real);
  const std::vector<runtime::SharedNeed> needs = shared_needs(form.schedule, double_precision);
  for (std::size_t k = 0; k < needs.size(); ++k)
    json["kernels"].push_back(kernel_json(form.source.kernels[k], needs[k]));
  return json;
}

nlohmann::json plan_json(const Model& model, const std::vector<Form>& forms, const Options& options,
                         const std::vector<HostCode>& host, const std::vector<GpuCode>& gpu) {
  nlohmann::json plan = {{"schema", runtime::kPlanSchema},
                         {"generator", MLFFGEN_VERSION},
                         {"name", model.spec.name},
                         {"precision", options.double_precision ? "double" : "float"},
                         {"units", {{"length", model.spec.length_unit}, {"energy", model.spec.energy_unit}}},
                         {"elements", model.spec.elements},
                         {"cutoff", model.spec.cutoff},
                         {"element_energy", model.passes.element_energy},
                         {"tile", kHostTile},
                         {"constants", nlohmann::json::array()},
                         {"forms", nlohmann::json::array()},
                         {"host", nlohmann::json::array()},
                         {"gpu", gpu_json(forms.front().checked, gpu)}};
  for (const emit::Constant& c : forms.back().source.constants) {
    plan["constants"].push_back({{"name", c.name}, {"offset", c.offset}, {"bytes", c.bytes}});
    if (c.inputs > 0) {
      plan["constants"].back()["fragments"] = {c.inputs, c.outputs};
      plan["constants"].back()["exponent"] = c.exponent;
    }
  }
  for (const Form& form : forms) plan["forms"].push_back(form_json(form, options.double_precision));
  for (const HostCode& code : host) {
    plan["host"].push_back({{"section", "host/" + code.cpu}, {"features", code.features}});
  }
  return plan;
}

nlohmann::json cost_json(const std::vector<Form>& forms) {
  nlohmann::json costs = nlohmann::json::object();
  for (const Form& form : forms) {
    std::vector<std::string> kernels;
    for (const emit::Kernel& kernel : form.source.kernels) kernels.push_back(kernel.name);
    costs.update(explain::costs_json(*form.graph, form.schedule, kernels));
  }
  return costs;
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

void write_source_folder(const Options& options, const std::vector<Form>& forms) {
  const std::filesystem::path& folder = *options.emit_source;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw UserError(fmt::format("cannot make the folder {}: {}", quote(folder.string()), error.message()));
  const auto write = [&](const std::string& name, const std::string& text) {
    write_file_atomically(folder / name, text);
  };
  for (const Form& form : forms) {
    const std::string part = infix(options, form.name);
    write(fmt::format("model{}.cu", part), form.checked.text);
    write(fmt::format("graph{}.txt", part), ir::print(*form.graph));
    write(fmt::format("schedule{}.txt", part), emit::print(form.schedule, *form.graph));
  }
  write("model_host.cpp", forms.front().source.host);
}

}  // namespace

std::vector<std::string> default_forms() { return {"fused", "split", "fused-inline"}; }
std::vector<std::string> all_forms() { return {"fused", "split", "fused-inline", "fused-forward", "unfused"}; }

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
  const passes::Options pass_options = pass_options_for(options, options.forms.front());
  model.passes = timed("passes", callbacks, seconds, [&] {
    return passes::run_pipeline(model.program, pass_options, [&](const std::string& pass, const ir::Graph& graph) {
      if (callbacks.ir && (options.print_after == pass || options.print_after == "all"))
        callbacks.ir(pass, ir::print(graph));
    });
  });
  if (model.passes.graph.output("pair_gradient") == ir::kNoNode) {
    throw UserError(model.spec.where, "the energy does not depend on the positions of the atoms: there are no forces");
  }
  model.schedule = timed("schedule", callbacks, seconds,
                         [&] { return emit::make_schedule(model.passes.graph, fusion_of(options.forms.front())); });
  return model;
}

Compiled compile(const Options& options, const Callbacks& callbacks) {
  Seconds seconds;
  const auto start = Clock::now();
  const Model model = build_model(options, callbacks, seconds);
  std::vector<Form> forms = timed("emit", callbacks, seconds, [&] { return emit_forms(options, model); });
  timed("check source", callbacks, seconds, [&] {
    std::vector<std::future<CheckedSource>> jobs;
    for (const Form& form : forms) {
      jobs.push_back(std::async(std::launch::async, [&form, &options] {
        return check_source(form.source, form.schedule, options.double_precision);
      }));
    }
    for (std::size_t f = 0; f < forms.size(); ++f) forms[f].checked = jobs[f].get();
    return true;
  });
  if (options.emit_source) write_source_folder(options, forms);

  // All targets at once: each is one thread's work.
  if (callbacks.stage) callbacks.stage("machine code");
  const auto targets_start = Clock::now();
  std::vector<std::future<HostCode>> host_jobs;
  std::vector<std::future<GpuCode>> gpu_jobs;
  for (const std::string& cpu : options.host_cpus) {
    host_jobs.push_back(
        std::async(std::launch::async, [&forms, cpu] { return compile_host_code(forms.front().source.host, cpu); }));
  }
  for (const std::string& arch : options.gpu_archs) {
    gpu_jobs.push_back(std::async(std::launch::async, [&forms, &options, arch] {
      const Form& form = forms.front();
      return compile_gpu_code(form.checked, form.source.kernels, shared_needs(form.schedule, options.double_precision),
                              options.double_precision, arch);
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

  result.sections.push_back({"plan", plan_json(model, forms, options, host, gpu).dump()});
  result.sections.push_back({"report", facts.dump()});
  result.sections.push_back({"manifest", forms.front().checked.manifest.dump()});
  result.sections.push_back({"cost", cost_json(forms).dump()});
  for (const Form& form : forms) result.sections.push_back({form.section, form.checked.text});
  result.sections.push_back({"spec", model.spec.text});
  result.sections.push_back({"program", model.spec.architecture.program_text});
  const std::vector<char>& constants = forms.back().source.constant_data;
  result.sections.push_back({"constants", std::string(constants.begin(), constants.end())});
  for (const HostCode& code : host) result.sections.push_back({"host/" + code.cpu, code.bytes});
  for (const GpuCode& code : gpu) result.sections.push_back({"cuda/" + code.arch, code.bytes});
  return result;
}

}  // namespace mlffgen::driver
