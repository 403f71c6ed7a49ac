// Time steps on the host, over any evaluator.
#pragma once

#include "runtime/evaluator.h"
#include "runtime/md/simulation.h"

namespace mlffgen::md {

class HostSimulation : public Simulation {
 public:
  // The evaluator must outlive the simulation. threads: as in runtime::EvaluateOptions.
  HostSimulation(runtime::Evaluator& evaluator, Systems systems, const Dynamics& dynamics, int threads = 0);
  ~HostSimulation() override;

  std::string device() const override;
  void load(State state) override;
  State state() override;
  Sample sample() override;
  long long step() const override;
  void advance(long long steps, long long sample_every, std::vector<Sample>& samples) override;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace mlffgen::md
