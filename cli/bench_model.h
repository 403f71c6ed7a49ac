// A model that `mlffgen bench` times, on the host or on a GPU.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/bench_results.h"
#include "runtime/api/open_evaluator.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"

namespace mlffgen::cli {

struct BenchLimits {
  int repeats = 100, warm_up = 10;  // calls
  double seconds = 2;               // of the calls of one cell
  int least = 5;                    // calls, however slow they are
};

// Milliseconds of each call, after the warm-up. Ends early, at worst with no call, when a signal asks to stop.
std::vector<double> time_calls(const BenchLimits& limits, const std::function<void()>& call);

class BenchModel {
 public:
  // Throws as api::open_evaluator.
  BenchModel(const runtime::Bundle& bundle, const api::Device& device, int threads);

  const runtime::Plan& plan() const { return evaluator().plan(); }
  std::string device() const { return evaluator().device(); }
  std::size_t bytes_held() const;
  std::vector<std::string> advice() const;  // CudaModel::advice(); nothing on the host

  // Forces of all structures, one behind the other.
  std::vector<runtime::Vector3> forces(std::span<const runtime::Structure> structures);

  // From device pointers (on a GPU) and from the host's data. `truth`, if not empty: the forces of a double build.
  // A batch that memory does not suffice for is a side with a problem.
  std::vector<BenchSide> measure(std::span<const runtime::Structure> structures, const BenchLimits& limits,
                                 const std::vector<runtime::Vector3>& truth);

 private:
  runtime::Evaluator& evaluator() const;
  BenchSide measure_host_data(std::span<const runtime::Structure> structures, const BenchLimits& limits,
                              const std::vector<runtime::Vector3>& truth);
  BenchSide measure_device_data(std::span<const runtime::Structure> structures, const BenchLimits& limits,
                                const std::vector<runtime::Vector3>& truth);

  runtime::EvaluateOptions options_;
  std::unique_ptr<runtime::HostModel> host_;
  std::unique_ptr<cuda_model::CudaModel> gpu_;
};

// Of forces against better ones, over all components.
Comparison::Forces force_error(std::span<const runtime::Vector3> forces, std::span<const runtime::Vector3> truth);

}  // namespace mlffgen::cli
