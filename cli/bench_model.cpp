#include "cli/bench_model.h"

#include <chrono>

#include "base/error.h"
#include "cli/device_arrays.h"
#include "cli/stop_signal.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {
namespace {

using runtime::Structure;
using runtime::Vector3;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void compare_forces(BenchSide& side, const std::vector<Vector3>& forces, const std::vector<Vector3>& truth) {
  if (!truth.empty()) side.double_error = force_error(forces, truth);
}

std::vector<Vector3> forces_of(const std::vector<runtime::Result>& results) {
  std::vector<Vector3> forces;
  for (const runtime::Result& result : results) forces.insert(forces.end(), result.forces.begin(), result.forces.end());
  return forces;
}

}  // namespace

Comparison::Forces force_error(std::span<const Vector3> forces, std::span<const Vector3> truth) {
  runtime::Frame frame;
  frame.forces.assign(truth.begin(), truth.end());
  frame.structure.positions.resize(truth.size());
  runtime::Result result;
  result.forces.assign(forces.begin(), forces.end());
  return *compare(frame, result).forces;
}

std::vector<double> time_calls(const BenchLimits& limits, const std::function<void()>& call) {
  const auto stopped = [] { return StopSignal::received() != 0; };
  auto start = Clock::now();
  for (int k = 0; k < limits.warm_up && !stopped() && seconds_since(start) < limits.seconds; ++k) call();
  std::vector<double> times;
  start = Clock::now();
  while (times.size() < static_cast<std::size_t>(limits.repeats) && !stopped() &&
         (times.size() < static_cast<std::size_t>(limits.least) || seconds_since(start) < limits.seconds)) {
    const auto begin = Clock::now();
    call();
    times.push_back(1e3 * seconds_since(begin));
  }
  return times;
}

BenchModel::BenchModel(const runtime::Bundle& bundle, const api::Device& device, int threads) {
  options_.threads = threads;
  if (!device.cuda) {
    host_ = std::make_unique<runtime::HostModel>(bundle);
    return;
  }
  cuda_model::CudaOptions options;
  options.device = device.index;
  gpu_ = std::make_unique<cuda_model::CudaModel>(bundle, options);
}

runtime::Evaluator& BenchModel::evaluator() const {
  if (host_) return *host_;
  return *gpu_;
}

std::size_t BenchModel::bytes_held() const { return host_ ? host_->memory().held : gpu_->statistics().device_bytes; }

std::vector<std::string> BenchModel::advice() const { return gpu_ ? gpu_->advice() : std::vector<std::string>(); }

std::vector<Vector3> BenchModel::forces(std::span<const Structure> structures) {
  return forces_of(evaluator().evaluate(structures, options_));
}

std::vector<BenchSide> BenchModel::measure(std::span<const Structure> structures, const BenchLimits& limits,
                                           const std::vector<Vector3>& truth) {
  std::vector<BenchSide> sides;
  if (gpu_) sides.push_back(measure_device_data(structures, limits, truth));
  sides.push_back(measure_host_data(structures, limits, truth));
  return sides;
}

BenchSide BenchModel::measure_host_data(std::span<const Structure> structures, const BenchLimits& limits,
                                        const std::vector<Vector3>& truth) {
  BenchSide side{gpu_ ? "host data" : "host", {}, {}, {}, {}};
  try {
    std::vector<runtime::Result> results;
    // The first two make memory and record a GPU's graph.
    for (int k = 0; k < 2; ++k) evaluator().evaluate(structures, options_, results);
    side.milliseconds = time_calls(limits, [&] { evaluator().evaluate(structures, options_, results); });
    compare_forces(side, forces_of(results), truth);
  } catch (const MemoryError& error) {
    side.problem = error.what();
  }
  return side;
}

BenchSide BenchModel::measure_device_data(std::span<const Structure> structures, const BenchLimits& limits,
                                          const std::vector<Vector3>& truth) {
  BenchSide side{"device pointers", {}, {}, {}, {}};
  try {
    const DeviceArrays arrays(gpu_->context(), structures);
    const auto call = [&] { gpu_->evaluate(arrays.batch(), options_, arrays.stream()); };
    for (int k = 0; k < 2; ++k) call();
    side.milliseconds = time_calls(limits, call);
    compare_forces(side, arrays.forces(), truth);
  } catch (const MemoryError& error) {
    side.problem = error.what();
  }
  return side;
}

}  // namespace mlffgen::cli
