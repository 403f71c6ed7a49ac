#include "runtime/host_model.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/aligned_buffer.h"
#include "runtime/bundle.h"
#include "runtime/cpu_features.h"
#include "runtime/neighbour_list.h"
#include "runtime/pair_reduction.h"
#include "runtime/parallel.h"
#include "runtime/shared_object.h"

namespace mlffgen::runtime {
namespace {

// Fewer atoms than these take less time than it costs to have another thread join in and wait at the phases' barriers.
constexpr int kFewestAtomsPerThread = 10;

constexpr std::string_view kHostPrefix = "host/";  // of the sections that hold host code

using KernelFunction = void (*)(void** arguments, int block, int n_blocks);

using Clock = std::chrono::steady_clock;

struct HostKernel {
  KernelFunction function = nullptr;
  std::vector<void*> arguments;  // each points to the argument's value
};

// The first host object that this processor can run.
std::string choose_host_section(const Bundle& bundle, const Plan& plan) {
  constexpr const char* kRemedy = "compile the model on this machine with 'mlffgen compile --target host'";
  if (plan.host.empty()) {
    throw UserError(fmt::format("{}: the model has no code for processors; {}", bundle.path(), kRemedy));
  }
  std::vector<std::string> reasons;
  for (const auto& object : plan.host) {
    const auto missing = missing_cpu_features(object.features);
    if (missing.empty()) return object.section;
    reasons.push_back(fmt::format("{} needs {}", object.section, join(missing, ", ")));
  }
  throw UserError(fmt::format("{}: this machine's processor cannot run the model's code ({}); {}", bundle.path(),
                              join(reasons, "; "), kRemedy));
}

// Part number part of the range 0 .. n - 1 in n_parts nearly equal ones.
std::pair<int, int> share(int n, int part, int n_parts) {
  const auto at = [&](int p) { return static_cast<int>(std::int64_t{n} * p / n_parts); };
  return {at(part), at(part + 1)};
}

}  // namespace

struct HostModel::State {
  State(const Bundle& bundle, Plan model_plan)
      : plan(std::move(model_plan)),
        section(choose_host_section(bundle, plan)),
        object(bundle.bytes(section), fmt::format("{}: section '{}'", bundle.path(), section)),
        next_block(plan.form().kernels.size()) {
    element_index.fill(-1);
    for (std::size_t k = 0; k < plan.elements.size(); ++k) {
      element_index[static_cast<std::size_t>(plan.elements[k])] = static_cast<int>(k);
    }
    if (bundle.has("constants")) {
      const auto bytes = bundle.bytes("constants");
      std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(constants.at_least(bytes.size())));
    }
    constant_pointers.reserve(plan.constants.size());
    for (const auto& constant : plan.constants) {
      constant_pointers.push_back(static_cast<std::byte*>(constants.data()) + constant.offset);
    }
    buffer_pointers.resize(plan.form().buffers.size());
    slots.resize(plan.form().slots.size());
    for (const auto& kernel : plan.form().kernels) {
      HostKernel host{reinterpret_cast<KernelFunction>(object.symbol("mlff_host_" + kernel.name)), {}};
      for (const auto& argument : kernel.arguments) host.arguments.push_back(value_of(argument));
      kernels.push_back(std::move(host));
    }
  }

  Plan plan;
  std::string section;
  SharedObject object;
  std::vector<HostKernel> kernels;
  std::array<int, kMaxAtomicNumber + 1> element_index{};

  NeighbourListBuilder builder;
  AlignedBuffer constants, elements, begins, neighbours, geometry, gradient, energies;
  std::vector<AlignedBuffer> slots;
  std::vector<Vector3> forces;           // [n_atoms]
  std::vector<SymmetricTensor> virials;  // [n_atoms]

  // The arguments' values, at addresses that stay.
  int n_atoms = 0, tile_atoms = 1;
  void *element = nullptr, *pair_begin = nullptr, *pair_neighbour = nullptr, *pair_geometry = nullptr,
       *pair_gradient = nullptr, *atom_energy = nullptr;
  std::vector<void*> constant_pointers, buffer_pointers;
  std::vector<std::atomic<int>> next_block;          // [n_kernels], the next block to run
  std::int64_t last_pairs = 0;                       // of the last call that succeeded
  std::vector<Clock::time_point>* stamps = nullptr;  // in a profile, the times between a call's steps

  void stamp() {
    if (stamps != nullptr) stamps->push_back(Clock::now());
  }

  // Keeps the stamps of the calls within its life.
  class Stamping {
   public:
    Stamping(State& state, std::vector<Clock::time_point>& stamps) : state_(state) { state_.stamps = &stamps; }
    ~Stamping() { state_.stamps = nullptr; }
    Stamping(const Stamping&) = delete;
    Stamping& operator=(const Stamping&) = delete;

