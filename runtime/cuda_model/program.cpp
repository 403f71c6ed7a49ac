#include "runtime/cuda_model/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/fragments.h"
#include "runtime/fingerprint.h"
#include "runtime/jit/split_kernels.h"
#include "runtime/wisdom/wisdom.h"

namespace mlffgen::cuda_model {
namespace {

std::vector<runtime::SharedNeed> needs_of(const runtime::Plan::Form& form) {
  std::vector<runtime::SharedNeed> needs;
  for (const auto& kernel : form.kernels) needs.push_back(kernel.shared);
  return needs;
}

std::vector<std::string> form_names(const runtime::Plan& plan) {
  std::vector<std::string> names;
  for (const auto& form : plan.forms) names.push_back(form.name);
  return names;
}

int bucket_of(std::int64_t atoms) {
  return wisdom::size_bucket(static_cast<int>(std::min<std::int64_t>(atoms, std::numeric_limits<int>::max())));
}

std::string text_of(const runtime::Configuration& configuration) {
  std::string text;
  for (const auto& [define, value] : configuration) text += fmt::format(" {}={}", define, value);
  return text;
}

// "sm_90" is 90. Code for one architecture runs on later ones of the same generation, so 86 runs 80; names with a
// letter ("sm_90a") stand for exactly one.
bool runs_on(const std::string& arch, const cuda::DeviceInfo& device) {
  constexpr std::string_view kPrefix = "sm_";
  if (!arch.starts_with(kPrefix)) return false;
  int number = 0;
  const char* const end = arch.data() + arch.size();
  const auto [rest, error] = std::from_chars(arch.data() + kPrefix.size(), end, number);
  if (error != std::errc() || number / 10 != device.major) return false;
  return rest == end ? number % 10 <= device.minor : number % 10 == device.minor;
}

// The section "constants" as the GPU's kernels read it.
std::vector<std::byte> constants_of(const runtime::Bundle& bundle, const runtime::Plan& plan) {
  const auto section = bundle.bytes("constants");
  std::vector<std::byte> bytes(section.begin(), section.end());
  std::vector<float> matrices;
  for (const auto& constant : plan.constants) {
    if (constant.inputs == 0) continue;
    std::byte* const at = bytes.data() + constant.offset;
    matrices.resize(constant.bytes / sizeof(float));
    std::memcpy(matrices.data(), at, constant.bytes);
    const auto fragments = split_fragments(matrices, constant.inputs, constant.outputs, constant.exponent);
    std::memcpy(at, fragments.data(), constant.bytes);
  }
  return bytes;
}

}  // namespace

int Recipe::tile_atoms(std::size_t kernel, std::int64_t n_atoms) const {
  return choose_tile_atoms(n_atoms, kernels[kernel].tile, kernels[kernel].blocks_at_once);
}

Program::Program(const runtime::Bundle& bundle, const runtime::Plan& plan, const kernels::KernelLibrary& library,
                 const std::string& form)
    : plan_(plan), library_(library), constants_(library.context()) {
  read_source(bundle);
  choose_defaults(bundle, form);
  if (code_ != nullptr) return;
  for (const auto& [kernel, configuration] : defaults_.kernels) start(kernel, configuration);
}

void Program::read_source(const runtime::Bundle& bundle) {
  if (plan_.gpu_tunables.empty()) {
    throw UserError(
        fmt::format("{}: the model has no code for GPUs; compile it again with 'mlffgen compile'", bundle.path()));
  }
  for (const auto& form : plan_.forms) {
    const std::string_view source = bundle.text(form.source);
    for (auto& text : jit::split_kernels(source)) texts_[text.name] = std::move(text.text);
    for (const auto& kernel : form.kernels) {
      if (texts_.contains(kernel.name)) continue;
      throw UserError(fmt::format("{}: the section {} has no kernel {}; compile the model again with 'mlffgen compile'",
                                  bundle.path(), form.source, quote(kernel.name)));
    }
  }
  fingerprint_ = runtime::fingerprint(bundle, plan_);
  for (const auto& tunable : plan_.gpu_tunables) {
    if (tunable.define != runtime::kTileDefine) continue;
    most_tile_ = *std::max_element(tunable.choices.begin(), tunable.choices.end());
  }
}

void Program::choose_defaults(const runtime::Bundle& bundle, const std::string& name) {
  const cuda::DeviceInfo& device = library_.context().device();
  const runtime::Plan::Form* const form = name.empty() ? &plan_.form() : plan_.form_named(name);
  if (form == nullptr) {
    throw UserError(fmt::format("{}: the model {} has no form {}{}; it has {}: 'mlffgen compile --forms' makes more",
                                bundle.path(), quote(plan_.name), quote(name), did_you_mean(name, form_names(plan_)),
                                join(form_names(plan_), ", ")));
  }
  const auto limit = static_cast<std::size_t>(std::max(device.shared_bytes_per_block, 0));
  const auto fitting = runtime::fitting_defaults(plan_.gpu_tunables, needs_of(*form), plan_.precision, limit);
  if (!fitting) {
    throw UserError(fmt::format(
        "{}: a block of the model {} needs more shared memory than the {} bytes of {}; use fewer features, a float "
        "build, or --device host",
        bundle.path(), quote(plan_.name), limit, device.name));
  }
  defaults_.form = form->name;
  for (const auto& kernel : form->kernels) defaults_.kernels[kernel.name] = normal(*fitting);
  for (const auto& code : plan_.gpu_code) {
    const bool better = code_ == nullptr || code.arch > code_->arch;
    if (form == &plan_.form() && normal(code.configuration) == normal(*fitting) && runs_on(code.arch, device) &&
        better) {
      code_ = &code;
    }
  }
  origin_ = fmt::format("{} of {}", code_ != nullptr ? "section " + code_->section : form->source, bundle.path());
}

void Program::load(const runtime::Bundle& bundle) {
  if (code_ != nullptr) {
    module_ = std::make_shared<cuda::Module>(library_.context(), bundle.bytes(code_->section), origin_);
  }
  recipe(defaults_);
}

void Program::upload_constants(const runtime::Bundle& bundle) {
  if (!bundle.has("constants") || bundle.bytes("constants").empty()) return;
  const std::vector<std::byte> bytes = constants_of(bundle, plan_);
  const cuda::DevicePointer address = constants_.at_least(bytes.size());
  const cuda::Stream stream(library_.context());
  cuda::copy_to_device(stream, address, bytes.data(), bytes.size());
  stream.synchronise();
  for (const auto& constant : plan_.constants) constant_addresses_.push_back(address + constant.offset);
}

void Program::follow(Adviser adviser, std::function<void(const std::string&)> tell) {
  adviser_ = std::move(adviser);
  tell_ = std::move(tell);
  by_size_.clear();
}

Program::OfSize& Program::of_size(int bucket, bool small_systems) const {
  const auto [place, is_new] = by_size_.try_emplace({bucket, small_systems});
  OfSize& own = place->second;
  if (!is_new) return own;
  if (adviser_) own.advice = adviser_(typical_size(bucket), small_systems);
  if (own.advice.configuration.form.empty()) own.advice.configuration = defaults_;
  return own;
}

const Recipe& Program::recipe_for(std::int64_t atoms, std::int64_t systems) const {
  OfSize& own = of_size(bucket_of(atoms), are_small_systems(atoms, systems));
  if (own.recipe != nullptr) return *own.recipe;
  own.recipe = &recipe(own.advice.configuration);
  if (tell_ && !own.advice.reason.empty()) tell_(own.advice.reason);
  return *own.recipe;
}

// Without what the defaults say anyway.
runtime::Configuration Program::normal(const runtime::Configuration& configuration) const {
  return wisdom::canonical(configuration, plan_.gpu_tunables);
}

wisdom::Choices Program::choices() const {
  wisdom::Choices choices{plan_.gpu_tunables, {}};
  for (const auto& form : plan_.forms) {
    choices.forms.push_back({form.name, {}});
    for (const auto& kernel : form.kernels) choices.forms.back().kernels.push_back(kernel.name);
  }
  return choices;
}

std::string Program::problem_with(const runtime::ModelConfiguration& configuration) const {
  if (const auto problem = wisdom::problem_of(configuration, choices())) return *problem;
  const std::string& form = configuration.form.empty() ? defaults_.form : configuration.form;
  for (const auto& kernel : plan_.form_named(form)->kernels) {
    const auto values = configuration.kernels.find(kernel.name);
    const std::string problem =
        problem_with(kernel, values == configuration.kernels.end() ? runtime::Configuration() : values->second);
    if (!problem.empty()) return fmt::format("kernel {}: {}", kernel.name, problem);
  }
  return "";
}

std::string Program::problem_with(const runtime::Plan::Kernel& kernel, const runtime::Configuration& values) const {
  const runtime::BlockShape shape = runtime::shape_of(plan_.gpu_tunables, values);
  if (std::string problem = runtime::problem_with(shape); !problem.empty()) return problem;
  const auto limit = static_cast<std::size_t>(library_.context().device().shared_bytes_per_block);
  const std::size_t bytes = runtime::shared_bytes(kernel.shared, shape, plan_.precision);
  return bytes > limit ? fmt::format("{} bytes of shared memory, the GPU has {}", bytes, limit) : "";
}

kernels::CompileRequest Program::request(const std::string& kernel, const runtime::Configuration& configuration) const {
  kernels::CompileRequest request{
      fmt::format("{} {}{}", plan_.name, kernel, text_of(configuration)), texts_.at(kernel), {}};
  for (const auto& [define, value] : configuration)
    request.options.defines.push_back(fmt::format("{}={}", define, value));
  return request;
}

void Program::start(const std::string& kernel, const runtime::Configuration& configuration) const {
  library_.start({request(kernel, normal(configuration))});
}

Recipe::Kernel Program::loaded(const runtime::Plan::Kernel& kernel, const runtime::Configuration& configuration) const {
  const runtime::BlockShape shape = runtime::shape_of(plan_.gpu_tunables, configuration);
  Recipe::Kernel result = {
      is_ahead(kernel.name, configuration) ? module_->kernel(kernel.name)
                                           : library_.kernel_of(request(kernel.name, configuration), kernel.name),
      static_cast<unsigned>(shape.threads()),
      static_cast<unsigned>(runtime::shared_bytes(kernel.shared, shape, plan_.precision)), shape.tile, 1};
  result.code.allow_shared(result.shared_bytes);
  result.blocks_at_once = std::max(1, result.code.blocks_per_multiprocessor(result.threads, result.shared_bytes)) *
                          library_.context().device().multiprocessors;
  return result;
}

std::size_t Program::form_number(const std::string& name) const {
  const runtime::Plan::Form* const form = plan_.form_named(name);
  if (form == nullptr) throw InternalError("no form " + name);
  return static_cast<std::size_t>(form - plan_.forms.data());
}

// Whether the bundle's machine code is what is asked for.
bool Program::is_ahead(const std::string& kernel, const runtime::Configuration& configuration) const {
  const auto found = defaults_.kernels.find(kernel);
  return code_ != nullptr && found != defaults_.kernels.end() && found->second == configuration;
}

// The configurations of the form's kernels, in their order.
std::vector<runtime::Configuration> Program::of_kernels(const runtime::ModelConfiguration& configuration) const {
  std::vector<runtime::Configuration> all;
  for (const auto& kernel : plan_.forms[form_number(configuration.form)].kernels) {
    const auto found = configuration.kernels.find(kernel.name);
    all.push_back(found == configuration.kernels.end() ? runtime::Configuration() : normal(found->second));
  }
  return all;
}

const Recipe& Program::recipe(const runtime::ModelConfiguration& configuration) const {
  const std::size_t number = form_number(configuration.form);
  const runtime::Plan::Form& form = plan_.forms[number];
  const std::vector<runtime::Configuration> each = of_kernels(configuration);
  std::unique_ptr<Recipe>& place = recipes_[{number, each}];
  if (place) return *place;
  // All that has to be compiled is compiled side by side.
  for (std::size_t k = 0; k < each.size(); ++k) {
    if (!is_ahead(form.kernels[k].name, each[k])) start(form.kernels[k].name, each[k]);
  }
  auto made = std::make_unique<Recipe>();
  made->form = number;
  for (std::size_t k = 0; k < each.size(); ++k) {
    made->kernels.push_back(loaded(form.kernels[k], each[k]));
    made->most_tile = std::max(made->most_tile, made->kernels.back().tile);
  }
  place = std::move(made);
  return *place;
}

bool Program::has_recipe_for(std::int64_t atoms, std::int64_t systems) const {
  const runtime::ModelConfiguration& advised =
      of_size(bucket_of(atoms), are_small_systems(atoms, systems)).advice.configuration;
  const auto found = recipes_.find({form_number(advised.form), of_kernels(advised)});
  return found != recipes_.end() && found->second != nullptr;
}

std::size_t Program::form_bytes(std::size_t form, std::int64_t padded) const {
  std::size_t bytes = 0;
  for (const std::size_t slot : plan_.forms[form].slots) bytes += whole_lines(slot * static_cast<std::size_t>(padded));
  return bytes;
}

std::size_t Program::buffer_bytes(std::int64_t atoms) const {
  std::size_t bytes = 0;
  const auto add = [&](std::size_t form, std::int64_t most) {
    bytes = std::max(bytes, form_bytes(form, padded_atoms(std::min(most, atoms), most_tile_)));
  };
  for (int bucket = 0; bucket <= bucket_of(atoms); ++bucket) {
    for (const bool small_systems : {false, true}) {
      add(form_number(of_size(bucket, small_systems).advice.configuration.form), largest_of_bucket(bucket));
    }
  }
  for (std::size_t form = 0; room_for_all_forms_ && form < plan_.forms.size(); ++form) add(form, atoms);
  return bytes;
}

std::vector<cuda::DevicePointer> Program::buffers(std::size_t form, cuda::DevicePointer base,
                                                  std::int64_t padded) const {
  const runtime::Plan::Form& its = plan_.forms[form];
  std::vector<cuda::DevicePointer> slots, result;
  for (const std::size_t slot : its.slots) {
    slots.push_back(base);
    base += whole_lines(slot * static_cast<std::size_t>(padded));
  }
  for (const auto& buffer : its.buffers) result.push_back(slots[buffer.slot]);
  return result;
}

const void* Program::value_of(const runtime::Argument& argument, std::size_t form, KernelArguments& arguments) const {
  switch (argument.kind) {
    case runtime::ArgumentKind::n_atoms:
      return &arguments.n_atoms;
    case runtime::ArgumentKind::tile_atoms:
      return &arguments.tile_atoms;
    case runtime::ArgumentKind::element:
      return &arguments.element;
    case runtime::ArgumentKind::pair_begin:
      return &arguments.pair_begin;
    case runtime::ArgumentKind::pair_neighbour:
      return &arguments.pair_neighbour;
    case runtime::ArgumentKind::pair_geometry:
      return &arguments.pair_geometry;
    case runtime::ArgumentKind::pair_gradient:
      return &arguments.pair_gradient;
    case runtime::ArgumentKind::atom_energy:
      return &arguments.atom_energy;
    case runtime::ArgumentKind::constant:
      return &constant_addresses_[argument.index];
    case runtime::ArgumentKind::buffer:
      return &arguments.buffers[form][argument.index];
  }
  throw InternalError("a kernel's argument has no kind");
}

void Program::launch(const Recipe& recipe, std::size_t k, KernelArguments& arguments,
                     const cuda::Stream& stream) const {
  constexpr std::size_t kUsual = 64;  // arguments without an allocation
  std::array<void*, kUsual> usual;
  std::vector<void*> many;
  const auto& kernel = plan_.forms[recipe.form].kernels[k];
  void** values = usual.data();
  if (kernel.arguments.size() > kUsual) {
    many.resize(kernel.arguments.size());
    values = many.data();
  }
  arguments.tile_atoms = recipe.tile_atoms(k, arguments.n_atoms);
  for (std::size_t a = 0; a < kernel.arguments.size(); ++a) {
    values[a] = const_cast<void*>(value_of(kernel.arguments[a], recipe.form, arguments));
  }
  const int blocks = (arguments.n_atoms - 1) / arguments.tile_atoms + 1;
  const Recipe::Kernel& compiled = recipe.kernels[k];
  compiled.code.launch_raw(stream, {static_cast<unsigned>(blocks), compiled.threads, compiled.shared_bytes}, values);
}

}  // namespace mlffgen::cuda_model
