#include "runtime/cuda_model/cuda_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "runtime/bundle.h"
#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/state.h"

namespace mlffgen::cuda_model {
namespace {

// Left to the driver for graphs, modules and the stacks of kernels.
std::size_t driver_share(std::size_t total) { return std::min<std::size_t>(total / 64, std::size_t{256} << 20); }

std::int64_t part_more(std::int64_t count) { return count + count / 4; }

bool holds(const Room& room, const Room& needed) {
  return room.atoms >= needed.atoms && room.systems >= needed.systems && room.pairs >= needed.pairs &&
         room.candidates >= needed.candidates;
}

Room larger(const Room& a, const Room& b) {
  return {std::max(a.atoms, b.atoms), std::max(a.systems, b.systems), std::max(a.pairs, b.pairs),
          std::max(a.candidates, b.candidates)};
}

}  // namespace

CudaModel::State::State(const runtime::Bundle& bundle, runtime::Plan model_plan, const CudaOptions& model_options,
                        const kernels::KernelLibrary& kernel_library, runtime::Stopwatch& watch,
                        const runtime::LoadTimes& times)
    : plan(std::move(model_plan)),
      options(model_options),
      context(kernel_library.context()),
      library(kernel_library),
      program(bundle, plan, library, options.form),
      load_times(times),
      element_energy(context),
      graphs(model_options.graphs && !model_options.host_list) {
  if (!(options.skin >= 0) || !std::isfinite(options.skin)) {
    throw UserError(fmt::format("the skin must be a length of 0 or more, not {}", options.skin));
  }
  if (options.atoms_per_batch < 1) {
    throw UserError(fmt::format("a batch must have room for at least one atom, not {}", options.atoms_per_batch));
  }
  follow_wisdom();
  // All that has to be compiled is compiled side by side, the model's kernels since the program was made.
  const auto texts = kernels::DeviceNeighbourList::texts(options.skin);
  library.start(texts, plan.precision);
  program.load(bundle);
  library.prepare(texts, plan.precision);
  const kernels::LibraryCosts costs = library.costs();
  load_times.kernels_ms = costs.waiting_ms;
  load_times.modules_ms = watch.lap() - costs.waiting_ms;
  load_times.compiled = costs.compiled;
  load_times.at_hand = costs.at_hand;
  load_times.longest_compile_ms = costs.longest_compile_ms;
  program.upload_constants(bundle);
  load_times.weights_ms = watch.lap();
  const std::size_t bytes = plan.element_energy.size() * sizeof(double);
  element_energy.at_least(bytes);
  Lane& first = lane(0);
  cuda::copy_to_device(first.stream(), element_energy.address(), plan.element_energy.data(), bytes);
  first.stream().synchronise();
  load_times.workspace_ms = watch.lap();
}

Lane& CudaModel::State::lane(std::size_t number) {
  auto& lane = lanes[number];
  if (lane) return *lane;
  lane = std::make_unique<Lane>(program, plan, library, options.skin, element_energy.address());
  if (options.host_list) lane->make_list_on_host();
  return *lane;
}

std::size_t CudaModel::State::device_bytes() const {
  std::size_t sum = program.constants_bytes() + element_energy.bytes();
  for (const auto& lane : lanes) sum += lane ? lane->bytes() : 0;
  return sum;
}

// What a lane may hold, with what it holds now.
std::size_t CudaModel::State::bytes_available(std::size_t number) const {
  const std::size_t own = lanes[number] ? lanes[number]->bytes() : 0;
  const cuda::Context::Memory memory = context.memory();
  const std::size_t share = driver_share(memory.total);
  std::size_t available = own + (memory.free > share ? memory.free - share : 0);
  if (options.memory_limit > 0) {
    const std::size_t others = device_bytes() - own;
    available = std::min(available, options.memory_limit > others ? options.memory_limit - others : 0);
  }
  return available;
}

void CudaModel::State::make_room(std::size_t number, const Room& needed, Room wanted) {
  Lane& own = lane(number);
  if (holds(own.room(), needed)) return;
  const Room least = larger(needed, own.room());
  const std::size_t available = bytes_available(number);
  wanted = larger(wanted, least);
  if (own.bytes_for(wanted) > available) wanted = least;
  const std::size_t bytes = own.bytes_for(wanted);
  if (bytes > available) {
    const cuda::Context::Memory memory = context.memory();
    const std::string limit =
        options.memory_limit > 0 ? fmt::format("; the model may hold {} bytes", options.memory_limit) : "";
    throw MemoryError(fmt::format(
        "not enough memory on {} for {} atoms and {} pairs in one call: {} bytes needed, {} available ({} of {} bytes "
        "of "
        "the GPU are free{}); split the batch, or use a GPU with more memory",
        context.device().name, needed.atoms, least.pairs, bytes, available, memory.free, memory.total, limit));
  }
  try {
    own.reserve(wanted);
  } catch (const DeviceError&) {
    drop_lane(number);
    throw;
  }
  ++statistics.regrowths;
}

void CudaModel::State::make_room_for(std::size_t number, const CallKey& key) {
  const Room needed = {key.atoms, key.systems, 1, 0};
  const Room& room = lane(number).room();
  Room wanted = needed;
  if (room.atoms > 0 && key.atoms > room.atoms) wanted.atoms = std::max(key.atoms, part_more(room.atoms));
  if (room.systems > 0 && key.systems > room.systems) wanted.systems = std::max(key.systems, part_more(room.systems));
  const auto expected = [&](double per_atom) {
    return static_cast<std::int64_t>(std::min(1.25 * per_atom * static_cast<double>(wanted.atoms), 2147483647.0));
  };
  wanted.pairs = std::max<std::int64_t>(expected(pairs_per_atom), 1);
  wanted.candidates = expected(candidates_per_atom);
  make_room(number, needed, wanted);
}

void CudaModel::State::make_room_after(std::size_t number, const kernels::Status& status) {
  const Room needed = lane(number).room_for(status);
  Room wanted = needed;
  wanted.pairs = std::min<std::int64_t>(part_more(needed.pairs), 2147483647);
  wanted.candidates = std::min<std::int64_t>(part_more(needed.candidates), 2147483647);
  make_room(number, needed, larger(needed, wanted));
  ++statistics.repeats;
}

void CudaModel::State::learn(const kernels::Status& status, std::int64_t n_atoms) {
  const auto per_atom = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(n_atoms, 1));
  };
  pairs_per_atom = std::max(pairs_per_atom, per_atom(status.n_pairs));
  candidates_per_atom = std::max(candidates_per_atom, per_atom(status.n_candidates));
}