   private:
    State& state_;
  };

  std::vector<Profile::Step> steps(bool with_forces) const;
  void* value_of(const Argument& argument);
  void make_room(const NeighbourList& list);
  void set_elements(std::span<const Structure> structures, const NeighbourList& list);
  template <class Real>
  void run(const NeighbourList& list, bool with_forces, int threads);
  template <class Real>
  void run_share(const NeighbourList& list, bool with_forces, int thread, int threads);
  template <class Real>
  void collect(const NeighbourList& list, bool with_forces, std::vector<Result>& results) const;
  template <class Real>
  void collect_system(const NeighbourList& list, bool with_forces, int system, Result& result) const;
  [[noreturn]] void refuse_value(const NeighbourList& list, int system, int atom, const char* what, double value) const;
  static std::string prefix(const NeighbourList& list, int system) {
    return list.n_systems() > 1 ? fmt::format("system {} (counting from 0): ", system) : "";
  }
};

void* HostModel::State::value_of(const Argument& argument) {
  switch (argument.kind) {
    case ArgumentKind::n_atoms:
      return &n_atoms;
    case ArgumentKind::tile_atoms:
      return &tile_atoms;
    case ArgumentKind::element:
      return &element;
    case ArgumentKind::pair_begin:
      return &pair_begin;
    case ArgumentKind::pair_neighbour:
      return &pair_neighbour;
    case ArgumentKind::pair_geometry:
      return &pair_geometry;
    case ArgumentKind::pair_gradient:
      return &pair_gradient;
    case ArgumentKind::atom_energy:
      return &atom_energy;
    case ArgumentKind::constant:
      return &constant_pointers[argument.index];
    case ArgumentKind::buffer:
      return &buffer_pointers[argument.index];
  }
  throw InternalError("a kernel's argument has no kind");
}

void HostModel::State::make_room(const NeighbourList& list) {
  n_atoms = list.n_atoms();
  const auto n = static_cast<std::size_t>(n_atoms);
  const auto tile = static_cast<std::size_t>(plan.tile);
  // A tile more than the atoms fill: the last block may begin at any atom, as tiles shrink to an even share.
  const std::size_t padded = (n + tile - 1) / tile * tile + tile;
  const auto n_pairs = static_cast<std::size_t>(list.n_pairs());
  const std::size_t real = plan.real_bytes();
  std::size_t per_atom = 0;
  for (const auto bytes : plan.form().slots) per_atom += bytes;
  try {
    element = elements.at_least(padded * sizeof(int));
    pair_begin = begins.at_least((n + 1) * sizeof(int));
    // A model may be asked about single atoms only: its kernels still get addresses.
    pair_neighbour = neighbours.at_least(std::max<std::size_t>(n_pairs, 1) * sizeof(int));
    pair_geometry = geometry.at_least(std::max<std::size_t>(n_pairs, 1) * 4 * real);
    pair_gradient = gradient.at_least(std::max<std::size_t>(n_pairs, 1) * 3 * real);
    atom_energy = energies.at_least(padded * real);
    for (std::size_t s = 0; s < slots.size(); ++s) slots[s].at_least(plan.form().slots[s] * padded);
    forces.resize(n);
    virials.resize(n);
  } catch (const std::bad_alloc&) {
    throw MemoryError(
        fmt::format("not enough memory for {} atoms and {} pairs in one call: about {:.1f} GB; split the batch", n,
                    n_pairs, 1e-9 * static_cast<double>(per_atom * padded + n_pairs * (7 * real + 40))));
  }
  for (std::size_t b = 0; b < buffer_pointers.size(); ++b)
    buffer_pointers[b] = slots[plan.form().buffers[b].slot].data();
  std::copy(list.begin.begin(), list.begin.end(), static_cast<int*>(pair_begin));
  std::copy(list.neighbour.begin(), list.neighbour.end(), static_cast<int*>(pair_neighbour));
}

void HostModel::State::set_elements(std::span<const Structure> structures, const NeighbourList& list) {
  int* out = static_cast<int*>(element);
  for (std::size_t s = 0; s < structures.size(); ++s) {
    const auto& numbers = structures[s].atomic_numbers;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const bool exists = numbers[i] >= 1 && numbers[i] <= kMaxAtomicNumber;
      const int index = exists ? element_index[static_cast<std::size_t>(numbers[i])] : -1;
      if (index < 0) {
        std::vector<std::string> known;
        for (const int number : plan.elements) known.push_back(element_symbol(number));
        throw StructureError(
            fmt::format("{}atom {} (counting from 0): the model {} does not know element {}; it knows {}",
                        prefix(list, static_cast<int>(s)), i, quote(plan.name),
                        exists ? element_symbol(numbers[i]) : fmt::format("number {}", numbers[i]), join(known, ", ")),
            static_cast<long long>(s), static_cast<long long>(i));
      }
      *out++ = index;
    }
  }
}

