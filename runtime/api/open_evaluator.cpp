#include "runtime/api/open_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"

namespace mlffgen::api {

Device parse_device(const std::string& text) {
  constexpr std::string_view kNumbered = "cuda:";
  constexpr std::size_t kMaxDigits = 4;
  if (text == "host") return {};
  if (text == "cuda") return {true, 0};
  const std::string number = text.starts_with(kNumbered) ? text.substr(kNumbered.size()) : "";
  const bool digits = std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number.empty() || number.size() > kMaxDigits || !digits) {
    throw UserError(
        fmt::format("expected host, cuda or cuda:N, not {}{}", quote(text), did_you_mean(text, {"host", "cuda"})));
  }
  return {true, std::stoi(number)};
}

std::unique_ptr<runtime::Evaluator> open_evaluator(const runtime::Bundle& bundle, const OpenOptions& options) {
  if (!(options.skin >= 0) || !std::isfinite(options.skin)) {
    throw UserError(fmt::format("the skin must be zero or more and finite, not {}", options.skin));
  }
  if (!options.device.cuda) return std::make_unique<runtime::HostModel>(bundle);
  cuda_model::CudaOptions cuda;
  cuda.device = options.device.index;
  cuda.skin = options.skin;
  cuda.graphs = options.graphs;
  cuda.memory_limit = options.memory_limit;
  return std::make_unique<cuda_model::CudaModel>(bundle, cuda);
}

}  // namespace mlffgen::api
