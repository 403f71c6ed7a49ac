// A GPU with a model on it, as the tuner sees it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/cuda_model/kernel_trials.h"
#include "tuning/cost_model.h"
#include "tuning/tuner.h"

namespace mlffgen::tuning {

class GpuDevice : public TuningDevice {
 public:
  // Members throw what KernelTrials throws.
  explicit GpuDevice(cuda_model::KernelTrials& trials);

  // The size of a call, which the device knows from then on.
  TuningSize add_call(std::vector<runtime::Structure> structures);

  void announce(const std::vector<KernelVariant>& variants) override;
  std::optional<std::string> unfit(const KernelVariant& variant) override;
  double predict(int atoms, const KernelVariant& variant) override;
  std::vector<std::optional<std::string>> prepare(const std::vector<KernelVariant>& variants) override;
  std::vector<double> sample(int atoms, const KernelVariant& variant, int count) override;
  std::optional<std::string> check(int atoms, const KernelVariant& variant) override;
  std::vector<double> sample_call(int atoms, const ModelConfiguration& configuration, int count) override;
  std::optional<std::string> check_call(int atoms, const ModelConfiguration& configuration) override;

 private:
  cuda_model::KernelTrials& trials_;
  GpuShape gpu_;
  std::map<int, CallShape> calls_;  // by atoms
};

}  // namespace mlffgen::tuning
