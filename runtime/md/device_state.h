// The state of a simulation in the memory of a GPU, and the constants of its systems.
#pragma once

#include "runtime/cuda/memory.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/md/systems.h"

namespace mlffgen::md {

// As in templates/dynamics.cu.
struct StepClock {
  long long step = 0;
  int samples = 0;
  int unused = 0;
};

struct StepArrays {
  cuda::DevicePointer mass = 0, system_of_atom = 0, system_begin = 0;
  cuda::DevicePointer positions = 0, velocities = 0, forces = 0, forces_before = 0, heat = 0, energies = 0;
  cuda::DevicePointer clock = 0, log = 0;
  int n_atoms = 0, n_systems = 0;
};

// Members need the context current.
class DeviceState {
 public:
  DeviceState(const cuda::Stream& stream, const Systems& systems, int log_samples);

  const StepArrays& arrays() const { return arrays_; }
  // The same systems at these positions for the model to write forces and energies of.
  cuda_model::DeviceBatch batch() const;
  // Positions that a model may be asked about without touching the state; its results go nowhere.
  cuda_model::DeviceBatch scratch_batch(const std::vector<Vector3>& positions);

  // They wait.
  void upload(const State& state);
  State download();

  // Asynchronous. The clock's samples are 0 then.
  void set_clock(long long step);
  void save();     // remembers the state but for its clock
  void restore();  // to what was saved

  void keep_forces();  // as those of the step before

  // Waits; the first rows of the log as potential, kinetic, heat, correction a system.
  const double* read_log(int samples);

 private:
  cuda::Stream stream_;
  std::size_t n_atoms_, n_systems_;
  int largest_ = 0;
  cuda::DeviceBuffer constants_, state_, saved_, scratch_, log_;
  cuda::PinnedBuffer host_clock_, host_log_;
  std::size_t state_bytes_ = 0;
  StepArrays arrays_;
  cuda::DevicePointer atomic_numbers_ = 0, cells_ = 0, periodic_ = 0;
};

}  // namespace mlffgen::md
