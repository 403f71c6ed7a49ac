#include "cli/device_arrays.h"

#include <algorithm>
#include <array>

namespace mlffgen::cli {

DeviceArrays::DeviceArrays(const cuda::Context& context, std::span<const runtime::Structure> structures)
    : context_(context), current_(context), stream_(context) {
  std::vector<runtime::Vector3> positions;
  std::vector<int> numbers, begin = {0}, periodic;
  std::vector<std::array<runtime::Vector3, 3>> cells;
  for (const runtime::Structure& s : structures) {
    positions.insert(positions.end(), s.positions.begin(), s.positions.end());
    numbers.insert(numbers.end(), s.atomic_numbers.begin(), s.atomic_numbers.end());
    begin.push_back(static_cast<int>(positions.size()));
    cells.push_back(s.cell);
    periodic.push_back((s.periodic[0] ? 1 : 0) | (s.periodic[1] ? 2 : 0) | (s.periodic[2] ? 4 : 0));
    batch_.largest_system = std::max(batch_.largest_system, static_cast<int>(s.positions.size()));
  }
  batch_.n_atoms = begin.back();
  batch_.n_systems = static_cast<int>(structures.size());
  batch_.positions = upload(positions);
  batch_.atomic_numbers = upload(numbers);
  batch_.system_begin = upload(begin);
  batch_.cells = upload(cells);
  batch_.periodic = upload(periodic);
  batch_.energies = room(structures.size() * sizeof(double));
  batch_.forces = room(positions.size() * sizeof(runtime::Vector3));
  batch_.virials = room(structures.size() * 9 * sizeof(double));
}

std::vector<runtime::Vector3> DeviceArrays::forces() const {
  std::vector<runtime::Vector3> forces(static_cast<std::size_t>(batch_.n_atoms));
  cuda::copy_to_host(stream_, forces.data(), batch_.forces, forces.size() * sizeof(runtime::Vector3));
  stream_.synchronise();
  return forces;
}

template <class T>
cuda::DevicePointer DeviceArrays::upload(const std::vector<T>& values) {
  const cuda::DevicePointer address = room(values.size() * sizeof(T));
  cuda::copy_to_device(stream_, address, values.data(), values.size() * sizeof(T));
  stream_.synchronise();
  return address;
}

cuda::DevicePointer DeviceArrays::room(std::size_t bytes) { return buffers_.emplace_back(context_).at_least(bytes); }

}  // namespace mlffgen::cli
