// From PyTorch to all that this program does on a GPU, step by step on the same structures: what each step brings.
//
//   PyTorch       eager, forces by autograd; list made on the processor
//   generated     the compiled code, a kernel a layer, launched one by one; list made on the processor
//   device list   ... and the list made on the GPU
//   fused energy  ... and the phases of the energy as one kernel each
//   fused forces  ... and those of the gradient
//   CUDA graph    ... and all launches of a call as one
//   tuned         ... and the form and the block shapes that `mlffgen autotune` has found
//   two lanes     ... and independent calls at work side by side
//
// Every step takes structures from the host's memory and brings results back there. Rounds go through all steps, so
// that a clock that drifts hits all alike.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/bench_model.h"
#include "cli/bench_results.h"
#include "cli/peer.h"
#include "runtime/bundle.h"

namespace mlffgen::cli {

inline constexpr const char* kAblationPeer = "PyTorch";

class Ablation {
 public:
  // The bundle must outlive it. Opens the model once for each step; what the bundle or this build has not is a step
  // that is not available.
  Ablation(const runtime::Bundle& bundle, int device);
  ~Ablation();

  // A cell's structures through all steps; `peer` has them already, or is null for the reason given. `truth`, if not
  // empty: the forces of a double build. Throws PeerError.
  AblationCell measure(AblationCell cell, std::span<const runtime::Structure> structures, const BenchLimits& limits,
                       Peer* peer, const std::string& no_peer, const std::vector<runtime::Vector3>& truth);

 private:
  struct Step;
  struct Way;
  std::unique_ptr<Step> open(const std::string& name, const std::string& what, const cuda_model::CudaOptions& options);
  std::vector<Way> ways(std::span<const runtime::Structure> structures, Peer* peer, const std::string& no_peer);
  Way peer_way(std::span<const runtime::Structure> structures, Peer* peer, const std::string& no_peer);
  static Way step_way(const Step& step, std::span<const runtime::Structure> structures);
  Way lanes_way(std::span<const runtime::Structure> structures, cuda_model::CudaOptions options);

  const runtime::Bundle& bundle_;
  std::vector<std::unique_ptr<Step>> steps_;
  runtime::NeighbourListBuilder list_;
  double cutoff_;
};

}  // namespace mlffgen::cli