// One thread's part of a call. All threads pass the same barriers; outside a parallel region these do nothing.
template <class Real>
void HostModel::State::run_share(const NeighbourList& list, bool with_forces, int thread, int threads) {
  const auto pairs = share(list.n_pairs(), thread, threads);
  fill_pair_geometry(list, pairs.first, pairs.second, static_cast<Real*>(pair_geometry));
  const int n_blocks = (n_atoms - 1) / tile_atoms + 1;
  const std::size_t n_kernels = with_forces ? kernels.size() : plan.form().energy_kernels;
  for (std::size_t k = 0; k < n_kernels; ++k) {
#pragma omp barrier
    if (thread == 0) stamp();
    auto& kernel = kernels[k];
    for (;;) {
      const int block = next_block[k].fetch_add(1, std::memory_order_relaxed);
      if (block >= n_blocks) break;
      kernel.function(kernel.arguments.data(), block, n_blocks);
    }
  }
  if (!with_forces) return;
#pragma omp barrier
  if (thread == 0) stamp();
  const auto atoms = share(n_atoms, thread, threads);
  sum_pairs(list, static_cast<const Real*>(pair_gradient), atoms.first, atoms.second, forces.data(), virials.data());
}

// One parallel region for the whole call: starting one costs more than a barrier.
template <class Real>
void HostModel::State::run(const NeighbourList& list, bool with_forces, int threads) {
  for (auto& next : next_block) next.store(0, std::memory_order_relaxed);
  if (threads == 1) {
    run_share<Real>(list, with_forces, 0, 1);
    return;
  }
#pragma omp parallel num_threads(threads)
  run_share<Real>(list, with_forces, omp_get_thread_num(), omp_get_num_threads());
}

void HostModel::State::refuse_value(const NeighbourList& list, int system, int atom, const char* what,
                                    double value) const {
  const int local = atom - list.system_begin[static_cast<std::size_t>(system)];
  throw StructureError(
      fmt::format("{}atom {} (counting from 0): the model {} gives {} of {}, which is not a finite number; is the "
                  "structure physical, and in {}?",
                  prefix(list, system), local, quote(plan.name), what, value, plan.length_unit),
      system, local);
}

template <class Real>
void HostModel::State::collect_system(const NeighbourList& list, bool with_forces, int system, Result& result) const {
  const auto first = static_cast<std::size_t>(list.system_begin[static_cast<std::size_t>(system)]);
  const auto last = static_cast<std::size_t>(list.system_begin[static_cast<std::size_t>(system) + 1]);
  const auto* const model_energy = static_cast<const Real*>(atom_energy);
  const int* const kind = static_cast<const int*>(element);
  result.energy = 0;
  result.atom_energies.resize(last - first);
  result.forces.assign(forces.begin() + static_cast<std::ptrdiff_t>(with_forces ? first : last),
                       forces.begin() + static_cast<std::ptrdiff_t>(last));
  SymmetricTensor v{};
  for (std::size_t i = first; i < last; ++i) {
    const double energy = static_cast<double>(model_energy[i]) + plan.element_energy[static_cast<std::size_t>(kind[i])];
    if (!std::isfinite(energy)) refuse_value(list, system, static_cast<int>(i), "an energy", energy);
    result.atom_energies[i - first] = energy;
    result.energy += energy;
  }
  // After the energies: a bad atom spoils its neighbours' forces, but its own energy only.
  for (std::size_t i = first; with_forces && i < last; ++i) {
    for (const double f : forces[i]) {
      if (!std::isfinite(f)) refuse_value(list, system, static_cast<int>(i), "a force", f);
    }
    for (std::size_t k = 0; k < 6; ++k) v[k] += virials[i][k];
  }
  result.virial = {v[0], v[5], v[4], v[5], v[1], v[3], v[4], v[3], v[2]};
  if (!with_forces) result.virial.fill(std::numeric_limits<double>::quiet_NaN());
}

template <class Real>
void HostModel::State::collect(const NeighbourList& list, bool with_forces, std::vector<Result>& results) const {
  results.resize(static_cast<std::size_t>(list.n_systems()));
  for (int system = 0; system < list.n_systems(); ++system) {
    collect_system<Real>(list, with_forces, system, results[static_cast<std::size_t>(system)]);
  }
}

HostModel::HostModel(const Bundle& bundle) : state_(std::make_unique<State>(bundle, read_plan(bundle))) {}
HostModel::~HostModel() = default;
HostModel::HostModel(HostModel&&) noexcept = default;
HostModel& HostModel::operator=(HostModel&&) noexcept = default;

const Plan& HostModel::plan() const { return state_->plan; }
const std::string& HostModel::host_section() const { return state_->section; }
std::int64_t HostModel::pairs() const { return state_->last_pairs; }

