#include "tests/kernels/device_list.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace mlffgen::kernels {

Gpu& gpu() {
  static Gpu instance;
  return instance;
}

bool Gpu::is_real() const { return context.device().name.find("oftware") == std::string::npos; }

UploadedBatch::UploadedBatch()
    : size_(gpu().context),
      positions_(gpu().context),
      numbers_(gpu().context),
      begin_(gpu().context),
      cells_(gpu().context),
      periodic_(gpu().context) {}

void UploadedBatch::set(std::span<const runtime::Structure> systems) {
  std::vector<double> positions, cells;
  std::vector<int> numbers, begin = {0}, periodic;
  for (const auto& system : systems) {
    for (const auto& r : system.positions) positions.insert(positions.end(), r.begin(), r.end());
    numbers.insert(numbers.end(), system.atomic_numbers.begin(), system.atomic_numbers.end());
    begin.push_back(static_cast<int>(numbers.size()));
    for (const auto& row : system.cell) cells.insert(cells.end(), row.begin(), row.end());
    periodic.push_back((system.periodic[0] ? 1 : 0) | (system.periodic[1] ? 2 : 0) | (system.periodic[2] ? 4 : 0));
  }
  n_atoms_ = static_cast<int>(numbers.size());
  n_systems_ = static_cast<int>(systems.size());
  upload(size_, std::vector<int>{n_atoms_, n_systems_});
  upload(positions_, positions);
  upload(numbers_, numbers);
  upload(begin_, begin);
  upload(cells_, cells);
  upload(periodic_, periodic);
  batch_ = {size_.address(),  positions_.address(), numbers_.address(),
            begin_.address(), cells_.address(),     periodic_.address()};
}

bool HostPairs::operator==(const HostPairs& other) const {
  return status.list_fault == other.status.list_fault && order == other.order && element == other.element &&
         system_of_atom == other.system_of_atom && begin == other.begin && neighbour == other.neighbour &&
         reverse == other.reverse && geometry.size() == other.geometry.size() &&
         std::memcmp(geometry.data(), other.geometry.data(), geometry.size() * sizeof(double)) == 0;
}

HostPairs ListRunner::collect() {
  const PairList pairs = list_.pairs();
  const auto atoms = static_cast<std::size_t>(list_.capacity().atoms);
  HostPairs out;
  out.status = download<Status>(pairs.status, 1).front();
  out.order = download<int>(pairs.order, atoms);
  out.element = download<int>(pairs.element, atoms);
  out.system_of_atom = download<int>(pairs.system_of_atom, atoms);
  out.begin = download<int>(pairs.pair_begin, atoms + 1);
  const auto n_pairs = static_cast<std::size_t>(out.n_pairs());
  out.neighbour = download<int>(pairs.pair_neighbour, n_pairs);
  if (list_.options().precision == runtime::Precision::double_precision) {
    out.geometry = download<double>(pairs.pair_geometry, 4 * n_pairs);
  } else {
    const auto geometry = download<float>(pairs.pair_geometry, 4 * n_pairs);
    out.geometry.assign(geometry.begin(), geometry.end());
  }
  cuda::DeviceBuffer reverse(gpu().context);
  reverse.at_least(std::max<std::size_t>(n_pairs, 1) * sizeof(int));
  list_.enqueue_reverse(gpu().stream, reverse.address());
  out.reverse = download<int>(reverse.address(), n_pairs);
  return out;
}

HostPairs ListRunner::run_once(std::span<const runtime::Structure> systems, ListPath path) {
  uploaded_.set(systems);
  ListCapacity room = list_.capacity();
  room.atoms = std::max<std::int64_t>(room.atoms, uploaded_.n_atoms());
  room.systems = std::max<std::int64_t>(room.systems, uploaded_.n_systems());
  list_.reserve(gpu().stream, room);
  list_.enqueue(gpu().stream, uploaded_.batch(), path);
  return collect();
}

HostPairs ListRunner::run(std::span<const runtime::Structure> systems, ListPath path) {
  for (;;) {
    HostPairs out = run_once(systems, path);
    if (out.status.list_fault != static_cast<int>(Fault::capacity)) return out;
    list_.reserve(gpu().stream, list_.capacity_for(out.status));
  }
}

}  // namespace mlffgen::kernels
