#include "cli/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "cli/stop_signal.h"

namespace mlffgen::cli {
namespace {

using cuda_model::CudaModel;
using cuda_model::CudaOptions;
using runtime::Structure;
using runtime::Vector3;

constexpr int kRounds = 5;
constexpr std::size_t kLaneCalls = 16;  // independent calls that share the GPU

constexpr const char* kTuned = "tuned";
constexpr const char* kPeerWhat =
    "eager, forces by autograd, inputs brought to the GPU in every call; the neighbour list by mlffgen on the "
    "processor, timed with it";
constexpr const char* kLanesWhat =
    "16 independent calls on two streams in turn, the time of one of them: throughput, no longer latency";

BenchLimits of_round(const BenchLimits& limits, int round) {
  return {std::max(limits.repeats / kRounds, 1), round == 0 ? limits.warm_up : std::min(limits.warm_up, 1),
          limits.seconds / kRounds, 1};
}

// Why a call of these structures runs nothing that was tuned, or "". Asks the wisdom anew.
std::string tuning_problem(CudaModel& model, std::span<const Structure> structures) {
  model.use({});
  std::vector<runtime::Result> results;
  try {
    model.evaluate(structures, {}, results);
  } catch (const MemoryError& error) {
    return error.what();
  }
  if (model.advice().empty()) return "there are no tuning results of this model: 'mlffgen autotune' makes them";
  const std::string& reason = model.advice().back();
  const bool used = !reason.starts_with("heuristic") && reason.find("not used") == std::string::npos;
  return used ? "" : reason;
}

void append(std::vector<double>& times, const std::vector<double>& more) {
  times.insert(times.end(), more.begin(), more.end());
}

// Calls of one model with the same structures.
struct Calls {
  CudaModel* model;
  std::vector<Structure> structures;
  std::vector<runtime::Result> results{};

  void call() { model->evaluate(structures, {}, results); }

