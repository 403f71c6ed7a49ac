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
      host_status_(library.context()),
      buffers_(library.context()) {
  arguments_.buffers.resize(plan.forms.size());
  host_status_.at_least(sizeof(kernels::Status));
}

std::size_t Lane::bytes() const {
  std::size_t sum = list_.bytes() + reductions_.bytes() + atom_energy_.bytes() + pair_gradient_.bytes() +
                    inputs_.bytes() + outputs_.bytes() + buffers_.bytes();
  return sum;
}

std::size_t Lane::bytes_for(const Room& room) const {
  const std::int64_t padded = padded_atoms(room.atoms, program_.most_tile());
  const std::size_t per_atom = plan_.real_bytes() + kReductionBytesPerAtom;
  Room listed = room;
  listed.atoms = padded;
  return list_.bytes_for(listed) + bytes_of(padded, per_atom) + bytes_of(room.pairs, 3 * plan_.real_bytes()) +
         bytes_of(padded / kReductionPartAtoms + room.systems, kReductionBytesPerPart) +
         InputLayout(room.atoms, room.systems).bytes + OutputLayout(room.atoms, room.systems).bytes +
         program_.buffer_bytes(room.atoms);
}

void Lane::reserve(const Room& room) {
  room_ = {std::max(room_.atoms, room.atoms), std::max(room_.systems, room.systems), std::max(room_.pairs, room.pairs),
           std::max(room_.candidates, room.candidates)};
  graphs_.clear();
  const std::int64_t padded = padded_atoms(room_.atoms, program_.most_tile());
  Room listed = room_;
  listed.atoms = padded;
  list_.reserve(stream_, listed);
  reductions_.reserve(stream_, padded, room_.systems);
  atom_energy_.at_least(bytes_of(padded, plan_.real_bytes()));
  pair_gradient_.at_least(bytes_of(room_.pairs, 3 * plan_.real_bytes()));
  buffers_.at_least(program_.buffer_bytes(room_.atoms));
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
}

Room Lane::room_for(const kernels::Status& status) const {
  Room room = list_.capacity_for(status);
  room.atoms = room_.atoms;
  room.systems = room_.systems;
  return room;
}

int Lane::tile_atoms(const CallKey& key) const {
  const Recipe& recipe = program_.recipe_for(key.atoms, key.systems);
  int most = 0;
  for (std::size_t k = 0; k < recipe.kernels.size(); ++k) most = std::max(most, recipe.tile_atoms(k, key.atoms));
  return most;
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
          padded_atoms(key.atoms, program_.recipe_for(key.atoms, key.systems).most_tile),
          key.systems};
}

void Lane::copy_status(const cuda::Stream& stream) {
  cuda::copy_to_host(stream, host_status_.as<void>(), list_.pairs().status, sizeof(kernels::Status));
}

void Lane::poison(const cuda::Stream& stream) {
  constexpr unsigned char kNotANumber = 0xff;
  for (const cuda::DeviceBuffer* buffer : {&buffers_, &atom_energy_, &pair_gradient_, &outputs_}) {
    if (buffer->bytes() > 0) cuda::fill_bytes(stream, buffer->address(), kNotANumber, buffer->bytes());
  }
}

void Lane::enqueue_list(const CallKey& key, const cuda::Stream& stream) {
  list_.enqueue(stream, batch(key), key.path);
  copy_status(stream);
}

// The buffers of a call lie as its own size wants them: a form that only small calls use has room for those alone.
void Lane::place_buffers(const Recipe& recipe, const CallKey& key) {
  const std::int64_t padded = padded_atoms(key.atoms, program_.most_tile());
  arguments_.buffers[recipe.form] = program_.buffers(recipe.form, buffers_.address(), padded);
  arguments_.n_atoms = static_cast<int>(key.atoms);
}

void Lane::enqueue_kernel(const Recipe& recipe, std::size_t k, const CallKey& key, const cuda::Stream& stream) {
  place_buffers(recipe, key);
  program_.launch(recipe, k, arguments_, stream);
}

void Lane::enqueue_model(const Recipe& recipe, const CallKey& key, const cuda::Stream& stream) {
  place_buffers(recipe, key);
  const auto& form = plan_.forms[recipe.form];
  const std::size_t n_kernels = key.forces ? form.kernels.size() : form.energy_kernels;
  for (std::size_t k = 0; k < n_kernels; ++k) program_.launch(recipe, k, arguments_, stream);
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
  if (host_list_ && key.kind == BatchKind::host) {
    host_list_->enqueue(stream, list_.pairs());
  } else {
    list_.enqueue(stream, call, key.path);
  }
  part("model");
  enqueue_model(program_.recipe_for(key.atoms, key.systems), key, stream);
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