HostModel::Memory HostModel::memory() const {
  const State& state = *state_;
  const std::size_t real = state.plan.real_bytes();
  Memory memory;
  memory.held = state.builder.bytes() + state.forces.capacity() * sizeof(Vector3) +
                state.virials.capacity() * sizeof(SymmetricTensor);
  for (const AlignedBuffer* buffer : {&state.constants, &state.elements, &state.begins, &state.neighbours,
                                      &state.geometry, &state.gradient, &state.energies}) {
    memory.held += buffer->size();
  }
  memory.per_atom =
      NeighbourListBuilder::kBytesPerAtom + 2 * sizeof(int) + real + sizeof(Vector3) + sizeof(SymmetricTensor);
  for (std::size_t s = 0; s < state.slots.size(); ++s) {
    memory.held += state.slots[s].size();
    memory.per_atom += state.plan.form().slots[s];
  }
  memory.per_pair = NeighbourListBuilder::kBytesPerPair + sizeof(int) + 7 * real;
  return memory;
}

std::string HostModel::device() const {
  const std::string& section = state_->section;
  return fmt::format("host ({})", section.starts_with(kHostPrefix) ? section.substr(kHostPrefix.size()) : section);
}

void HostModel::evaluate(std::span<const Structure> structures, const EvaluateOptions& options,
                         std::vector<Result>& results) {
  auto& state = *state_;
  state.stamp();
  const auto& list = state.builder.build(structures, state.plan.cutoff, options.threads);
  if (structures.empty()) {
    results.clear();
    state.last_pairs = 0;
    return;
  }
  state.make_room(list);
  state.set_elements(structures, list);
  const int worth_while = std::max(1, state.n_atoms / kFewestAtomsPerThread);
  const int threads = thread_count(options.threads, options.threads == 0 ? worth_while : state.n_atoms);
  // As many blocks a thread as the largest tile asks for, and all of one size: an even share for every thread.
  const std::int64_t rounds = (state.n_atoms - 1) / (std::int64_t{state.plan.tile} * threads) + 1;
  state.tile_atoms = static_cast<int>((state.n_atoms - 1) / (rounds * threads) + 1);
  state.stamp();
  switch (state.plan.precision) {
    case Precision::single_precision:
      state.run<float>(list, options.forces, threads);
      state.stamp();
      state.collect<float>(list, options.forces, results);
      break;
    case Precision::double_precision:
      state.run<double>(list, options.forces, threads);
      state.stamp();
      state.collect<double>(list, options.forces, results);
      break;
  }
  state.last_pairs = list.n_pairs();
  state.stamp();
}

// What lies between the stamps of a call.
std::vector<Profile::Step> HostModel::State::steps(bool with_forces) const {
  std::vector<Profile::Step> steps = {{"list", "neighbour list", {}}, {"list", "pair geometry", {}}};
  const std::size_t n_kernels = with_forces ? kernels.size() : plan.form().energy_kernels;
  for (std::size_t k = 0; k < n_kernels; ++k) steps.push_back({"model", plan.form().kernels[k].name, {}});
  if (with_forces) steps.push_back({"reductions", "forces and virials", {}});
  steps.push_back({"results", "results", {}});
  return steps;
}

Profile HostModel::profile(std::span<const Structure> structures, const EvaluateOptions& options,
                           const ProfileOptions& profile_options) {
  auto& state = *state_;
  Profile profile = Evaluator::profile(structures, options, profile_options);
  profile.n_pairs = state.last_pairs;
  profile.tile_atoms = state.tile_atoms;
  profile.steps = state.steps(options.forces);
  const std::size_t n_steps = profile.steps.size();
  std::vector<std::vector<double>> times(n_steps);  // [n_steps][repeats]
  std::vector<double> whole;
  std::vector<Result> results;
  evaluate(structures, options, results);  // memory of the results
  std::vector<Clock::time_point> stamps;
  const auto microseconds = [&](std::size_t from, std::size_t to) {
    return std::chrono::duration<double, std::micro>(stamps[to] - stamps[from]).count();
  };
  for (int k = 0; k < profile_options.repeats; ++k) {
    stamps.clear();
    {
      const State::Stamping stamping(state, stamps);
      evaluate(structures, options, results);
    }
    internal_check(stamps.size() == n_steps + 1, "a call has other steps than it says");
    for (std::size_t s = 0; s < n_steps; ++s) times[s].push_back(microseconds(s, s + 1));
    whole.push_back(microseconds(0, n_steps));
  }
  for (std::size_t s = 0; s < n_steps; ++s) profile.steps[s].time = spread_of(std::move(times[s]));
  profile.all_steps = spread_of(std::move(whole));
  return profile;
}

}  // namespace mlffgen::runtime