  // Of the first so many atoms.
  std::vector<Vector3> forces(std::size_t n_atoms) const {
    std::vector<Vector3> forces;
    for (const runtime::Result& result : results) {
      forces.insert(forces.end(), result.forces.begin(), result.forces.end());
    }
    forces.resize(std::min(forces.size(), n_atoms));
    return forces;
  }
};

}  // namespace

// A model opened for one step.
struct Ablation::Step {
  std::string name, what, problem;
  CudaOptions options;
  std::unique_ptr<CudaModel> model;  // none: not available
};

// A step with the structures at hand: adds the times of a round, and has the forces behind it.
struct Ablation::Way {
  AblationRung rung;
  std::function<void(AblationRung&, const BenchLimits&)> round{};  // none: not available
  std::function<std::vector<Vector3>()> forces{};
};

Ablation::Ablation(const runtime::Bundle& bundle, int device) : bundle_(bundle) {
  CudaOptions options;
  options.device = device;
  options.wisdom = false;
  options.graphs = false;
  options.host_list = true;
  options.form = "unfused";
  const auto add = [&](const std::string& name, const std::string& what) {
    steps_.push_back(open(name, what, options));
  };
  add("generated code", "a kernel for each layer and each sum over neighbours, launched one by one; list as before");
  options.host_list = false;
  add("device list", "the neighbour list on the GPU");
  options.form = "fused-forward";
  add("fused energy", "a kernel for each phase of the energy, between two gathers of neighbours' values");
  options.form = "fused";
  add("fused forces", "a kernel for each phase of the gradient, too");
  options.graphs = true;
  add("CUDA graph", "all launches and copies of a call as one graph");
  options.form = "";
  options.wisdom = true;
  add(kTuned, "the form and the block shape of each kernel that a tuner has found for calls of this size");
  cutoff_ = runtime::read_plan(bundle).cutoff;
}

Ablation::~Ablation() = default;

std::unique_ptr<Ablation::Step> Ablation::open(const std::string& name, const std::string& what,
                                               const CudaOptions& options) {
  auto step = std::make_unique<Step>(Step{name, what, "", options, nullptr});
  try {
    step->model = std::make_unique<CudaModel>(bundle_, options);
  } catch (const UserError& error) {
    step->problem = error.what();
  }
  return step;
}

Ablation::Way Ablation::peer_way(std::span<const Structure> structures, Peer* peer, const std::string& no_peer) {
  Way way{{kAblationPeer, kPeerWhat, {}, {}, {}, no_peer}};
  if (peer == nullptr) return way;
  way.round = [this, structures, peer](AblationRung& rung, const BenchLimits& limits) {
    const BenchSide side = peer->measure("upload", limits);
    if (!side.measured()) {
      rung.problem = side.problem;
      return;
    }
    const BenchLimits same{static_cast<int>(side.milliseconds.size()), 1, limits.seconds, 1};
    const std::vector<double> lists = time_calls(same, [&] { list_.build(structures, cutoff_); });
    if (lists.empty()) return;  // a signal
    for (std::size_t k = 0; k < side.milliseconds.size(); ++k) {
      rung.list_milliseconds.push_back(lists[std::min(k, lists.size() - 1)]);
      rung.milliseconds.push_back(side.milliseconds[k] + rung.list_milliseconds.back());
    }
  };
  way.forces = [peer] { return peer->forces("float32"); };
  return way;
}

// Copies of the structures, each a batch of its own, by a model with the options of the step before.
Ablation::Way Ablation::lanes_way(std::span<const Structure> structures, CudaOptions options) {
  Way way{{"two lanes", kLanesWhat, {}, {}, {}, {}}};
  options.atoms_per_batch = 0;
  for (const Structure& structure : structures) options.atoms_per_batch += static_cast<int>(structure.positions.size());
  const std::size_t n_atoms = static_cast<std::size_t>(options.atoms_per_batch);
  const auto model = std::make_shared<CudaModel>(bundle_, options);
  const auto calls = std::make_shared<Calls>(Calls{model.get(), {}});
  for (std::size_t k = 0; k < kLaneCalls; ++k) {
    calls->structures.insert(calls->structures.end(), structures.begin(), structures.end());
  }
  way.round = [model, calls](AblationRung& rung, const BenchLimits& limits) {
    std::vector<double> times = time_calls(limits, [&] { calls->call(); });
    for (double& time : times) time /= static_cast<double>(kLaneCalls);
    append(rung.milliseconds, times);
  };
  way.forces = [calls, n_atoms] { return calls->forces(n_atoms); };
  return way;
}

Ablation::Way Ablation::step_way(const Step& step, std::span<const Structure> structures) {
  Way way{{step.name, step.what, {}, {}, {}, step.problem}};
  if (step.model && step.name == kTuned) way.rung.problem = tuning_problem(*step.model, structures);
  if (!way.rung.problem.empty()) return way;
  const auto calls = std::make_shared<Calls>(Calls{step.model.get(), {structures.begin(), structures.end()}});
  way.round = [calls](AblationRung& rung, const BenchLimits& limits) {
    append(rung.milliseconds, time_calls(limits, [&] { calls->call(); }));
  };
  way.forces = [calls] { return calls->forces(~std::size_t{0}); };
  return way;
}

std::vector<Ablation::Way> Ablation::ways(std::span<const Structure> structures, Peer* peer,
                                          const std::string& no_peer) {
  std::vector<Way> ways;
  ways.push_back(peer_way(structures, peer, no_peer));
  CudaOptions last = steps_.back()->options;
  for (const auto& step : steps_) {
    ways.push_back(step_way(*step, structures));
    if (ways.back().round) last = step->options;
  }
  ways.push_back(lanes_way(structures, last));
  return ways;
}

AblationCell Ablation::measure(AblationCell cell, std::span<const Structure> structures, const BenchLimits& limits,
                               Peer* peer, const std::string& no_peer, const std::vector<Vector3>& truth) {
  std::vector<Way> all = ways(structures, peer, no_peer);
  for (int round = 0; round < kRounds && StopSignal::received() == 0; ++round) {
    for (Way& way : all) {
      if (!way.round || !way.rung.problem.empty()) continue;
      try {
        // Memory is made, and a graph recorded, before the first round counts.
        if (round == 0) {
          AblationRung first;
          way.round(first, {2, 0, limits.seconds, 2});
        }
        way.round(way.rung, of_round(limits, round));
      } catch (const MemoryError& error) {
        way.rung.problem = error.what();
      } catch (const PeerError&) {
        if (StopSignal::received() == 0) throw;  // or it was asked to stop, and the other steps' times count
      }
    }
  }
  for (Way& way : all) {
    if (way.rung.measured() && !truth.empty() && StopSignal::received() == 0) {
      const std::vector<Vector3> forces = way.forces();  // none, if the peer has no memory for them
      if (forces.size() == truth.size()) way.rung.double_error = force_error(forces, truth);
    }
    if (!way.rung.measured() && way.rung.problem.empty()) way.rung.problem = "stopped before it was timed";
    cell.rungs.push_back(std::move(way.rung));
  }
  return cell;
}

}  // namespace mlffgen::cli
