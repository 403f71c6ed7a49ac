// Structures in the host's memory: cut into batches, staged in pinned memory, and run on two lanes in turn, so that
// the host fills or empties one while the GPU works on the other.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/state.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::cuda_model {
namespace {

using runtime::Result;
using runtime::Structure;

// Consecutive structures of a call.
struct Range {
  std::size_t first = 0, count = 0;
};

class HostBatches {
 public:
  HostBatches(CudaModel::State& state, std::span<const Structure> structures, bool forces, std::vector<Result>& results)
      : state_(state), structures_(structures), forces_(forces), results_(results) {}

  void run();

 private:
  struct Flight {
    bool active = false;
    Range range;
    CallKey key;
    std::int64_t n_atoms = 0;
  };

  void cut();
  void run_queue();
  void make_room(std::size_t lane, const Flight& flight);
  void start(std::size_t lane, const Range& range);
  void finish(std::size_t lane);
  void finish_all();
  void give_way(Flight& flight, const MemoryError& error);
  void check(const Range& range) const;
  CallKey measure(const Range& range, std::int64_t& n_atoms) const;
  void stage(Lane& lane, const Flight& flight) const;
  void collect(const Lane& lane, const Flight& flight);
  std::string prefix(std::size_t system) const {
    return structures_.size() > 1 ? fmt::format("system {} (counting from 0): ", system) : "";
  }
  void refuse_geometry(std::size_t system) const;
  [[noreturn]] void refuse(const kernels::FaultReport& report, const Flight& flight) const;
  void wait_quietly(std::size_t lane) noexcept;

