#include "runtime/cuda_model/lane.h"

#include <algorithm>

#include "runtime/cuda_model/capacity.h"

namespace mlffgen::cuda_model {
namespace {

// About what runtime/kernels/pair_reductions.h takes.
constexpr std::size_t kReductionBytesPerAtom = 48, kReductionBytesPerPart = 64;
constexpr std::int64_t kReductionPartAtoms = 512;

std::size_t bytes_of(std::int64_t count, std::size_t each) { return static_cast<std::size_t>(count) * each; }

kernels::ListOptions list_options(const runtime::Plan& plan, double skin) {
  return {plan.precision, plan.cutoff, skin, plan.elements};
}

}  // namespace

Lane::Lane(const Program& program, const runtime::Plan& plan, const kernels::KernelLibrary& library, double skin,
           cuda::DevicePointer element_energy)
    : program_(program),
      plan_(plan),
      element_energy_(element_energy),
      stream_(library.context()),
      list_(library, list_options(plan, skin)),
      reductions_(library, plan.precision),
      atom_energy_(library.context()),
      pair_gradient_(library.context()),
      inputs_(library.context()),
      outputs_(library.context()),
      host_inputs_(library.context()),
      host_outputs_(library.context()),
      host_status_(library.context()) {
  arguments_.buffers.resize(plan.buffers.size());
  for (std::size_t s = 0; s < plan.slots.size(); ++s) slots_.emplace_back(library.context());
  host_status_.at_least(sizeof(kernels::Status));
}

std::size_t Lane::bytes() const {
  std::size_t sum = list_.bytes() + reductions_.bytes() + atom_energy_.bytes() + pair_gradient_.bytes() +
                    inputs_.bytes() + outputs_.bytes();
  for (const auto& slot : slots_) sum += slot.bytes();
  return sum;
}

std::size_t Lane::bytes_for(const Room& room) const {
  const std::int64_t padded = padded_atoms(room.atoms, program_.tile());
  std::size_t per_atom = plan_.real_bytes() + kReductionBytesPerAtom;
  for (const std::size_t slot : plan_.slots) per_atom += slot;
  Room listed = room;
  listed.atoms = padded;
  return list_.bytes_for(listed) + bytes_of(padded, per_atom) + bytes_of(room.pairs, 3 * plan_.real_bytes()) +
         bytes_of(padded / kReductionPartAtoms + room.systems, kReductionBytesPerPart) +
         InputLayout(room.atoms, room.systems).bytes + OutputLayout(room.atoms, room.systems).bytes;
}

void Lane::reserve(const Room& room) {
  room_ = {std::max(room_.atoms, room.atoms), std::max(room_.systems, room.systems), std::max(room_.pairs, room.pairs),
           std::max(room_.candidates, room.candidates)};
  graphs_.clear();
  const std::int64_t padded = padded_atoms(room_.atoms, program_.tile());
  Room listed = room_;
  listed.atoms = padded;
  list_.reserve(stream_, listed);
  reductions_.reserve(stream_, padded, room_.systems);
  atom_energy_.at_least(bytes_of(padded, plan_.real_bytes()));
  pair_gradient_.at_least(bytes_of(room_.pairs, 3 * plan_.real_bytes()));
  for (std::size_t s = 0; s < slots_.size(); ++s) slots_[s].at_least(bytes_of(padded, plan_.slots[s]));
  const InputLayout in(room_.atoms, room_.systems);
  const OutputLayout out(room_.atoms, room_.systems);
  inputs_.at_least(in.bytes);
  outputs_.at_least(out.bytes);
  host_inputs_.at_least(in.bytes);
  host_outputs_.at_least(out.bytes);
  cuda::fill_bytes(stream_, outputs_.address(), 0, outputs_.bytes());  // padding is copied, too
  stream_.synchronise();

  const kernels::PairList pairs = list_.pairs();
  arguments_.element = pairs.element;
  arguments_.pair_begin = pairs.pair_begin;
  arguments_.pair_neighbour = pairs.pair_neighbour;
  arguments_.pair_geometry = pairs.pair_geometry;
  arguments_.pair_gradient = pair_gradient_.address();
  arguments_.atom_energy = atom_energy_.address();
  for (std::size_t b = 0; b < plan_.buffers.size(); ++b) {
    arguments_.buffers[b] = slots_[plan_.buffers[b].slot].address();
  }
}

Room Lane::room_for(const kernels::Status& status) const {
  Room room = list_.capacity_for(status);
  room.atoms = room_.atoms;
  room.systems = room_.systems;
  return room;
}

int Lane::tile_atoms(const CallKey& key) const {
  return choose_tile_atoms(key.atoms, program_.tile(), program_.blocks_at_once());
}

kernels::DeviceBatch Lane::batch(const CallKey& key) const {
  const InputLayout in(key.atoms, key.systems);
  const cuda::DevicePointer base = inputs_.address();
  return {base + in.size,
          base + in.positions,
          base + in.atomic_numbers,
          base + in.system_begin,
          base + in.cells,
          base + in.periodic,
          padded_atoms(key.atoms, program_.tile()),
          key.systems};
}

void Lane::copy_status(const cuda::Stream& stream) {
  cuda::copy_to_host(stream, host_status_.as<void>(), list_.pairs().status, sizeof(kernels::Status));
}

void Lane::enqueue_list(const CallKey& key, const cuda::Stream& stream) {
  list_.enqueue(stream, batch(key), key.path);
  copy_status(stream);
}

void Lane::enqueue(const CallKey& key, const cuda::Stream& stream, const PartMark& begin) {
  const auto part = [&](const char* name) {
    if (begin) begin(name);
  };
  const OutputLayout out(key.atoms, key.systems);
  if (key.kind == BatchKind::host) {
    part("copy in");
    cuda::copy_to_device(stream, inputs_.address(), host_inputs_.as<void>(), InputLayout(key.atoms, key.systems).bytes);
  }
  part("list");
  const kernels::DeviceBatch call = batch(key);
  list_.enqueue(stream, call, key.path);
  part("model");
  arguments_.n_atoms = static_cast<int>(key.atoms);
  arguments_.tile_atoms = tile_atoms(key);
  const std::size_t n_kernels = key.forces ? plan_.kernels.size() : plan_.energy_kernels;
  for (std::size_t k = 0; k < n_kernels; ++k) program_.launch(k, arguments_, stream);
  part("reductions");
  const cuda::DevicePointer base = outputs_.address();
  reductions_.enqueue(stream, call, list_.pairs(), {arguments_.atom_energy, element_energy_, arguments_.pair_gradient},
                      {base + out.energies, base + out.atom_energies, key.forces ? base + out.forces : 0,
                       key.forces ? base + out.virials : 0});
  if (key.kind == BatchKind::host) {
    part("copy out");
    cuda::copy_to_host(stream, host_outputs_.as<void>(), base, out.used(key.forces));
    copy_status(stream);
  }
}

}  // namespace mlffgen::cuda_model