void CudaModel::State::run(Lane& own, const CallKey& key, const cuda::Stream& stream) {
  ++statistics.batches;
  GraphCache::Entry* const entry = graphs ? &own.graphs().at(key) : nullptr;
  // The first call finds out what the driver loads late, which must not happen within a capture.
  if (entry != nullptr && entry->seen && !entry->graph) {
    try {
      entry->graph = cuda::Graph::capture(own.stream(), [&] { own.enqueue(key, own.stream()); });
      ++statistics.captures;
    } catch (const DeviceError& error) {
      graphs = false;
      warn(fmt::format("graphs do not work here, kernels are launched one by one: {}", error.what()));
    }
  }
  if (entry != nullptr) entry->seen = true;
  if (graphs && entry != nullptr && entry->graph) {
    entry->graph->launch(stream);
    ++statistics.replays;
  } else {
    own.enqueue(key, stream);
    ++statistics.plain_calls;
  }
}

void CudaModel::State::throw_fault(const kernels::FaultReport& report, std::span<const int> system_begin) const {
  kernels::throw_fault(report, {system_begin, plan.name, plan.length_unit, plan.elements, plan.cutoff});
  throw InternalError("the GPU reports a fault that is none");
}

void CudaModel::State::warn(const std::string& message) const {
  if (options.warn) {
    options.warn(message);
  } else {
    std::fputs(("warning: " + message + "\n").c_str(), stderr);
  }
}

