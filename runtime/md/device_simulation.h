// Time steps on a GPU: positions, forces, neighbour list, thermostat and sums stay there; steps are queued as graphs of
// several, and the host looks at what has become of them only once a call, or where the log of samples is full.
//
// The same steps as HostSimulation's, to rounding. Where the list needs more room in the middle of a call, the call is
// rolled back to its beginning, room is made, and it is made again. With a skin, the order in which a model sums pairs
// depends on where the list was built: load() and forget_history() build it at the positions of that moment, so that a
// run that goes on from a state has the bits of the one that was there, unless room has to be made on the way.
#pragma once

#include "runtime/cuda_model/cuda_model.h"
#include "runtime/md/simulation.h"

namespace mlffgen::md {

class DeviceSimulation : public Simulation {
 public:
  // The model must outlive the simulation and serve nothing else meanwhile. skin: that of the model.
  DeviceSimulation(cuda_model::CudaModel& model, double skin, Systems systems, const Dynamics& dynamics);
  ~DeviceSimulation() override;

  std::string device() const override;
  // Computes forces and energies anew also where the state has some.
  void load(State state) override;
  State state() override;
  Sample sample() override;
  long long step() const override;
  void advance(long long steps, long long sample_every, std::vector<Sample>& samples) override;
  void forget_history() override;

  // How often a call was made again because the list needed room.
  long long rollbacks() const;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace mlffgen::md
