#include "runtime/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "runtime/bundle.h"

namespace mlffgen::runtime {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostEntries = 100000;          // of any list
constexpr std::size_t kMostBytesPerAtom = 1U << 30U;  // of a buffer
constexpr std::size_t kMostBytes = std::size_t{1} << 40U;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kFragment = 16;  // rows and columns
constexpr int kMostExponent = 128;
constexpr std::size_t kMostRows = 1U << 20U;  // or columns of a matrix
constexpr int kMostAtomsPerBlock = 4096;
constexpr std::size_t kMostSharedNumbers = 1U << 20U;  // an atom or a pair
constexpr std::size_t kMostTunable = 4096;

const std::map<std::string, ArgumentKind>& fixed_arguments() {
  static const std::map<std::string, ArgumentKind> kinds = {
      {"n_atoms", ArgumentKind::n_atoms},
      {"tile_atoms", ArgumentKind::tile_atoms},
      {"element", ArgumentKind::element},
      {"pair_begin", ArgumentKind::pair_begin},
      {"pair_neighbour", ArgumentKind::pair_neighbour},
      {"pair_geometry", ArgumentKind::pair_geometry},
      {"pair_gradient", ArgumentKind::pair_gradient},
      {"atom_energy", ArgumentKind::atom_energy},
  };
  return kinds;
}

class PlanReader {
 public:
  PlanReader(const std::string& origin, std::size_t constants_bytes)
      : origin_(origin), constants_bytes_(constants_bytes) {}

  Plan read(std::string_view text) {
    const Json root = Json::parse(text.begin(), text.end(), nullptr, false);
    if (root.is_discarded() || !root.is_object()) fail("it is not a JSON object");
    read_schema(root);
    known_keys(root, "the plan",
               {"schema", "generator", "name", "precision", "units", "elements", "cutoff", "element_energy", "tile",
                "constants", "forms", "host", "gpu", "report"});
    read_model(root);
    read_constants(root);
    read_forms(root);
    read_host(root);
    if (root.contains("gpu")) read_gpu(root["gpu"]);
    return std::move(plan_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw UserError(fmt::format("{}: section 'plan': {}; compile the model again", origin_, message));
  }

  void read_schema(const Json& root) const {
    const auto schema = whole(root, "schema", 0, 1000000000);
    if (schema == kPlanSchema) return;
    throw UserError(fmt::format(
        "{}: section 'plan' has schema {}, but this mlffgen reads schema {}; {}", origin_, schema, kPlanSchema,
        schema > kPlanSchema ? "install a newer mlffgen, or compile the model again" : "compile the model again"));
  }

  void known_keys(const Json& object, const std::string& what, const std::vector<std::string>& keys) const {
    if (!object.is_object()) fail(fmt::format("{} must be an object", what));
    for (const auto& [key, value] : object.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        fail(fmt::format("unknown key {} in {}{}", quote(key), what, did_you_mean(key, keys)));
      }
    }
  }

  const Json& member(const Json& object, const char* key) const {
    const auto it = object.find(key);
    if (it == object.end()) fail(fmt::format("key '{}' is missing", key));
    return *it;
  }

  const Json& list(const Json& object, const char* key) const {
    const auto& value = member(object, key);
    if (!value.is_array() || value.size() > kMostEntries) {
      fail(fmt::format("'{}' must be a list of at most {} entries", key, kMostEntries));
    }
    return value;
  }