  CudaModel::State& state_;
  std::span<const Structure> structures_;
  bool forces_;
  std::vector<Result>& results_;
  std::deque<Range> queue_;
  std::array<Flight, 2> flights_;
  std::size_t turn_ = 0;  // the lane to be used next, which is the one used longest ago
  bool two_ = false;      // lanes at work
  bool cramped_ = false;  // the second lane's memory is needed
};

void HostBatches::cut() {
  Range range;
  std::int64_t n_atoms = 0;
  for (std::size_t s = 0; s < structures_.size(); ++s) {
    const auto n = static_cast<std::int64_t>(structures_[s].positions.size());
    if (range.count > 0 && n_atoms + n > state_.options.atoms_per_batch) {
      queue_.push_back(range);
      range = {s, 0};
      n_atoms = 0;
    }
    ++range.count;
    n_atoms += n;
  }
  if (range.count > 0) queue_.push_back(range);
}

// What the GPU cannot find out, as it would be given nothing to look at.
void HostBatches::check(const Range& range) const {
  for (std::size_t s = range.first; s < range.first + range.count; ++s) {
    const auto& structure = structures_[s];
    const auto refuse = [&](const std::string& message) {
      throw StructureError(prefix(s) + message, static_cast<long long>(s), -1);
    };
    if (structure.positions.empty()) refuse("a structure must have at least one atom, this one has none");
    if (structure.positions.size() != structure.atomic_numbers.size()) {
      refuse(fmt::format("a structure has {} positions but {} atomic numbers", structure.positions.size(),
                         structure.atomic_numbers.size()));
    }
    if (structure.positions.size() > std::size_t{std::numeric_limits<int>::max() / 2}) {
      refuse("a structure must have less than 2^30 atoms on a GPU");
    }
  }
}

CallKey HostBatches::measure(const Range& range, std::int64_t& n_atoms) const {
  std::size_t largest = 0;
  n_atoms = 0;
  for (std::size_t s = range.first; s < range.first + range.count; ++s) {
    largest = std::max(largest, structures_[s].positions.size());
    n_atoms += static_cast<std::int64_t>(structures_[s].positions.size());
  }
  const auto n_systems = static_cast<std::int64_t>(range.count);
  return {BatchKind::host, atom_capacity(n_atoms, n_systems), round_up_capacity(n_systems), forces_,
          kernels::DeviceNeighbourList::path_for(static_cast<int>(largest))};
}

void HostBatches::stage(Lane& lane, const Flight& flight) const {
  const InputLayout in(flight.key.atoms, flight.key.systems);
  std::byte* const base = lane.staged_inputs();
  const auto at = [&]<class T>(std::size_t offset, T*) { return reinterpret_cast<T*>(base + offset); };
  auto* const size = at(in.size, static_cast<kernels::BatchSize*>(nullptr));
  auto* positions = at(in.positions, static_cast<double*>(nullptr));
  auto* numbers = at(in.atomic_numbers, static_cast<std::int32_t*>(nullptr));
  auto* begin = at(in.system_begin, static_cast<std::int32_t*>(nullptr));
  auto* cells = at(in.cells, static_cast<double*>(nullptr));
  auto* periodic = at(in.periodic, static_cast<std::int32_t*>(nullptr));
  *size = {static_cast<std::int32_t>(flight.n_atoms), static_cast<std::int32_t>(flight.range.count)};
  std::int32_t n_atoms = 0;
  *begin++ = 0;
  for (std::size_t k = 0; k < flight.range.count; ++k) {
    const auto& structure = structures_[flight.range.first + k];
    const std::size_t n = structure.positions.size();
    std::memcpy(positions, structure.positions.data(), n * sizeof(runtime::Vector3));
    std::memcpy(numbers, structure.atomic_numbers.data(), n * sizeof(std::int32_t));
    std::memcpy(cells, structure.cell.data(), 9 * sizeof(double));
    positions += 3 * n;
    numbers += n;
    cells += 9;
    n_atoms += static_cast<std::int32_t>(n);
    *begin++ = n_atoms;
    *periodic++ = (structure.periodic[0] ? 1 : 0) | (structure.periodic[1] ? 2 : 0) | (structure.periodic[2] ? 4 : 0);
  }
}

void HostBatches::make_room(std::size_t lane, const Flight& flight) {
  state_.make_room_for(lane, flight.key);
  HostList* const list = state_.lane(lane).host_list();
  if (list == nullptr) return;
  const std::int64_t pairs = list->build(structures_.subspan(flight.range.first, flight.range.count), flight.key.atoms);
  const Room room = {flight.key.atoms, flight.key.systems, pairs, 0};
  state_.make_room(lane, room, room);
}

void HostBatches::start(std::size_t lane, const Range& range) {
  try {
    check(range);
  } catch (const StructureError&) {
    finish_all();  // earlier systems may be at fault, too
    throw;
  }
  Flight& flight = flights_[lane];
  flight.range = range;
  flight.key = measure(range, flight.n_atoms);
  try {
    make_room(lane, flight);
  } catch (const MemoryError& error) {
    give_way(flight, error);
    return;
  }
  Lane& own = state_.lane(lane);
  stage(own, flight);
  flight.active = true;
  state_.run(own, flight.key, own.stream());
}

void HostBatches::finish(std::size_t lane) {
  Flight& flight = flights_[lane];
  while (flight.active) {
    Lane& own = state_.lane(lane);
    own.stream().synchronise();
    const kernels::Status status = own.status();
    state_.learn(status, flight.n_atoms);
    const kernels::FaultReport report = kernels::report_of(status);
    if (report.fault == kernels::Fault::none) {
      flight.active = false;
      state_.last_host_call = flight.key;
      collect(own, flight);
      return;
    }
    if (report.fault != kernels::Fault::capacity) {
      flight.active = false;
      refuse(report, flight);
    }
    try {
      state_.make_room_after(lane, status);
    } catch (const MemoryError& error) {
      flight.active = false;
      give_way(flight, error);
      return;
    }
    stage(own, flight);
    state_.run(own, flight.key, own.stream());
  }
}

void HostBatches::finish_all() {
  finish(turn_);
  finish(1 - turn_);
}

// Too little memory for a batch: first the other lane has to go, then the batch is halved.
void HostBatches::give_way(Flight& flight, const MemoryError& error) {
  const Range range = flight.range;
  if (state_.has_lane(1)) {
    cramped_ = true;
    queue_.push_front(range);
    return;
  }
  if (range.count == 1) throw MemoryError(error);
  const std::size_t half = range.count / 2;
  queue_.push_front({range.first + half, range.count - half});
  queue_.push_front({range.first, half});
}

// The host has the whole structure and can say more of a position or a cell than the GPU, in the host model's words.
void HostBatches::refuse_geometry(std::size_t system) const {
  try {
    runtime::build_neighbour_list(structures_[system], state_.plan.cutoff);
  } catch (const StructureError& error) {
    throw StructureError(prefix(system) + error.what(), static_cast<long long>(system), error.atom());
  }
}

void HostBatches::refuse(const kernels::FaultReport& report, const Flight& flight) const {
  // Atoms of the report count within the batch; messages and errors name systems of the whole call.
  std::vector<int> begin(structures_.size() + 1, 0);
  int n_atoms = 0;
  for (std::size_t s = flight.range.first; s < structures_.size(); ++s) {
    if (s < flight.range.first + flight.range.count) n_atoms += static_cast<int>(structures_[s].positions.size());
    begin[s + 1] = n_atoms;
  }
  if (report.fault <= kernels::Fault::images) {
    const auto first = begin.begin() + static_cast<std::ptrdiff_t>(flight.range.first);
    const auto system = report.atom < 0 ? static_cast<std::ptrdiff_t>(flight.range.first) + report.system
                                        : std::upper_bound(first, begin.end(), report.atom) - begin.begin() - 1;
    refuse_geometry(static_cast<std::size_t>(system));
  }
  kernels::FaultReport global = report;
  if (global.system >= 0) global.system += static_cast<int>(flight.range.first);
  state_.throw_fault(global, begin);
}

void HostBatches::collect(const Lane& lane, const Flight& flight) {
  const OutputLayout out(flight.key.atoms, flight.key.systems);
  const std::byte* const base = lane.results();
  const auto* const energies = reinterpret_cast<const double*>(base + out.energies);
  const auto* atom_energies = reinterpret_cast<const double*>(base + out.atom_energies);
  const auto* forces = reinterpret_cast<const runtime::Vector3*>(base + out.forces);
  const auto* const virials = reinterpret_cast<const double*>(base + out.virials);
  for (std::size_t k = 0; k < flight.range.count; ++k) {
    const std::size_t n = structures_[flight.range.first + k].positions.size();
    Result& result = results_[flight.range.first + k];
    result.energy = energies[k];
    result.atom_energies.assign(atom_energies, atom_energies + n);
    result.forces.assign(forces, forces + (forces_ ? n : 0));
    if (forces_) {
      std::copy(virials + 9 * k, virials + 9 * (k + 1), result.virial.begin());
    } else {
      result.virial.fill(std::numeric_limits<double>::quiet_NaN());
    }
    atom_energies += n;
    forces += n;
  }
}

void HostBatches::run_queue() {
  for (;;) {
    if (cramped_) {
      finish_all();
      state_.drop_lane(1);
      cramped_ = two_ = false;
      turn_ = 0;
    }
    if (queue_.empty()) {
      finish_all();
      if (queue_.empty()) return;
      continue;
    }
    finish(turn_);
    if (cramped_) continue;
    const Range range = queue_.front();
    queue_.pop_front();
    start(turn_, range);
    if (two_ && !cramped_) turn_ = 1 - turn_;
  }
}

void HostBatches::run() {
  results_.resize(structures_.size());
  cut();
  two_ = queue_.size() > 1;
  try {
    run_queue();
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    for (std::size_t lane = 0; lane < 2; ++lane) wait_quietly(lane);
    std::rethrow_exception(error);
  }
}

// After an error: nothing may write to a lane that the next call uses.
void HostBatches::wait_quietly(std::size_t lane) noexcept {
  if (!flights_[lane].active) return;
  try {
    state_.lane(lane).stream().synchronise();
  } catch (const std::exception&) {  // the error that is on its way says more
  }
}

}  // namespace

void evaluate_host_batches(CudaModel::State& state, std::span<const Structure> structures, bool forces,
                           std::vector<Result>& results) {
  if (state.device_calls) state.device_calls->last().synchronise();
  HostBatches(state, structures, forces, results).run();
}

}  // namespace mlffgen::cuda_model