CudaModel::CudaModel(const runtime::Bundle& bundle, const CudaOptions& options) {
  runtime::Stopwatch watch;
  runtime::LoadTimes times;
  kernels::CompileService compile = kernels::cached_compile_service();  // starts while the driver does
  const cuda::Context context(options.device);
  const cuda::CurrentContext current(context);
  times.driver_ms = watch.lap();
  runtime::Plan plan = runtime::read_plan(bundle);
  times.plan_ms = watch.lap();
  state_ = std::make_unique<State>(bundle, std::move(plan), options,
                                   kernels::KernelLibrary(context, std::move(compile)), watch, times);
}
CudaModel::~CudaModel() {
  if (!state_) return;
  const cuda::Context context = state_->context;
  const cuda::CurrentContext current(context);
  state_.reset();
}
CudaModel::CudaModel(CudaModel&&) noexcept = default;
CudaModel& CudaModel::operator=(CudaModel&&) noexcept = default;

const runtime::Plan& CudaModel::plan() const { return state_->plan; }
const cuda::Context& CudaModel::context() const { return state_->context; }
std::optional<runtime::LoadTimes> CudaModel::load_times() const { return state_->load_times; }
const std::string& CudaModel::code() const { return state_->program.origin(); }

std::string CudaModel::device() const {
  const auto& device = state_->context.device();
  return fmt::format("cuda:{} ({})", device.index, device.name);
}

const std::vector<std::string>& CudaModel::advice() const { return state_->advice; }

void CudaModel::use(const wisdom::ModelConfiguration& configuration) {
  const cuda::CurrentContext current(state_->context);
  if (configuration.form.empty()) {
    state_->follow_wisdom();
  } else {
    const std::string problem = state_->program.problem_with(configuration);
    if (!problem.empty()) {
      throw UserError(fmt::format("the model {} cannot run {}: {}", quote(state_->plan.name),
                                  wisdom::describe(configuration), problem));
    }
    state_->program.follow([configuration](std::int64_t, bool) { return Advice{configuration, {}}; });
  }
  if (state_->device_calls) state_->device_calls->last().synchronise();
  for (auto& lane : state_->lanes) {
    if (lane) lane->reserve(lane->room());
  }
}

void CudaModel::evaluate(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions& options,
                         std::vector<runtime::Result>& results) {
  const cuda::CurrentContext current(state_->context);
  evaluate_host_batches(*state_, structures, options.forces, results);
}

void CudaModel::reserve(int n_atoms, int n_systems, std::int64_t n_pairs) {
  const cuda::CurrentContext current(state_->context);
  if (n_atoms < 1 || n_systems < 1 || n_pairs < 0) {
    throw UserError(
        fmt::format("room for {} atoms, {} systems and {} pairs is not possible", n_atoms, n_systems, n_pairs));
  }
  if (state_->device_calls) state_->device_calls->last().synchronise();
  const Room room = {atom_capacity(n_atoms, n_systems), round_up_capacity(n_systems),
                     std::max<std::int64_t>(n_pairs, 1), 0};
  state_->make_room(0, room, room);
}

Statistics CudaModel::statistics() const {
  Statistics statistics = state_->statistics;
  statistics.device_bytes = state_->device_bytes();
  return statistics;
}

MemoryNeed CudaModel::memory_need() const {
  constexpr std::int64_t kMany = 1 << 20;
  const Lane& lane = state_->lane(0);
  const auto bytes = [&](std::int64_t atoms, std::int64_t pairs) {
    return static_cast<double>(lane.bytes_for({atoms, 1, pairs, state_->options.skin > 0 ? pairs : 0}));
  };
  const auto share = [&](double more) {
    return static_cast<std::size_t>(std::lround(more / static_cast<double>(kMany)));
  };
  return {state_->program.constants_bytes(), share(bytes(2 * kMany, kMany) - bytes(kMany, kMany)),
          share(bytes(kMany, 2 * kMany) - bytes(kMany, kMany))};
}

}  // namespace mlffgen::cuda_model
