#include "tuning/gpu_device.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace mlffgen::tuning {
namespace {

using cuda_model::KernelTrials;

KernelTrials::Variant trial_of(const KernelVariant& variant) {
  return {variant.form, variant.kernel, variant.configuration};
}

std::vector<KernelTrials::Variant> trials_of(const std::vector<KernelVariant>& variants) {
  std::vector<KernelTrials::Variant> trials;
  for (const KernelVariant& variant : variants) trials.push_back(trial_of(variant));
  return trials;
}

const runtime::Plan::Kernel& kernel_of(const runtime::Plan& plan, const KernelVariant& variant) {
  const auto& kernels = plan.form_named(variant.form)->kernels;
  const auto found =
      std::find_if(kernels.begin(), kernels.end(), [&](const auto& k) { return k.name == variant.kernel; });
  internal_check(found != kernels.end(), "a variant of a kernel that the model does not have");
  return *found;
}

}  // namespace

GpuDevice::GpuDevice(KernelTrials& trials) : trials_(trials) {
  const cuda::DeviceInfo& device = trials.model().context().device();
  gpu_.multiprocessors = device.multiprocessors;
  gpu_.shared_bytes = static_cast<std::size_t>(device.shared_bytes_per_multiprocessor);
}

TuningSize GpuDevice::add_call(std::vector<runtime::Structure> structures) {
  double n_atoms = 0;
  for (const auto& structure : structures) n_atoms += static_cast<double>(structure.positions.size());
  const cuda_model::KernelTrials::Size size = trials_.add_call(std::move(structures));
  calls_[size.atoms] = {size.atoms, static_cast<double>(size.pairs) / n_atoms};
  return {size.atoms, size.small_systems, trials_.heuristic()};
}

void GpuDevice::announce(const std::vector<KernelVariant>& variants) { trials_.announce(trials_of(variants)); }

std::optional<std::string> GpuDevice::unfit(const KernelVariant& variant) { return trials_.unfit(trial_of(variant)); }

double GpuDevice::predict(int atoms, const KernelVariant& variant) {
  const runtime::Plan& plan = trials_.model().plan();
  return predicted_time(plan, kernel_of(plan, variant), variant.configuration, calls_.at(atoms), gpu_);
}

std::vector<std::optional<std::string>> GpuDevice::prepare(const std::vector<KernelVariant>& variants) {
  return trials_.prepare(trials_of(variants));
}

std::vector<double> GpuDevice::sample(int atoms, const KernelVariant& variant, int count) {
  return trials_.sample(atoms, trial_of(variant), count);
}

std::optional<std::string> GpuDevice::check(int atoms, const KernelVariant& variant) {
  return trials_.check(atoms, {variant.form, {{variant.kernel, variant.configuration}}});
}

std::vector<double> GpuDevice::sample_call(int atoms, const ModelConfiguration& configuration, int count) {
  return trials_.sample_call(atoms, configuration, count);
}

std::optional<std::string> GpuDevice::check_call(int atoms, const ModelConfiguration& configuration) {
  return trials_.check(atoms, configuration);
}

}  // namespace mlffgen::tuning
