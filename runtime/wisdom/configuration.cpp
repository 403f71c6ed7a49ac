#include "runtime/wisdom/configuration.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace mlffgen::wisdom {
namespace {

std::optional<std::string> problem_of_kernel(const Configuration& configuration, const std::vector<Tunable>& tunables) {
  std::vector<std::string> defines;
  defines.reserve(tunables.size());
  for (const Tunable& tunable : tunables) defines.push_back(tunable.define);
  for (const auto& [define, value] : configuration) {
    const auto tunable = std::find_if(tunables.begin(), tunables.end(),
                                      [&](const Tunable& candidate) { return candidate.define == define; });
    if (tunable == tunables.end()) {
      return fmt::format("the model has no tunable {}{}", quote(define), did_you_mean(define, defines));
    }
    const auto& choices = tunable->choices;
    if (value != tunable->value && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return fmt::format("{} may be {}, not {}", define, fmt::join(choices, ", "), value);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> problem_of(const ModelConfiguration& configuration, const Choices& choices) {
  std::vector<std::string> names;
  names.reserve(choices.forms.size());
  for (const Form& form : choices.forms) names.push_back(form.name);
  const auto form = std::find_if(choices.forms.begin(), choices.forms.end(),
                                 [&](const Form& candidate) { return candidate.name == configuration.form; });
  if (form == choices.forms.end()) {
    if (configuration == ModelConfiguration()) return std::nullopt;
    return fmt::format("the model has no form {}{}", quote(configuration.form),
                       did_you_mean(configuration.form, names));
  }
  for (const auto& [kernel, values] : configuration.kernels) {
    if (std::find(form->kernels.begin(), form->kernels.end(), kernel) == form->kernels.end()) {
      return fmt::format("form {} has no kernel {}{}", quote(form->name), quote(kernel),
                         did_you_mean(kernel, form->kernels));
    }
    const auto problem = problem_of_kernel(values, choices.tunables);
    if (problem) return fmt::format("kernel {}: {}", quote(kernel), *problem);
  }
  return std::nullopt;
}

Configuration canonical(Configuration configuration, const std::vector<Tunable>& tunables) {
  for (const Tunable& tunable : tunables) {
    const auto named = configuration.find(tunable.define);
    if (named != configuration.end() && named->second == tunable.value) configuration.erase(named);
  }
  return configuration;
}

std::string describe(const Configuration& configuration) {
  if (configuration.empty()) return "defaults";
  std::vector<std::string> values;
  for (const auto& [define, value] : configuration) values.push_back(fmt::format("{}={}", define, value));
  return join(values, " ");
}

std::string describe(const ModelConfiguration& configuration) {
  std::string text = configuration.form.empty() ? "default form" : configuration.form;
  for (const auto& [kernel, values] : configuration.kernels) text += fmt::format("; {}: {}", kernel, describe(values));
  return text;
}

}  // namespace mlffgen::wisdom
