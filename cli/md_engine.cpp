#include "cli/md_engine.h"

#include "runtime/bundle.h"
#include "runtime/md/device_simulation.h"
#include "runtime/md/host_simulation.h"

namespace mlffgen::cli {
namespace {

constexpr double kSkinShare = 0.1;  // of the cutoff

}  // namespace

MdEngine::MdEngine(const runtime::Bundle& bundle, const api::Device& device, std::optional<double> skin, int threads)
    : threads_(threads) {
  if (!device.cuda) {
    host_.emplace(bundle);
    return;
  }
  cuda_model::CudaOptions options;
  options.device = device.index;
  options.skin = skin_ = skin ? *skin : kSkinShare * runtime::read_plan(bundle).cutoff;
  gpu_.emplace(bundle, options);
}

std::unique_ptr<md::Simulation> MdEngine::simulation(const md::Systems& systems, const md::Dynamics& dynamics) {
  if (host_) return std::make_unique<md::HostSimulation>(*host_, systems, dynamics, threads_);
  return std::make_unique<md::DeviceSimulation>(*gpu_, skin_, systems, dynamics);
}

}  // namespace mlffgen::cli
