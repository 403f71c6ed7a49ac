#include "cli/double_build.h"

#include <fmt/format.h>

#include "base/error.h"

namespace mlffgen::cli {

void check_double_build(const runtime::Plan& model, const std::filesystem::path& model_file, const runtime::Plan& truth,
                        const std::filesystem::path& truth_file) {
  const auto refuse = [&](const std::string& what) {
    throw UserError(fmt::format("{}: {}; compile the model of {} with --precision double", truth_file.string(), what,
                                model_file.string()));
  };
  if (truth.precision != runtime::Precision::double_precision) refuse("the model is of float precision");
  if (model.name != truth.name || model.elements != truth.elements || model.cutoff != truth.cutoff ||
      model.length_unit != truth.length_unit || model.energy_unit != truth.energy_unit) {
    refuse("it is another model");
  }
}

}  // namespace mlffgen::cli