  std::size_t whole(const Json& value, const char* key, const Json& shown, std::size_t low, std::size_t high) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < low || value.get<std::uint64_t>() > high) {
      fail(fmt::format("'{}' must be a whole number from {} to {}, not {}", key, low, high, quote(shown.dump())));
    }
    return static_cast<std::size_t>(value.get<std::uint64_t>());
  }

  std::size_t whole(const Json& object, const char* key, std::size_t low, std::size_t high) const {
    const auto& value = member(object, key);
    return whole(value, key, value, low, high);
  }

  double real(const Json& value, const char* key) const {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      fail(fmt::format("'{}' must be a finite number, not {}", key, quote(value.dump())));
    }
    return value.get<double>();
  }

  std::string string(const Json& value, const char* key) const {
    if (!value.is_string()) fail(fmt::format("'{}' must be a text, not {}", key, quote(value.dump())));
    return value.get<std::string>();
  }

  std::string choice(const Json& object, const char* key, const std::vector<std::string>& allowed) const {
    auto text = string(member(object, key), key);
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      fail(fmt::format("'{}' must be one of {}, not {}", key, join(allowed, ", "), quote(text)));
    }
    return text;
  }

  // A name that kernels may use for an argument.
  std::string new_name(const Json& object) {
    auto name = string(member(object, "name"), "name");
    if (!is_identifier(name) || name.size() > 200) fail(fmt::format("{} is not a name", quote(name)));
    if (fixed_arguments().count(name) > 0) fail(fmt::format("the name {} is reserved", quote(name)));
    if (arguments_.count(name) > 0) fail(fmt::format("the name {} occurs twice", quote(name)));
    return name;
  }

  void read_model(const Json& root) {
    plan_.generator = string(member(root, "generator"), "generator");
    plan_.name = string(member(root, "name"), "name");
    plan_.precision = choice(root, "precision", {"float", "double"}) == "float" ? Precision::single_precision
                                                                                : Precision::double_precision;
    const auto& units = member(root, "units");
    known_keys(units, "units", {"length", "energy"});
    plan_.length_unit = choice(units, "length", length_units());
    plan_.energy_unit = choice(units, "energy", energy_units());
    for (const auto& entry : list(root, "elements")) {
      const auto number = static_cast<int>(whole(entry, "elements", entry, 1, kMaxAtomicNumber));
      if (std::find(plan_.elements.begin(), plan_.elements.end(), number) != plan_.elements.end()) {
        fail(fmt::format("element {} occurs twice", number));
      }
      plan_.elements.push_back(number);
    }
    if (plan_.elements.empty()) fail("'elements' must not be empty");
    for (const auto& entry : list(root, "element_energy"))
      plan_.element_energy.push_back(real(entry, "element_energy"));
    if (plan_.element_energy.size() != plan_.elements.size()) {
      fail(fmt::format("{} values in 'element_energy' for {} elements", plan_.element_energy.size(),
                       plan_.elements.size()));
    }
    plan_.cutoff = real(member(root, "cutoff"), "cutoff");
    if (plan_.cutoff <= 0) fail(fmt::format("'cutoff' must be positive, not {}", plan_.cutoff));
    plan_.tile = static_cast<int>(whole(root, "tile", 1, kMostAtomsPerBlock));
  }

  void read_fragments(const Json& entry, Plan::Constant& constant) const {
    const auto& sizes = list(entry, "fragments");
    if (plan_.precision != Precision::single_precision) {
      fail(fmt::format("constant {} has 'fragments', which only float models have", constant.name));
    }
    if (sizes.size() != 2) {
      fail(fmt::format("'fragments' of constant {} must be the rows and columns of a matrix, not {} numbers",
                       constant.name, sizes.size()));
    }
    std::array<std::size_t, 2> shape{};
    for (std::size_t k = 0; k < 2; ++k) {
      shape[k] = whole(sizes[k], "fragments", sizes[k], kFragment, kMostRows);
      if (shape[k] % kFragment != 0) {
        fail(fmt::format("'fragments' of constant {} must be multiples of {}, not {}", constant.name, kFragment,
                         shape[k]));
      }
    }
    const std::size_t matrix_bytes = shape[0] * shape[1] * plan_.real_bytes();
    if (constant.bytes % matrix_bytes != 0) {
      fail(fmt::format("constant {} has {} bytes, but its matrices of {} x {} have {} each", constant.name,
                       constant.bytes, shape[0], shape[1], matrix_bytes));
    }
    constant.inputs = static_cast<int>(shape[0]);
    constant.outputs = static_cast<int>(shape[1]);
    const auto& exponent = member(entry, "exponent");
    if (!exponent.is_number_integer() || std::abs(exponent.get<double>()) > kMostExponent) {
      fail(fmt::format("'exponent' of constant {} must be a whole number from {} to {}, not {}", constant.name,
                       -kMostExponent, kMostExponent, quote(exponent.dump())));
    }
    constant.exponent = exponent.get<int>();
  }

  void read_constants(const Json& root) {
    for (const auto& entry : list(root, "constants")) {
      known_keys(entry, "a constant", {"name", "offset", "bytes", "fragments", "exponent"});
      Plan::Constant constant{new_name(entry), whole(entry, "offset", 0, kMostBytes),
                              whole(entry, "bytes", 1, kMostBytes)};
      if (entry.contains("fragments")) {
        read_fragments(entry, constant);
      } else if (entry.contains("exponent")) {
        fail(fmt::format("constant {} has 'exponent', but no 'fragments'", constant.name));
      }
      if (constant.offset % kAlignment != 0) {
        fail(fmt::format("constant {} starts at {}, not at a multiple of {}", constant.name, constant.offset,
                         kAlignment));
      }
      if (constant.offset + constant.bytes > constants_bytes_) {
        fail(fmt::format("constant {} ends at byte {} of section 'constants', which has {}", constant.name,
                         constant.offset + constant.bytes, constants_bytes_));
      }
      arguments_[constant.name] = {ArgumentKind::constant, plan_.constants.size()};
      plan_.constants.push_back(std::move(constant));
    }
  }

  void read_forms(const Json& root) {
    const auto shared = arguments_;
    for (const auto& entry : list(root, "forms")) {
      known_keys(entry, "a form", {"name", "source", "buffers", "slots", "kernels", "energy_kernels"});
      Plan::Form form;
      form.name = string(member(entry, "name"), "name");
      if (plan_.form_named(form.name) != nullptr) fail(fmt::format("form {} occurs twice", quote(form.name)));
      if (entry.contains("source")) form.source = string(entry["source"], "source");
      arguments_ = shared;
      read_storage(entry, form);
      read_kernels(entry, form);
      plan_.forms.push_back(std::move(form));
    }
    if (plan_.forms.empty()) fail("'forms' must not be empty");
  }

  void read_storage(const Json& root, Plan::Form& form) {
    for (const auto& entry : list(root, "slots")) {
      form.slots.push_back(whole(entry, "slots", entry, 1, kMostBytesPerAtom));
    }
    for (const auto& entry : list(root, "buffers")) {
      known_keys(entry, "a buffer", {"name", "bytes_per_atom", "slot"});
      Plan::Buffer buffer{new_name(entry), whole(entry, "bytes_per_atom", 1, kMostBytesPerAtom),
                          whole(entry, "slot", 0, kMostEntries)};
      if (buffer.slot >= form.slots.size()) {
        fail(fmt::format("buffer {} is in slot {} of {}", buffer.name, buffer.slot, form.slots.size()));
      }
      if (buffer.bytes_per_atom > form.slots[buffer.slot]) {
        fail(fmt::format("buffer {} has {} bytes an atom, its slot {}", buffer.name, buffer.bytes_per_atom,
                         form.slots[buffer.slot]));
      }
      arguments_[buffer.name] = {ArgumentKind::buffer, form.buffers.size()};
      form.buffers.push_back(std::move(buffer));
    }
  }

  Argument argument(const Json& entry) const {
    const auto name = string(entry, "arguments");
    if (const auto it = fixed_arguments().find(name); it != fixed_arguments().end()) return {it->second, 0};
    if (const auto it = arguments_.find(name); it != arguments_.end()) return it->second;
    std::vector<std::string> names;
    for (const auto& [known, kind] : fixed_arguments()) names.push_back(known);
    for (const auto& [known, value] : arguments_) names.push_back(known);
    fail(fmt::format("unknown argument {}{}", quote(name), did_you_mean(name, names)));
  }

  void read_kernels(const Json& root, Plan::Form& form) {
    for (const auto& entry : list(root, "kernels")) {
      known_keys(entry, "a kernel", {"name", "arguments", "shared"});
      Plan::Kernel kernel{string(member(entry, "name"), "name"), {}, {}};
      if (!is_identifier(kernel.name) || kernel.name.size() > 200) {
        fail(fmt::format("{} is not a kernel's name", quote(kernel.name)));
      }
      if (!kernel_names_.insert(kernel.name).second) fail(fmt::format("kernel {} occurs twice", kernel.name));
      for (const auto& name : list(entry, "arguments")) kernel.arguments.push_back(argument(name));
      if (entry.contains("shared")) kernel.shared = shared_need(entry["shared"]);
      form.kernels.push_back(std::move(kernel));
    }
    if (form.kernels.empty()) fail("'kernels' must not be empty");
    form.energy_kernels = whole(root, "energy_kernels", 1, form.kernels.size());
    if (!delivers(form, ArgumentKind::atom_energy, form.energy_kernels)) {
      fail("none of the energy kernels has the argument atom_energy");
    }
    if (!delivers(form, ArgumentKind::pair_gradient, form.kernels.size())) {
      fail("no kernel has the argument pair_gradient");
    }
  }

  SharedNeed shared_need(const Json& entry) const {
    known_keys(entry, "'shared'", {"tile_numbers", "record_bytes", "sum_numbers", "team_numbers", "products"});
    const auto count = [&](const char* key) { return static_cast<int>(whole(entry, key, 0, kMostSharedNumbers)); };
    const auto& products = member(entry, "products");
    if (!products.is_boolean()) fail(fmt::format("'products' must be true or false, not {}", quote(products.dump())));
    return {count("tile_numbers"), count("record_bytes"), count("sum_numbers"), count("team_numbers"),
            products.get<bool>()};
  }

  static bool delivers(const Plan::Form& form, ArgumentKind kind, std::size_t n_kernels) {
    return std::any_of(form.kernels.begin(), form.kernels.begin() + static_cast<std::ptrdiff_t>(n_kernels),
                       [&](const Plan::Kernel& kernel) {
                         return std::any_of(kernel.arguments.begin(), kernel.arguments.end(),
                                            [&](const Argument& argument) { return argument.kind == kind; });
                       });
  }

  void read_host(const Json& root) {
    for (const auto& entry : list(root, "host")) {
      known_keys(entry, "a host object", {"section", "features"});
      Plan::HostObject object{string(member(entry, "section"), "section"), {}};
      for (const auto& feature : list(entry, "features")) object.features.push_back(string(feature, "features"));
      plan_.host.push_back(std::move(object));
    }
  }

  void read_gpu(const Json& gpu) {
    known_keys(gpu, "'gpu'", {"tunables", "code"});
    for (const auto& entry : list(gpu, "tunables")) plan_.gpu_tunables.push_back(tunable(entry));
    for (const std::string& define : shape_defines()) {
      if (std::none_of(plan_.gpu_tunables.begin(), plan_.gpu_tunables.end(),
                       [&](const Tunable& t) { return t.define == define; })) {
        fail(fmt::format("'tunables' lacks {}", define));
      }
    }
    for (const auto& entry : list(gpu, "code")) {
      known_keys(entry, "GPU code", {"section", "arch", "configuration"});
      plan_.gpu_code.push_back({string(member(entry, "section"), "section"), string(member(entry, "arch"), "arch"),
                                configuration(member(entry, "configuration"))});
    }
    for (const Plan::Form& form : plan_.forms) {
      if (form.source.empty()) fail(fmt::format("form {} has no 'source'", quote(form.name)));
    }
  }

  Tunable tunable(const Json& entry) const {
    known_keys(entry, "a tunable", {"define", "value", "choices"});
    Tunable tunable{
        string(member(entry, "define"), "define"), static_cast<int>(whole(entry, "value", 1, kMostTunable)), {}};
    if (!is_identifier(tunable.define)) fail(fmt::format("{} is not a macro", quote(tunable.define)));
    for (const auto& choice : list(entry, "choices")) {
      tunable.choices.push_back(static_cast<int>(whole(choice, "choices", choice, 1, kMostTunable)));
    }
    if (std::find(tunable.choices.begin(), tunable.choices.end(), tunable.value) == tunable.choices.end()) {
      fail(fmt::format("the value {} of {} is not among its choices", tunable.value, tunable.define));
    }
    return tunable;
  }

  Configuration configuration(const Json& entry) const {
    if (!entry.is_object()) fail("'configuration' must be an object");
    Configuration result;
    for (const auto& [define, value] : entry.items()) {
      const auto known = std::find_if(plan_.gpu_tunables.begin(), plan_.gpu_tunables.end(),
                                      [&, name = define](const Tunable& t) { return t.define == name; });
      if (known == plan_.gpu_tunables.end()) fail(fmt::format("there is no tunable {}", quote(define)));
      result[define] = static_cast<int>(whole(value, define.c_str(), value, 1, kMostTunable));
      if (std::find(known->choices.begin(), known->choices.end(), result[define]) == known->choices.end()) {
        fail(fmt::format("{} is none of the choices of {}", result[define], define));
      }
    }
    return result;
  }

  const std::string& origin_;
  std::size_t constants_bytes_;
  Plan plan_;
  std::map<std::string, Argument> arguments_;  // of the form that is being read
  std::set<std::string> kernel_names_;
};

}  // namespace

const Plan::Form* Plan::form_named(const std::string& form_name) const {
  const auto found = std::find_if(forms.begin(), forms.end(), [&](const Form& f) { return f.name == form_name; });
  return found == forms.end() ? nullptr : &*found;
}

Plan parse_plan(std::string_view text, const std::string& origin, std::size_t constants_bytes) {
  return PlanReader(origin, constants_bytes).read(text);
}

Plan read_plan(const Bundle& bundle) {
  const auto constants = bundle.has("constants") ? bundle.bytes("constants").size() : 0;
  auto plan = parse_plan(bundle.text("plan"), bundle.path(), constants);
  for (const auto& object : plan.host) bundle.bytes(object.section);
  for (const auto& code : plan.gpu_code) bundle.bytes(code.section);
  for (const auto& form : plan.forms) {
    if (!form.source.empty()) bundle.bytes(form.source);
  }
  return plan;
}

}  // namespace mlffgen::runtime
