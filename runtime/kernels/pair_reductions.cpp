#include "runtime/kernels/pair_reductions.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/kernels/list_arguments.h"
#include "runtime/kernels/memory_plan.h"

namespace mlffgen::kernels {
namespace {

constexpr std::int64_t kPartAtoms = 512;  // atoms whose values are summed at once
constexpr std::size_t kSums = 7;          // energy and virial

enum class Memory { atom_virials, part_sums, part_tickets, system_tickets, count };
constexpr auto kMemories = static_cast<std::size_t>(Memory::count);

// As in templates/pair_reductions.cu.
struct ReductionArguments {
  using Address = cuda::DevicePointer;
  Address size = 0, system_begin = 0;
  Address order = 0, element = 0, system_of_atom = 0, pair_begin = 0, pair_neighbour = 0, pair_geometry = 0, status = 0;
  Address atom_energy = 0, element_energy = 0, pair_gradient = 0;
  Address energies = 0, atom_energies = 0, forces = 0, virials = 0;
  Address atom_virials = 0, part_sums = 0, part_tickets = 0, system_tickets = 0;
};

std::int64_t parts_for(std::int64_t atoms, std::int64_t systems) { return atoms / kPartAtoms + systems; }

unsigned blocks_for(std::int64_t warps) {
  return static_cast<unsigned>(std::max<std::int64_t>(1, (warps + kWarps - 1) / kWarps));
}

}  // namespace

struct PairReductions::State {
  State(const KernelLibrary& library, runtime::Precision precision)
      : energies(library.kernel("pair_reductions.cu", "reduce_energies", precision)),
        forces(library.kernel("pair_reductions.cu", "reduce_forces", precision)),
        buffers(library.context()) {}

  cuda::Kernel energies, forces;
  BufferSet<Memory, kMemories> buffers;
  std::int64_t atoms = 0, systems = 0;
};

PairReductions::PairReductions(const KernelLibrary& library, runtime::Precision precision)
    : state_(std::make_unique<State>(library, precision)) {}
PairReductions::~PairReductions() = default;
PairReductions::PairReductions(PairReductions&&) noexcept = default;
PairReductions& PairReductions::operator=(PairReductions&&) noexcept = default;

void PairReductions::reserve(const cuda::Stream& stream, std::int64_t atoms, std::int64_t systems) {
  auto& state = *state_;
  if (atoms <= state.atoms && systems <= state.systems) return;
  const std::int64_t grown_atoms = std::max(atoms, state.atoms), grown_systems = std::max(systems, state.systems);
  state.atoms = state.systems = 0;
  const auto parts = static_cast<std::size_t>(parts_for(grown_atoms, grown_systems));
  MemoryPlan<Memory, kMemories> plan;
  plan[Memory::atom_virials] = static_cast<std::size_t>(grown_atoms) * (kSums - 1) * sizeof(double);
  plan[Memory::part_sums] = parts * kSums * sizeof(double);
  plan[Memory::part_tickets] = parts * sizeof(std::uint32_t);
  plan[Memory::system_tickets] = static_cast<std::size_t>(grown_systems) * sizeof(std::uint32_t);
  state.buffers.grow(plan);
  cuda::fill_bytes(stream, state.buffers[Memory::part_tickets], 0, plan[Memory::part_tickets]);
  cuda::fill_bytes(stream, state.buffers[Memory::system_tickets], 0, plan[Memory::system_tickets]);
  stream.synchronise();
  state.atoms = grown_atoms;
  state.systems = grown_systems;
}

void PairReductions::enqueue(const cuda::Stream& stream, const DeviceBatch& batch, const PairList& list,
                             const ReductionInputs& inputs, const ReductionOutputs& outputs) {
  const auto& state = *state_;
  const std::int64_t atoms = batch.most_atoms > 0 ? batch.most_atoms : state.atoms;
  const std::int64_t systems = batch.most_systems > 0 ? batch.most_systems : state.systems;
  internal_check(atoms > 0 && atoms <= state.atoms && systems > 0 && systems <= state.systems,
                 "a call is larger than the room that its reductions have");
  ReductionArguments a;
  a.size = batch.size;
  a.system_begin = batch.system_begin;
  a.order = list.order;
  a.element = list.element;
  a.system_of_atom = list.system_of_atom;
  a.pair_begin = list.pair_begin;
  a.pair_neighbour = list.pair_neighbour;
  a.pair_geometry = list.pair_geometry;
  a.status = list.status;
  a.atom_energy = inputs.atom_energy;
  a.element_energy = inputs.element_energy;
  a.pair_gradient = inputs.pair_gradient;
  a.energies = outputs.energies;
  a.atom_energies = outputs.atom_energies;
  a.forces = outputs.forces;
  a.virials = outputs.virials;
  a.atom_virials = state.buffers[Memory::atom_virials];
  a.part_sums = state.buffers[Memory::part_sums];
  a.part_tickets = state.buffers[Memory::part_tickets];
  a.system_tickets = state.buffers[Memory::system_tickets];
  const bool with_forces = outputs.forces != 0 || outputs.virials != 0;
  const auto& kernel = with_forces ? state.forces : state.energies;
  kernel.launch(stream, {blocks_for(with_forces ? atoms : parts_for(atoms, systems)), kThreads, 0}, a);
}

std::size_t PairReductions::bytes() const { return state_->buffers.bytes(); }

}  // namespace mlffgen::kernels
