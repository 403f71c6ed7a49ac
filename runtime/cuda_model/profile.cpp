// What a call's time goes into: the same call as it usually runs, without its graph, and step by step.
#include <fmt/format.h>

#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "runtime/cuda_model/state.h"
#include "runtime/cuda_model/step_timer.h"

namespace mlffgen::cuda_model {
namespace {

constexpr int kFirstCalls = 2;  // make room; capture the graph

// Gives a value back when it goes.
template <class T>
class Restore {
 public:
  Restore(T& place, T value) : place_(place), before_(std::exchange(place, value)) {}
  ~Restore() { place_ = before_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& place_;
  T before_;
};

// A call that has run before and finds all the room it needs.
struct KnownCall {
  const cuda::Stream& stream;
  std::function<void()> evaluate;                // all of it, results awaited
  std::function<void()> run;                     // what is put into the stream, as a graph if there is one
  std::function<void(const PartMark&)> enqueue;  // ... launched one by one
};

runtime::Profile profile_of(CudaModel::State& state, const KnownCall& call, const runtime::ProfileOptions& options) {
  runtime::Profile profile;
  profile.call = runtime::time_calls(options, call.evaluate);
  if (state.graphs) {
    profile.graph = time_on_gpu(call.stream, options.repeats, call.run);
    const Restore without(state.graphs, false);
    profile.plain_call = runtime::time_calls({options.repeats, 1}, call.evaluate);
  }
  StepTimes times = time_steps(call.stream, options.repeats, call.enqueue);
  profile.steps = std::move(times.steps);
  profile.all_steps = times.all;
  return profile;
}

}  // namespace

runtime::Profile CudaModel::profile(std::span<const runtime::Structure> structures,
                                    const runtime::EvaluateOptions& options,
                                    const runtime::ProfileOptions& profile_options) {
  const cuda::CurrentContext current(state_->context);
  State& state = *state_;
  if (structures.empty()) throw UserError("a profile needs at least one structure");
  const Restore one_batch(state.options.atoms_per_batch, std::numeric_limits<int>::max());
  std::vector<runtime::Result> results;
  for (int k = 0; k < kFirstCalls; ++k) evaluate(structures, options, results);
  const std::size_t before = state.statistics.batches;
  evaluate(structures, options, results);
  const std::size_t batches = state.statistics.batches - before;
  if (batches != 1) {
    throw UserError(fmt::format(
        "the {} structures take {} calls of the GPU, as its memory does not suffice for one; profile fewer at once",
        structures.size(), batches));
  }
  const CallKey key = state.last_host_call;
  Lane& lane = state.lane(0);
  const KnownCall call = {lane.stream(), [&] { evaluate(structures, options, results); },
                          [&] { state.run(lane, key, lane.stream()); },
                          [&](const PartMark& begin) { lane.enqueue(key, lane.stream(), begin); }};
  runtime::Profile profile = profile_of(state, call, profile_options);
  profile.n_systems = static_cast<int>(structures.size());
  profile.n_atoms = lane.staged_size().n_atoms;
  profile.n_pairs = lane.status().n_pairs;
  profile.tile_atoms = lane.tile_atoms(key);
  return profile;
}

runtime::Profile CudaModel::profile(const DeviceBatch& batch, const runtime::EvaluateOptions& options,
                                    const cuda::Stream& stream, const runtime::ProfileOptions& profile_options) {
  const cuda::CurrentContext current(state_->context);
  State& state = *state_;
  for (int k = 0; k < kFirstCalls; ++k) evaluate(batch, options, stream);
  const CallKey key = State::key_of(batch, options.forces);
  Lane& lane = state.lane(0);
  if (!state.device_calls) throw InternalError("a call from device memory has left nothing behind");
  const DeviceCalls& calls = *state.device_calls;
  const KnownCall call = {stream, [&] { evaluate(batch, options, stream); },
                          [&] {
                            calls.enqueue_begin(batch, lane, key, stream);
                            state.run(lane, key, stream);
                            calls.enqueue_finish(batch, lane, key, stream);
                          },
                          [&](const PartMark& begin) {
                            begin("copy in");
                            calls.enqueue_begin(batch, lane, key, stream);
                            lane.enqueue(key, stream, begin);
                            begin("copy out");
                            calls.enqueue_finish(batch, lane, key, stream);
                          }};
  runtime::Profile profile = profile_of(state, call, profile_options);
  lane.enqueue_list(key, stream);
  stream.synchronise();
  profile.n_systems = batch.n_systems;
  profile.n_atoms = batch.n_atoms;
  profile.n_pairs = lane.status().n_pairs;
  profile.tile_atoms = lane.tile_atoms(key);
  return profile;
}

}  // namespace mlffgen::cuda_model
