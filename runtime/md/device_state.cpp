#include "runtime/md/device_state.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace mlffgen::md {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kLogRow = 4 * sizeof(double);

// Arrays one behind the other, aligned.
class Layout {
 public:
  template <class Number>
  std::size_t add(std::size_t count) {
    const std::size_t at = bytes_;
    bytes_ = (at + count * sizeof(Number) + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace

DeviceState::DeviceState(const cuda::Stream& stream, const Systems& systems, int log_samples)
    : stream_(stream),
      n_atoms_(static_cast<std::size_t>(systems.n_atoms())),
      n_systems_(static_cast<std::size_t>(systems.n_systems())),
      constants_(stream.context()),
      state_(stream.context()),
      saved_(stream.context()),
      scratch_(stream.context()),
      log_(stream.context()),
      host_clock_(stream.context()),
      host_log_(stream.context()) {
  std::vector<double> mass, cells;
  std::vector<int> system_of_atom, numbers, periodic;
  for (const double m : systems.masses) mass.push_back(m * systems.units.mass);
  for (std::size_t s = 0; s < n_systems_; ++s) {
    const runtime::Structure& structure = systems.structures[s];
    const int size = static_cast<int>(structure.atomic_numbers.size());
    largest_ = std::max(largest_, size);
    system_of_atom.insert(system_of_atom.end(), structure.atomic_numbers.size(), static_cast<int>(s));
    numbers.insert(numbers.end(), structure.atomic_numbers.begin(), structure.atomic_numbers.end());
    for (const Vector3& row : structure.cell) cells.insert(cells.end(), row.begin(), row.end());
    int bits = 0;
    for (std::size_t d = 0; d < 3; ++d) bits |= structure.periodic[d] ? 1 << d : 0;
    periodic.push_back(bits);
  }

  Layout constants;
  const auto at_mass = constants.add<double>(n_atoms_), at_cells = constants.add<double>(9 * n_systems_);
  const auto at_system = constants.add<int>(n_atoms_), at_numbers = constants.add<int>(n_atoms_);
  const auto at_begin = constants.add<int>(n_systems_ + 1), at_periodic = constants.add<int>(n_systems_);
  const cuda::DevicePointer fixed = constants_.at_least(constants.bytes());
  const auto put = [&](std::size_t at, const auto& values) {
    cuda::copy_to_device(stream_, fixed + at, values.data(), values.size() * sizeof(values[0]));
    return fixed + at;
  };
  arrays_.mass = put(at_mass, mass);
  arrays_.system_of_atom = put(at_system, system_of_atom);
  arrays_.system_begin = put(at_begin, systems.begin);
  atomic_numbers_ = put(at_numbers, numbers);
  cells_ = put(at_cells, cells);
  periodic_ = put(at_periodic, periodic);

  Layout state;
  const auto at_positions = state.add<Vector3>(n_atoms_), at_velocities = state.add<Vector3>(n_atoms_);
  const auto at_forces = state.add<Vector3>(n_atoms_), at_heat = state.add<double>(n_atoms_);
  const auto at_energies = state.add<double>(n_systems_);
  state_bytes_ = state.bytes();
  const auto at_clock = state.add<StepClock>(1);
  const auto at_before = state.add<Vector3>(n_atoms_);
  const cuda::DevicePointer moving = state_.at_least(state.bytes());
  cuda::fill_bytes(stream_, moving, 0, state.bytes());
  saved_.at_least(state_bytes_);
  arrays_.positions = moving + at_positions;
  arrays_.velocities = moving + at_velocities;
  arrays_.forces = moving + at_forces;
  arrays_.forces_before = moving + at_before;
  arrays_.heat = moving + at_heat;
  arrays_.energies = moving + at_energies;
  arrays_.clock = moving + at_clock;
  arrays_.log = log_.at_least(static_cast<std::size_t>(log_samples) * n_systems_ * kLogRow);
  arrays_.n_atoms = systems.n_atoms();
  arrays_.n_systems = systems.n_systems();
  host_clock_.at_least(sizeof(StepClock));
  stream_.synchronise();
}

cuda_model::DeviceBatch DeviceState::batch() const {
  cuda_model::DeviceBatch batch;
  batch.n_atoms = arrays_.n_atoms;
  batch.n_systems = arrays_.n_systems;
  batch.positions = arrays_.positions;
  batch.atomic_numbers = atomic_numbers_;
  batch.system_begin = arrays_.system_begin;
  batch.cells = cells_;
  batch.periodic = periodic_;
  batch.energies = arrays_.energies;
  batch.forces = arrays_.forces;
  batch.largest_system = largest_;
  return batch;
}

cuda_model::DeviceBatch DeviceState::scratch_batch(const std::vector<Vector3>& positions) {
  cuda_model::DeviceBatch other = batch();
  other.positions = scratch_.at_least(n_atoms_ * sizeof(Vector3));
  other.energies = other.forces = 0;
  cuda::copy_to_device(stream_, other.positions, positions.data(), n_atoms_ * sizeof(Vector3));
  stream_.synchronise();
  return other;
}

void DeviceState::upload(const State& state) {
  const auto put = [&](cuda::DevicePointer to, const auto& values) {
    cuda::copy_to_device(stream_, to, values.data(), values.size() * sizeof(values[0]));
  };
  put(arrays_.positions, state.positions);
  put(arrays_.velocities, state.velocities);
  put(arrays_.heat, state.heat);
  set_clock(state.step);
  stream_.synchronise();
}

State DeviceState::download() {
  State state;
  const auto get = [&](cuda::DevicePointer from, auto& values, std::size_t count) {
    values.resize(count);
    cuda::copy_to_host(stream_, values.data(), from, count * sizeof(values[0]));
  };
  get(arrays_.positions, state.positions, n_atoms_);
  get(arrays_.velocities, state.velocities, n_atoms_);
  get(arrays_.forces, state.forces, n_atoms_);
  get(arrays_.heat, state.heat, n_atoms_);
  get(arrays_.energies, state.energies, n_systems_);
  stream_.synchronise();
  return state;
}

void DeviceState::set_clock(long long step) {
  *host_clock_.as<StepClock>() = {step, 0, 0};
  cuda::copy_to_device(stream_, arrays_.clock, host_clock_.as<StepClock>(), sizeof(StepClock));
}

void DeviceState::save() { cuda::copy_on_device(stream_, saved_.address(), state_.address(), state_bytes_); }
void DeviceState::restore() { cuda::copy_on_device(stream_, state_.address(), saved_.address(), state_bytes_); }

void DeviceState::keep_forces() {
  cuda::copy_on_device(stream_, arrays_.forces_before, arrays_.forces, n_atoms_ * sizeof(Vector3));
}

const double* DeviceState::read_log(int samples) {
  const std::size_t bytes = static_cast<std::size_t>(samples) * n_systems_ * kLogRow;
  void* const out = host_log_.at_least(bytes);
  cuda::copy_to_host(stream_, out, arrays_.log, bytes);
  stream_.synchronise();
  return static_cast<const double*>(out);
}

}  // namespace mlffgen::md
