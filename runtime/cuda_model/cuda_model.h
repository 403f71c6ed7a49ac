// A compiled model on one GPU: the kernels of a bundle run over batches of systems, from host data (Evaluator) or from
// device pointers on a caller's stream.
//
// Everything is in the model's units (Plan::length_unit, Plan::energy_unit). The same input gives the same bits, call
// after call, with graphs or without, with forces or without; with a skin, the order in which pairs are summed depends
// on where the list was built last. A system's results do not depend on the others of its batch but for float rounding.
//
// Throws UserError: on loading for a bundle without GPU source, a GPU that is not there or cannot hold a block of the
// smallest tile; on evaluation StructureError as HostModel does, naming the first system and atom at fault counted
// from 0. Throws DeviceError for failures of the GPU, and MemoryError (a UserError) that says how many bytes are needed
// and how many are free. The handle is as usable as before after each of them.
// Not for use by two threads at once; models of different threads do not affect each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/evaluator.h"
#include "runtime/wisdom/configuration.h"

namespace mlffgen::runtime {
class Bundle;
}

namespace mlffgen::cuda_model {

struct CudaOptions {
  int device = 0;          // as CUDA numbers the GPUs
  double skin = 0;         // of the neighbour list, length unit; for trajectories, 0 builds the list in every call
  std::string form = {};   // of Plan::forms that runs where nothing is known of the size of a call; "" for the first
  bool wisdom = true;      // follow what a tuner found out about this model on this GPU (runtime/wisdom)
  bool graphs = true;      // replay captured graphs; without, each kernel is launched by the host
  bool host_list = false;  // of host data, make the list on the processor and upload it in every call, without graphs
  std::size_t memory_limit = 0;  // bytes of device memory that this model may hold; 0: what the GPU has free
  int atoms_per_batch = 32768;   // of host data: larger sets are cut, a larger system is a batch of its own
  std::function<void(const std::string&)> warn = {};  // none: a line on the standard error
};

// A batch in device memory, its systems one behind the other, atoms in any order. The arrays must stay as they are
// until the stream has passed the call.
struct DeviceBatch {
  int n_atoms = 0, n_systems = 0;
  cuda::DevicePointer positions = 0;       // double [n_atoms][3], length unit
  cuda::DevicePointer atomic_numbers = 0;  // int [n_atoms]
  cuda::DevicePointer system_begin = 0;    // int [n_systems + 1], atoms; ascending from 0 to n_atoms; 0 for one system
  cuda::DevicePointer cells = 0;           // double [n_systems][3][3], rows are lattice vectors; 0 if none is periodic
  cuda::DevicePointer periodic = 0;        // int [n_systems], bit d: lattice vector d is periodic; 0 if none is

  // Written in the order of the inputs; 0: not wanted. Forces and virials are left alone without
  // EvaluateOptions::forces.
  cuda::DevicePointer energies = 0;       // double [n_systems], energy unit
  cuda::DevicePointer atom_energies = 0;  // double [n_atoms]
  cuda::DevicePointer forces = 0;         // double [n_atoms][3], energy unit / length unit
  cuda::DevicePointer virials = 0;        // double [n_systems][3][3], energy unit

  int largest_system = 0;  // atoms, if known: many small systems are then searched in a quicker way
};

// What check() found out about the calls of enqueue() since the last check.
enum class Outcome {
  done,   // all have delivered
  repeat  // at least one had more pairs than there was room for: its outputs are NaN, room has been made, call again
};

struct Statistics {
  std::size_t captures = 0;      // of graphs
  std::size_t replays = 0;       // of graphs
  std::size_t plain_calls = 0;   // without a graph
  std::size_t regrowths = 0;     // of the workspace, the first time included
  std::size_t repeats = 0;       // calls run again (or to be run again) for want of room
  std::size_t batches = 0;       // device calls
  std::size_t device_bytes = 0;  // held now: constants, workspaces, lists
};

// Device memory that a call needs beyond the constants: atoms * bytes_per_atom + pairs * bytes_per_pair, in round
// numbers; kernels work on sorted copies of the atoms.
struct MemoryNeed {
  std::size_t constants = 0;
  std::size_t bytes_per_atom = 0;
  std::size_t bytes_per_pair = 0;
};

class CudaModel : public runtime::Evaluator {
 public:
  // The bundle is needed only during the call. Takes its machine code if it fits the GPU, else compiles its source.
  explicit CudaModel(const runtime::Bundle& bundle, const CudaOptions& options = {});
  ~CudaModel() override;
  CudaModel(CudaModel&&) noexcept;
  CudaModel& operator=(CudaModel&&) noexcept;

  const runtime::Plan& plan() const override;
  std::string device() const override;  // "cuda:0 (NVIDIA H100 80GB HBM3)"
  const cuda::Context& context() const;
  std::optional<runtime::LoadTimes> load_times() const override;
  const std::string& code() const;  // where its kernels come from: "section cuda/sm_90 of model.mlff"

  // Host data. Large sets are cut into batches on two streams, so that copies and kernels overlap.
  using Evaluator::evaluate;
  void evaluate(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions& options,
                std::vector<runtime::Result>& results) override;

  // Device data, complete when it returns; makes room for whatever it finds.
  void evaluate(const DeviceBatch& batch, const runtime::EvaluateOptions& options, const cuda::Stream& stream);

  // Device data, asynchronous on the stream. The first call with more atoms or systems than ever before waits for the
  // GPU to learn how much room the pairs need (and takes a quarter more); every other call returns at once. Faults that
  // the GPU finds (a bad position, too many pairs for the room, ...) fill the call's outputs with NaN; check() and the
  // next enqueue() tell. Calls of one model must be on one stream, or ordered by the caller.
  void enqueue(const DeviceBatch& batch, const runtime::EvaluateOptions& options, const cuda::Stream& stream);

  // As enqueue, but never waits, allocates or replays a graph: for a caller who captures the stream in a graph of his
  // own. Needs room for the batch's pairs, and that a batch of its size has been evaluated: kernels are loaded then.
  // The graph stays valid until the next call that regrows (Statistics::regrowths).
  void launch(const DeviceBatch& batch, const runtime::EvaluateOptions& options, const cuda::Stream& stream);

  // Waits for the last enqueue() and tells what the GPU found since the last check: throws StructureError for the first
  // fault. After launch(), synchronise the stream first.
  Outcome check();

  // Makes room. Pairs are directed: both directions count. 0 pairs: as many as there is room for now.
  void reserve(int n_atoms, int n_systems, std::int64_t n_pairs = 0);

  // From now on every call runs this, whatever its size; with an empty form, what the options say, as in the beginning.
  // UserError if the model or the GPU cannot.
  void use(const wisdom::ModelConfiguration& configuration);

  // What the kernels are run with for sizes of calls so far, and why: one line each, as the wisdom's ladder tells it.
  const std::vector<std::string>& advice() const;

  MemoryNeed memory_need() const;
  Statistics statistics() const;

  // Every launch, copy and fill of a call is a step. Calls of the host's data are not cut into batches here.
  runtime::Profile profile(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions& options = {},
                           const runtime::ProfileOptions& profile_options = {}) override;
  // Of evaluate() from device data, whose results are written.
  runtime::Profile profile(const DeviceBatch& batch, const runtime::EvaluateOptions& options,
                           const cuda::Stream& stream, const runtime::ProfileOptions& profile_options = {});

  struct State;  // of this folder

 private:
  friend class KernelTrials;
  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::cuda_model
