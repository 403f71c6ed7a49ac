#include "runtime/cuda_model/device_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/state.h"

namespace mlffgen::cuda_model {
namespace {

constexpr unsigned kThreads = 256;
constexpr const char* kText = "model_call.cu";

unsigned blocks_for(const DeviceBatch& batch) {
  const std::int64_t numbers = std::max(3 * std::int64_t{batch.n_atoms}, 9 * std::int64_t{batch.n_systems});
  return static_cast<unsigned>(std::clamp<std::int64_t>((numbers + kThreads - 1) / kThreads, 1, 4096));
}

void check_batch(const DeviceBatch& batch) {
  const auto refuse = [](const std::string& what) { throw UserError("a batch on the device " + what); };
  if (batch.n_systems < 1 || batch.n_atoms < 1) {
    refuse(fmt::format("must have at least one system and one atom, this one has {} and {}", batch.n_systems,
                       batch.n_atoms));
  }
  if (batch.n_systems > batch.n_atoms) {
    refuse(fmt::format("has {} systems but only {} atoms: a system must have at least one", batch.n_systems,
                       batch.n_atoms));
  }
  if (batch.positions == 0) refuse("has no positions");
  if (batch.atomic_numbers == 0) refuse("has no atomic numbers");
  if (batch.system_begin == 0 && batch.n_systems > 1) refuse("of several systems has no system_begin");
  if (batch.periodic != 0 && batch.cells == 0) refuse("has periodic flags but no cells");
}

// The status of a call that needs as much room as a record says.
kernels::Status status_of(const FaultRecord& record) {
  kernels::Status status;
  status.list_fault = static_cast<std::int32_t>(kernels::Fault::capacity);
  status.n_pairs = record.most_pairs;
  status.n_candidates = record.most_candidates;
  return status;
}

[[noreturn]] void throw_record(const CudaModel::State& state, const FaultRecord& record) {
  kernels::FaultReport report = kernels::report_of(record.first);
  report.system = record.first.system;
  // Where the other systems begin is not known any more, and does not matter.
  std::vector<int> begin(static_cast<std::size_t>(record.n_systems) + 1, std::numeric_limits<int>::max());
  for (int s = 0; s <= std::max(report.system, 0); ++s) {
    begin[static_cast<std::size_t>(s)] = s < report.system ? 0 : record.first_atom;
  }
  state.throw_fault(report, begin);
}

}  // namespace

DeviceCalls::DeviceCalls(const kernels::KernelLibrary& library, runtime::Precision precision)
    : begin_(library.kernel(kText, "begin_call", precision)),
      finish_(library.kernel(kText, "finish_call", precision)),
      record_(library.context()),
      last_(library.context()) {
  new (record_.at_least(sizeof(FaultRecord))) FaultRecord;
}

void DeviceCalls::enqueue_begin(const DeviceBatch& batch, const Lane& lane, const CallKey& key,
                                const cuda::Stream& stream) const {
  const InputLayout in(key.atoms, key.systems);
  const cuda::DevicePointer base = lane.inputs();
  begin_.launch(stream, {blocks_for(batch), kThreads}, batch.positions, batch.atomic_numbers, batch.system_begin,
                batch.cells, batch.periodic, batch.n_atoms, batch.n_systems, base + in.size, base + in.positions,
                base + in.atomic_numbers, base + in.system_begin, base + in.cells, base + in.periodic);
}

void DeviceCalls::enqueue_finish(const DeviceBatch& batch, const Lane& lane, const CallKey& key,
                                 const cuda::Stream& stream) const {
  const InputLayout in(key.atoms, key.systems);
  const OutputLayout out(key.atoms, key.systems);
  const cuda::DevicePointer base = lane.outputs();
  const cuda::DevicePointer none = 0;
  const auto record = reinterpret_cast<cuda::DevicePointer>(record_.as<FaultRecord>());
  finish_.launch(stream, {blocks_for(batch), kThreads}, lane.device_status(), lane.inputs() + in.system_begin,
                 batch.n_atoms, batch.n_systems, std::numeric_limits<double>::quiet_NaN(), base + out.energies,
                 base + out.atom_energies, base + out.forces, base + out.virials, batch.energies, batch.atom_energies,
                 key.forces ? batch.forces : none, key.forces ? batch.virials : none, record);
}

bool DeviceCalls::has_news() const {
  const volatile FaultRecord& record = *record_.as<FaultRecord>();
  return record.n_faults > 0 || record.n_short > 0;
}

FaultRecord DeviceCalls::take() {
  FaultRecord& record = *record_.as<FaultRecord>();
  const FaultRecord taken = record;
  record = FaultRecord();
  return taken;
}

CallKey CudaModel::State::key_of(const DeviceBatch& batch, bool forces) {
  const int largest = batch.largest_system > 0 ? std::min(batch.largest_system, batch.n_atoms) : batch.n_atoms;
  return {BatchKind::device, atom_capacity(batch.n_atoms, batch.n_systems), round_up_capacity(batch.n_systems), forces,
          kernels::DeviceNeighbourList::path_for(largest)};
}

// Room for a batch; if there has never been so much, its pairs are counted first.
void CudaModel::State::prepare(const DeviceBatch& batch, const CallKey& key, const cuda::Stream& stream) {
  Lane* own = &lane(0);
  if (key.atoms <= own->room().atoms && key.systems <= own->room().systems) return;
  if (device_calls) device_calls->last().synchronise();
  drop_lane(1);
  make_room_for(0, key);
  if (!device_calls) device_calls.emplace(library, plan.precision);
  for (;;) {
    own = &lane(0);
    device_calls->enqueue_begin(batch, *own, key, stream);
    own->enqueue_list(key, stream);
    stream.synchronise();
    const kernels::Status status = own->status();
    learn(status, batch.n_atoms);
    if (kernels::report_of(status).fault != kernels::Fault::capacity) return;
    make_room_after(0, status);
  }
}

void CudaModel::enqueue(const DeviceBatch& batch, const runtime::EvaluateOptions& options, const cuda::Stream& stream) {
  const cuda::CurrentContext current(state_->context);
  State& state = *state_;
  check_batch(batch);
  if (state.device_calls && state.device_calls->has_news()) state.settle();
  const CallKey key = State::key_of(batch, options.forces);
  state.prepare(batch, key, stream);
  if (!state.device_calls) state.device_calls.emplace(state.library, state.plan.precision);
  Lane& lane = state.lane(0);
  state.device_calls->enqueue_begin(batch, lane, key, stream);
  state.run(lane, key, stream);
  state.device_calls->enqueue_finish(batch, lane, key, stream);
  state.device_calls->mark_last(stream);
}

void CudaModel::launch(const DeviceBatch& batch, const runtime::EvaluateOptions& options, const cuda::Stream& stream) {
  const cuda::CurrentContext current(state_->context);
  State& state = *state_;
  check_batch(batch);
  const CallKey key = State::key_of(batch, options.forces);
  if (!state.has_lane(0) || key.atoms > state.lane(0).room().atoms || key.systems > state.lane(0).room().systems ||
      !state.device_calls || !state.program.has_recipe_for(key.atoms, key.systems)) {
    throw UserError(fmt::format(
        "there are no room and kernels for {} atoms in {} systems yet; evaluate the batch once before its launches are "
        "captured",
        batch.n_atoms, batch.n_systems));
  }
  Lane& lane = state.lane(0);
  state.device_calls->enqueue_begin(batch, lane, key, stream);
  lane.enqueue(key, stream);
  state.device_calls->enqueue_finish(batch, lane, key, stream);
}

// Waits for what is under way, makes the room that calls lacked, and throws the first fault.
void CudaModel::State::settle() {
  device_calls->last().synchronise();
  const FaultRecord record = device_calls->take();
  if (record.n_short > 0) {
    device_calls->missed += record.n_short;
    drop_lane(1);
    make_room_after(0, status_of(record));
  }
  if (record.n_faults > 0) throw_record(*this, record);
}

Outcome CudaModel::check() {
  const cuda::CurrentContext current(state_->context);
  auto& calls = state_->device_calls;
  if (!calls) return Outcome::done;
  calls->last().synchronise();
  state_->settle();
  return std::exchange(calls->missed, 0) > 0 ? Outcome::repeat : Outcome::done;
}

void CudaModel::evaluate(const DeviceBatch& batch, const runtime::EvaluateOptions& options,
                         const cuda::Stream& stream) {
  if (state_->device_calls) state_->device_calls->missed = 0;
  do {
    enqueue(batch, options, stream);
  } while (check() == Outcome::repeat);
}

}  // namespace mlffgen::cuda_model
