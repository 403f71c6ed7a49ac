// The double build of a model: the same model compiled with --precision double, to tell errors of float.
#pragma once

#include <filesystem>

#include "runtime/plan.h"

namespace mlffgen::cli {

// Throws UserError, naming both files, unless `truth` is the double build of `model`.
void check_double_build(const runtime::Plan& model, const std::filesystem::path& model_file, const runtime::Plan& truth,
                        const std::filesystem::path& truth_file);

}  // namespace mlffgen::cli
