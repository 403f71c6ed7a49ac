#include <nlohmann/json.hpp>

#include "codegen/clang/manifest.h"

namespace mlffgen::clang {
namespace {

nlohmann::json parameter_json(const Parameter& parameter) {
  return {{"name", parameter.name},
          {"type", parameter.type},
          {"is_pointer", parameter.is_pointer},
          {"is_const", parameter.is_const},
          {"is_restrict", parameter.is_restrict},
          {"bytes", parameter.bytes}};
}

nlohmann::json shared_json(const SharedArray& array) {
  return {{"name", array.name}, {"type", array.type}, {"bytes", array.bytes}, {"dynamic", array.dynamic}};
}

nlohmann::json kernel_json(const Kernel& kernel) {
  nlohmann::json parameters = nlohmann::json::array();
  for (const Parameter& parameter : kernel.parameters) parameters.push_back(parameter_json(parameter));
  nlohmann::json shared = nlohmann::json::array();
  for (const SharedArray& array : kernel.shared_arrays) shared.push_back(shared_json(array));
  return {{"name", kernel.name},
          {"parameters", std::move(parameters)},
          {"shared_arrays", std::move(shared)},
          {"max_threads", kernel.max_threads},
          {"min_blocks", kernel.min_blocks}};
}

}  // namespace

void to_json(nlohmann::json& json, const Manifest& manifest) {
  nlohmann::json kernels = nlohmann::json::array();
  for (const Kernel& kernel : manifest.kernels) kernels.push_back(kernel_json(kernel));
  nlohmann::json tunables = nlohmann::json::array();
  for (const Tunable& tunable : manifest.tunables) {
    tunables.push_back(
        {{"name", tunable.name}, {"define", tunable.define}, {"value", tunable.value}, {"choices", tunable.choices}});
  }
  json = {{"kernels", std::move(kernels)}, {"tunables", std::move(tunables)}};
}

}  // namespace mlffgen::clang
