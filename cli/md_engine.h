// A model and what makes time steps with it, on the host or on a GPU.
#pragma once

#include <memory>
#include <optional>

#include "cli/device.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"
#include "runtime/md/simulation.h"

namespace mlffgen::cli {

class MdEngine {
 public:
  // skin: of a GPU's neighbour list, the model's length unit; none: a tenth of the cutoff. Throws as open_evaluator.
  MdEngine(const runtime::Bundle& bundle, const api::Device& device, std::optional<double> skin, int threads);

  const runtime::Plan& plan() const { return host_ ? host_->plan() : gpu_->plan(); }

  // The engine must outlive it, and serve one at a time.
  std::unique_ptr<md::Simulation> simulation(const md::Systems& systems, const md::Dynamics& dynamics);

 private:
  int threads_;
  double skin_ = 0;
  std::optional<runtime::HostModel> host_;
  std::optional<cuda_model::CudaModel> gpu_;
};

}  // namespace mlffgen::cli
