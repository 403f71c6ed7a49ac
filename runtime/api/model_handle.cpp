#include "runtime/api/model_handle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "runtime/api/failure.h"
#include "runtime/cuda/context.h"

namespace mlffgen::api {
namespace {

bool wants_forces(const mlffgen_results& results) { return results.forces != nullptr || results.virials != nullptr; }

// What can be said of a batch without reading its arrays.
void check_batch(const mlffgen_systems& systems) {
  require(systems.n_systems >= 0 && systems.n_atoms >= 0, "n_systems and n_atoms must not be negative");
  require(systems.largest_system >= 0, "largest_system must not be negative");
  require(systems.reserved == 0, "reserved must be 0");
  require(systems.n_systems > 0 || systems.n_atoms == 0, "there are atoms, but n_systems is 0");
  require(systems.n_atoms == 0 || systems.positions != nullptr, "positions is a null pointer");
  require(systems.n_atoms == 0 || systems.atomic_numbers != nullptr, "atomic_numbers is a null pointer");
  require(systems.n_systems <= 1 || systems.system_begin != nullptr,
          "system_begin is a null pointer, which is for one system only");
  require((systems.cells == nullptr) == (systems.periodic == nullptr),
          "cells and periodic go together: one is a null pointer, the other is not");
}

void check_begins(const mlffgen_systems& systems) {
  const auto* const begin = systems.system_begin;
  if (begin == nullptr) return;
  require(begin[0] == 0 && begin[systems.n_systems] == systems.n_atoms,
          "system_begin must begin with 0 and end with n_atoms");
  require(std::is_sorted(begin, begin + systems.n_systems + 1), "system_begin must ascend");
}

void read_cell(const mlffgen_systems& systems, std::size_t s, runtime::Structure& structure) {
  structure.cell = {};
  structure.periodic = {};
  if (systems.cells == nullptr) return;
  const int bits = systems.periodic[s];
  require((bits & ~MLFFGEN_PERIODIC_ALL) == 0, "periodic must be a sum of MLFFGEN_PERIODIC_A, _B and _C");
  for (std::size_t d = 0; d < 3; ++d) {
    structure.periodic[d] = (bits >> d & 1) != 0;
    std::copy_n(systems.cells + 9 * s + 3 * d, 3, structure.cell[d].begin());
  }
}

void write_result(const runtime::Result& result, std::size_t s, std::size_t first, const mlffgen_results& results) {
  if (results.energies != nullptr) results.energies[s] = result.energy;
  if (results.virials != nullptr) std::copy_n(result.virial.begin(), 9, results.virials + 9 * s);
  if (results.atom_energies != nullptr) {
    std::copy(result.atom_energies.begin(), result.atom_energies.end(), results.atom_energies + first);
  }
  if (results.forces == nullptr) return;
  for (std::size_t i = 0; i < result.forces.size(); ++i) {
    std::copy_n(result.forces[i].begin(), 3, results.forces + 3 * (first + i));
  }
}

cuda_model::DeviceBatch device_batch(const mlffgen_systems& systems, const mlffgen_results& results) {
  const auto address = [](const void* pointer) {
    return static_cast<cuda::DevicePointer>(reinterpret_cast<std::uintptr_t>(pointer));
  };
  cuda_model::DeviceBatch batch;
  batch.n_atoms = systems.n_atoms;
  batch.n_systems = systems.n_systems;
  batch.positions = address(systems.positions);
  batch.atomic_numbers = address(systems.atomic_numbers);
  batch.system_begin = address(systems.system_begin);
  batch.cells = address(systems.cells);
  batch.periodic = address(systems.periodic);
  batch.largest_system = systems.largest_system;
  batch.energies = address(results.energies);
  batch.atom_energies = address(results.atom_energies);
  batch.forces = address(results.forces);
  batch.virials = address(results.virials);
  return batch;
}

mlffgen_time c_time(const runtime::Spread& spread) { return {spread.median, spread.p5, spread.p95}; }

mlffgen_profile_report c_report(const runtime::Profile& profile) {
  mlffgen_profile_report report{};
  report.n_pairs = profile.n_pairs;
  report.n_steps = static_cast<std::int32_t>(profile.steps.size());
  report.tile_atoms = profile.tile_atoms;
  report.call = c_time(profile.call);
  report.all_steps = c_time(profile.all_steps);
  report.graph = c_time(profile.graph.value_or(runtime::Spread()));
  report.plain_call = c_time(profile.plain_call.value_or(runtime::Spread()));
  return report;
}

constexpr const char* kNothingToProfile = "there is nothing to profile in a batch without systems";

}  // namespace

ModelHandle::ModelHandle(const runtime::Bundle& bundle, const OpenOptions& options, int threads)
    : evaluator_(open_evaluator(bundle, options)),
      host_(dynamic_cast<runtime::HostModel*>(evaluator_.get())),
      cuda_(dynamic_cast<cuda_model::CudaModel*>(evaluator_.get())),
      threads_(threads),
      cuda_device_(options.device.cuda ? options.device.index : -1),
      device_(evaluator_->device()) {}

mlffgen_info ModelHandle::info() const {
  static_assert(sizeof(int) == sizeof(std::int32_t));
  const runtime::Plan& plan = evaluator_->plan();
  mlffgen_info info{};
  info.name = plan.name.c_str();
  info.device = device_.c_str();
  info.generator = plan.generator.c_str();
  info.length_unit = plan.length_unit.c_str();
  info.energy_unit = plan.energy_unit.c_str();
  info.length_in_angstrom = length_in_angstrom(plan.length_unit);
  info.energy_in_ev = energy_in_ev(plan.energy_unit);
  info.cutoff = plan.cutoff;
  info.elements = plan.elements.data();
  info.element_energies = plan.element_energy.data();
  info.n_elements = static_cast<std::int32_t>(plan.elements.size());
  info.precision =
      plan.precision == runtime::Precision::double_precision ? MLFFGEN_DOUBLE_PRECISION : MLFFGEN_SINGLE_PRECISION;
  info.cuda_device = cuda_device_;
  return info;
}

mlffgen_memory ModelHandle::memory() const {
  mlffgen_memory memory{};
  if (host_ != nullptr) {
    const auto use = host_->memory();
    memory.held = use.held;
    memory.per_atom = use.per_atom;
    memory.per_pair = use.per_pair;
    return memory;
  }
  const auto need = cuda_->memory_need();
  memory.held = cuda_->statistics().device_bytes;
  memory.per_atom = need.bytes_per_atom;
  memory.per_pair = need.bytes_per_pair;
  const cuda::CurrentContext current(cuda_->context());
  const auto device = cuda_->context().memory();
  memory.device_free = device.free;
  memory.device_total = device.total;
  return memory;
}

mlffgen_statistics ModelHandle::statistics() const {
  mlffgen_statistics statistics{};
  statistics.calls = calls_;
  statistics.pairs = host_ != nullptr ? host_->pairs() : -1;
  if (cuda_ == nullptr) return statistics;
  const auto counts = cuda_->statistics();
  statistics.graph_captures = counts.captures;
  statistics.graph_replays = counts.replays;
  statistics.regrowths = counts.regrowths;
  statistics.repeats = counts.repeats;
  return statistics;
}

void ModelHandle::read_systems(const mlffgen_systems& systems) {
  const auto n_systems = static_cast<std::size_t>(systems.n_systems);
  if (structures_.size() < n_systems) structures_.resize(n_systems);
  for (std::size_t s = 0; s < n_systems; ++s) {
    const auto* const begin = systems.system_begin;
    const auto first = static_cast<std::size_t>(begin != nullptr ? begin[s] : 0);
    const auto last = static_cast<std::size_t>(begin != nullptr ? begin[s + 1] : systems.n_atoms);
    auto& structure = structures_[s];
    structure.atomic_numbers.assign(systems.atomic_numbers + first, systems.atomic_numbers + last);
    structure.positions.resize(last - first);
    for (std::size_t i = first; i < last; ++i) {
      std::copy_n(systems.positions + 3 * i, 3, structure.positions[i - first].begin());
    }
    read_cell(systems, s, structure);
  }
}

void ModelHandle::evaluate(const mlffgen_systems& systems, const mlffgen_results& results) {
  check_batch(systems);
  if (systems.n_systems > 0) {
    check_begins(systems);
    read_systems(systems);
    const auto n_systems = static_cast<std::size_t>(systems.n_systems);
    evaluator_->evaluate(std::span(structures_).first(n_systems), {wants_forces(results), threads_}, results_);
    std::size_t first = 0;
    for (std::size_t s = 0; s < n_systems; ++s) {
      write_result(results_[s], s, first, results);
      first += structures_[s].positions.size();
    }
  }
  ++calls_;
}

cuda_model::CudaModel& ModelHandle::cuda_or_refuse() const {
  if (cuda_ != nullptr) return *cuda_;
  throw StatusError(MLFFGEN_UNSUPPORTED,
                    "the model is on the host, which takes no pointers of a GPU: create it with the device cuda, or "
                    "use mlffgen_evaluate");
}

void ModelHandle::evaluate_on_device(const mlffgen_systems& systems, const mlffgen_results& results, void* stream,
                                     Wait wait) {
  auto& model = cuda_or_refuse();
  check_batch(systems);
  if (systems.n_systems > 0) {
    if (!stream_ || stream_->handle() != stream) stream_ = cuda::Stream::borrow(model.context(), stream);
    const auto batch = device_batch(systems, results);
    const runtime::EvaluateOptions options{wants_forces(results), threads_};
    if (wait == Wait::yes) {
      model.evaluate(batch, options, *stream_);
    } else {
      model.enqueue(batch, options, *stream_);
    }
  }
  ++calls_;
}

mlffgen_profile_report ModelHandle::profile(const mlffgen_systems& systems, const mlffgen_results& results,
                                            const runtime::ProfileOptions& options) {
  require(systems.n_systems != 0, kNothingToProfile);
  evaluate(systems, results);  // leaves the structures behind
  const auto structures = std::span(structures_).first(static_cast<std::size_t>(systems.n_systems));
  profile_ = evaluator_->profile(structures, {wants_forces(results), threads_}, options);
  return c_report(profile_);
}

mlffgen_profile_report ModelHandle::profile_on_device(const mlffgen_systems& systems, const mlffgen_results& results,
                                                      void* stream, const runtime::ProfileOptions& options) {
  require(systems.n_systems != 0, kNothingToProfile);
  evaluate_on_device(systems, results, stream, Wait::yes);
  profile_ = cuda_->profile(device_batch(systems, results), {wants_forces(results), threads_}, *stream_, options);
  return c_report(profile_);
}

mlffgen_step ModelHandle::step(std::int32_t index) const {
  const auto n_steps = static_cast<std::int32_t>(profile_.steps.size());
  if (index < 0 || index >= n_steps) {
    throw StatusError(MLFFGEN_INVALID_ARGUMENT,
                      n_steps == 0
                          ? "there are no steps before a profile"
                          : fmt::format("there is no step {}: the last profile has steps 0 to {}", index, n_steps - 1));
  }
  const auto& step = profile_.steps[static_cast<std::size_t>(index)];
  mlffgen_step out{};
  out.part = step.part.c_str();
  out.name = step.name.c_str();
  out.time = c_time(step.time);
  out.bytes = step.bytes;
  out.blocks = static_cast<std::int32_t>(step.blocks);
  out.threads = static_cast<std::int32_t>(step.threads);
  out.shared_bytes = static_cast<std::int32_t>(step.shared_bytes);
  return out;
}

void ModelHandle::check() {
  if (cuda_ == nullptr || cuda_->check() == cuda_model::Outcome::done) return;
  throw StatusError(MLFFGEN_TRY_AGAIN,
                    "a call had more pairs than there was room for, so that its results are NaN; there is room now: "
                    "repeat the calls since the last check");
}

void ModelHandle::reserve(int n_atoms, int n_systems, std::int64_t n_pairs) {
  require(n_atoms >= 0 && n_systems >= 0 && n_pairs >= 0, "n_atoms, n_systems and n_pairs must not be negative");
  if (cuda_ != nullptr) cuda_->reserve(n_atoms, n_systems, n_pairs);
}

}  // namespace mlffgen::api
