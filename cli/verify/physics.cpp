#include "cli/checks/rows.h"
#include "cli/checks/calm.h"
#include "cli/verify/verify.h"

namespace mlffgen::cli {
namespace {

constexpr std::size_t kMostFrames = 8;  // of the user's structures, beside those that are made up

}  // namespace

VerifySection verify_physics(const VerifyInput& input) {
  VerifySection section;
  section.title = "Gradients, symmetries, periodicity, consistency";
  std::vector<Sample> samples = calm_samples(input.model, input.seed);
  for (const Sample& sample : input.data.samples) {
    if (samples.size() < kMostFrames + 4) samples.push_back(sample);
  }
  CheckContext context = input.context(samples);
  check_derivatives(context, section.rows);
  check_symmetries(context, section.rows);
  check_periodicity(context, section.rows);
  check_consistency(context, section.rows);
  if (input.truth != nullptr) {
    CheckContext exact = make_context(*input.truth, samples, input.seed, input.tolerance_scale, context.kinks);
    exact.on_gpu = context.on_gpu;
    exact.progress = context.progress;
    std::vector<CheckRow> rows;
    check_derivatives(exact, rows);
    for (CheckRow& row : rows) {
      row.name += ", double build";
      section.rows.push_back(row);
    }
  }
  return section;
}

}  // namespace mlffgen::cli
