#include "tuning/cost_model.h"

#include <algorithm>
#include <cmath>

namespace mlffgen::tuning {
namespace {

// Of an H100, measured (docs/results/first_figures.md): what a thread of a block can fetch of a dense layer's weights,
// what a team spends on a pair whatever its width and on each channel that a lane has of it, and on starting a block.
constexpr double kWeightBytes = 96;  // a thread and microsecond
constexpr double kPairTime = 0.25, kChannelTime = 0.2, kBlockTime = 2;
constexpr int kUsualChannels = 128;
constexpr int kFewRegisters = 96;  // a kernel that is given fewer spills

int value_of(const runtime::Plan& plan, const runtime::Configuration& configuration, const char* define,
             int otherwise) {
  const auto named = configuration.find(define);
  if (named != configuration.end()) return named->second;
  for (const auto& tunable : plan.gpu_tunables) {
    if (tunable.define == define) return tunable.value;
  }
  return otherwise;
}

// Of the matrices that the kernel multiplies by.
double weight_bytes(const runtime::Plan& plan, const runtime::Plan::Kernel& kernel) {
  double bytes = 0;
  for (const auto& argument : kernel.arguments) {
    if (argument.kind != runtime::ArgumentKind::constant) continue;
    const auto& constant = plan.constants[argument.index];
    if (constant.inputs > 0) bytes += static_cast<double>(constant.bytes);
  }
  return bytes;
}

int channels_of(const runtime::Plan& plan) {
  int least = 0;
  for (const auto& constant : plan.constants) {
    if (constant.inputs > 0) least = least == 0 ? constant.inputs : std::min(least, constant.inputs);
  }
  return least > 0 ? least : kUsualChannels;
}

}  // namespace

double predicted_time(const runtime::Plan& plan, const runtime::Plan::Kernel& kernel,
                      const runtime::Configuration& configuration, const CallShape& call, const GpuShape& gpu) {
  const runtime::BlockShape shape = runtime::shape_of(plan.gpu_tunables, configuration);
  const auto shared = std::max<std::size_t>(runtime::shared_bytes(kernel.shared, shape, plan.precision), 1024);
  const int wanted =
      value_of(plan, configuration, kernel.shared.products ? "MLFF_MIN_BLOCKS" : "MLFF_MIN_PAIR_BLOCKS", 1);
  const int by_registers = gpu.registers / (shape.threads() * kFewRegisters);
  const int by_threads = gpu.threads / shape.threads();
  const int by_shared = static_cast<int>(gpu.shared_bytes / shared);
  const int fit = std::max(1, std::min({by_threads, by_shared, gpu.blocks, std::max(wanted, by_registers)}));
  const double at_once = static_cast<double>(fit) * gpu.multiprocessors;
  const double rounds = std::max(1.0, std::ceil(call.atoms / (at_once * shape.tile)));
  const double atoms = std::ceil(call.atoms / (at_once * rounds));  // of a block
  // Two threads for each of which the other can step in are as many as a multiprocessor makes use of.
  const double crowd = std::max(1.0, fit * shape.threads() / 512.0);

  double time = kBlockTime;
  if (kernel.shared.products) {
    const double passes = 1 + 0.15 * (std::ceil(3 * atoms / 8) - 1);
    const double lag = std::pow(4.0 / shape.weight_steps, 0.15);
    time += weight_bytes(plan, kernel) / (kWeightBytes * shape.threads()) * passes * lag * std::sqrt(crowd);
  }
  if (kernel.shared.record_bytes > 0) {
    const double channels = std::ceil(static_cast<double>(channels_of(plan)) / shape.lanes);
    const double batches = std::pow(2.0 / shape.pair_batch, 0.1) * std::pow(16.0 / shape.pair_chunk, 0.05);
    time += std::ceil(atoms / shape.teams) * call.neighbours * (kPairTime + kChannelTime * channels) * batches * crowd;
  }
  const double spills = wanted * shape.threads() * kFewRegisters > gpu.registers ? 1.5 : 1;
  return time * rounds * spills;
}

}  // namespace mlffgen::tuning
