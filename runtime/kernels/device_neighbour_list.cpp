#include "runtime/kernels/device_neighbour_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "runtime/kernels/list_arguments.h"
#include "runtime/kernels/memory_plan.h"

namespace mlffgen::kernels {
namespace {

constexpr std::int64_t kMostIndex = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kManyBlocks = 4096;  // of rows: more take longer to lay out than larger blocks to fill

enum class Memory {
  order,
  element,
  system_of_atom,
  pair_begin,
  pair_neighbour,
  pair_geometry,
  status,
  state,
  element_of_number,
  lattices,
  grids,
  bounds,
  known_cells,
  known_periodic,
  known_begin,
  sorted_positions,
  reference,
  cell_of_atom,
  arrival,
  slots,
  cell_count,
  cell_first,
  chunk_first,
  row_count,
  block_first,
  candidate_count,
  candidate_block_first,
  candidate_begin,
  candidate,
  count
};
constexpr auto kMemories = static_cast<std::size_t>(Memory::count);
using Plan = MemoryPlan<Memory, kMemories>;
using Buffers = BufferSet<Memory, kMemories>;

std::int64_t blocks_for(std::int64_t n, std::int64_t per_block) {
  return std::max<std::int64_t>(1, (n + per_block - 1) / per_block);
}

std::int64_t rows_per_block(std::int64_t atoms) {
  const std::int64_t rows = (atoms + kManyBlocks - 1) / kManyBlocks;
  return std::clamp<std::int64_t>((rows + kWarps - 1) / kWarps * kWarps, kWarps, kThreads);
}

std::int64_t cells_for(const ListCapacity& capacity) { return 2 * capacity.atoms + kSpareCells * capacity.systems + 1; }

// -1 for numbers that are no element of the model.
std::vector<std::int32_t> number_table(const std::vector<int>& elements) {
  std::vector<std::int32_t> table;
  for (std::size_t k = 0; k < elements.size(); ++k) {
    const auto number = static_cast<std::size_t>(elements[k]);
    if (table.size() <= number) table.resize(number + 1, -1);
    table[number] = static_cast<std::int32_t>(k);
  }
  return table;
}

Plan plan_for(const ListCapacity& capacity, const ListOptions& options) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t atoms = size(capacity.atoms), systems = size(capacity.systems), pairs = size(capacity.pairs);
  const std::size_t real = options.precision == runtime::Precision::single_precision ? 4 : 8;
  const std::size_t cells = size(cells_for(capacity));
  // A smaller call may take more blocks, of fewer rows.
  const std::size_t blocks = size(std::max(kManyBlocks, blocks_for(capacity.atoms, kThreads)));
  Plan plan;
  for (const Memory per_atom : {Memory::order, Memory::element, Memory::system_of_atom, Memory::cell_of_atom,
                                Memory::arrival, Memory::slots, Memory::row_count}) {
    plan[per_atom] = atoms * sizeof(std::int32_t);
  }
  plan[Memory::pair_begin] = (atoms + 1) * sizeof(std::int32_t);
  plan[Memory::pair_neighbour] = std::max<std::size_t>(pairs, 1) * sizeof(std::int32_t);
  plan[Memory::pair_geometry] = std::max<std::size_t>(pairs, 1) * 4 * real;
  plan[Memory::status] = sizeof(Status);
  plan[Memory::state] = sizeof(ListState);
  plan[Memory::element_of_number] = number_table(options.elements).size() * sizeof(std::int32_t);
  plan[Memory::lattices] = systems * kLatticeBytes;
  plan[Memory::grids] = systems * kGridBytes;
  plan[Memory::bounds] = systems * kBoundsBytes;
  plan[Memory::known_cells] = systems * 9 * sizeof(double);
  plan[Memory::known_periodic] = systems * sizeof(std::int32_t);
  plan[Memory::known_begin] = systems * sizeof(std::int32_t);
  plan[Memory::sorted_positions] = atoms * 3 * sizeof(double);
  plan[Memory::cell_count] = plan[Memory::cell_first] = cells * sizeof(std::int32_t);
  plan[Memory::chunk_first] = size(blocks_for(cells_for(capacity), kCellChunk)) * sizeof(std::int64_t);
  plan[Memory::block_first] = blocks * sizeof(std::int64_t);
  if (options.skin == 0) return plan;
  plan[Memory::reference] = atoms * 3 * sizeof(double);
  plan[Memory::candidate_count] = atoms * sizeof(std::int32_t);
  plan[Memory::candidate_begin] = (atoms + 1) * sizeof(std::int32_t);
  plan[Memory::candidate_block_first] = blocks * sizeof(std::int64_t);
  plan[Memory::candidate] = size(std::max<std::int64_t>(capacity.candidates, 1)) * sizeof(std::int32_t);
  return plan;
}

void check_options(const ListOptions& options) {
  if (!(options.cutoff > 0) || !std::isfinite(options.cutoff)) {
    throw UserError(fmt::format("the cutoff must be positive and finite, not {}", options.cutoff));
  }
  if (!(options.skin >= 0) || !std::isfinite(options.skin)) {
    throw UserError(fmt::format("the neighbour list's skin must be finite and not negative, not {}", options.skin));
  }
}

void check_capacity(const ListCapacity& capacity) {
  if (cells_for(capacity) > kMostIndex) {
    throw UserError(
        fmt::format("{} atoms in {} systems are too many for one call: 2 for each atom and {} for each "
                    "system must be less than 2^31; split the batch",
                    capacity.atoms, capacity.systems, kSpareCells));
  }
  for (const std::int64_t pairs : {capacity.pairs, capacity.candidates}) {
    if (pairs <= kMostIndex) continue;
    throw UserError(
        fmt::format("{} pairs are too many for one call, which takes {} at most; split the batch, and is "
                    "the structure in the model's length unit?",
                    pairs, kMostIndex));
  }
}

struct Kernels {
  Kernels(const KernelLibrary& library, const ListOptions& options) {
    const auto precision = options.precision;
    library.prepare(DeviceNeighbourList::texts(options.skin), precision);
    const auto cells = [&](const char* name) { return library.kernel("neighbour_cells.cu", name, precision); };
    const auto all = [&](const char* name) { return library.kernel("all_pairs.cu", name, precision); };
    all_pairs = {all("all_pairs_count"), all("all_pairs_fill")};
    sort_systems = {cells("list_begin")};
    sort_check = {cells("list_check")};
    sort_count = {cells("cells_count")};
    sort_scan = {cells("cells_scan")};
    sort_place = {cells("cells_scatter"), cells("cells_sort")};
    if (options.skin > 0) {
      const auto rows = [&](const char* name) { return library.kernel("candidate_pairs.cu", name, precision); };
      sorted_pairs = {rows("candidates_count"), rows("candidates_fill"), rows("candidate_pairs_count"),
                      rows("candidate_pairs_fill")};
    } else {
      const auto rows = [&](const char* name) { return library.kernel("cell_pairs.cu", name, precision); };
      sorted_pairs = {rows("cell_pairs_count"), rows("cell_pairs_fill")};
    }
    reverse = {library.kernel("pair_reductions.cu", "pair_reverse", precision)};
  }

  // Each in the order of their launches.
  std::vector<cuda::Kernel> all_pairs, sort_systems, sort_check, sort_count, sort_scan, sort_place, sorted_pairs,
      reverse;
};

}  // namespace

struct DeviceNeighbourList::State {
  State(const KernelLibrary& library, ListOptions list_options)
      : options(std::move(list_options)),
        numbers(number_table(options.elements)),
        kernels(library, options),
        buffers(library.context()) {}

  ListOptions options;
  std::vector<std::int32_t> numbers;
  Kernels kernels;
  Buffers buffers;
  ListCapacity capacity;
  ListCapacity call;  // atoms and systems that the launches of the latest call are for
  ListArguments arguments;

  void set_addresses();
  void set_batch(const DeviceBatch& batch);
  void launch(const cuda::Stream& stream, const std::vector<cuda::Kernel>& list, std::int64_t blocks) const {
    for (const auto& kernel : list) {
      kernel.launch(stream, {static_cast<unsigned>(blocks), kThreads, 0}, arguments);
    }
  }
};

void DeviceNeighbourList::State::set_addresses() {
  auto& a = arguments;
  a.order = buffers[Memory::order];
  a.element = buffers[Memory::element];
  a.system_of_atom = buffers[Memory::system_of_atom];
  a.pair_begin = buffers[Memory::pair_begin];
  a.pair_neighbour = buffers[Memory::pair_neighbour];
  a.pair_geometry = buffers[Memory::pair_geometry];
  a.status = buffers[Memory::status];
  a.state = buffers[Memory::state];
  a.element_of_number = buffers[Memory::element_of_number];
  a.lattices = buffers[Memory::lattices];
  a.grids = buffers[Memory::grids];
  a.bounds = buffers[Memory::bounds];
  a.known_cells = buffers[Memory::known_cells];
  a.known_periodic = buffers[Memory::known_periodic];
  a.known_begin = buffers[Memory::known_begin];
  a.sorted_positions = buffers[Memory::sorted_positions];
  a.reference = buffers[Memory::reference];
  a.cell_of_atom = buffers[Memory::cell_of_atom];
  a.arrival = buffers[Memory::arrival];
  a.slots = buffers[Memory::slots];
  a.cell_count = buffers[Memory::cell_count];
  a.cell_first = buffers[Memory::cell_first];
  a.chunk_first = buffers[Memory::chunk_first];
  a.row_count = buffers[Memory::row_count];
  a.block_first = buffers[Memory::block_first];
  a.candidate_count = buffers[Memory::candidate_count];
  a.candidate_block_first = buffers[Memory::candidate_block_first];
  a.candidate_begin = buffers[Memory::candidate_begin];
  a.candidate = buffers[Memory::candidate];
  a.cutoff = options.cutoff;
  a.skin = options.skin;
  a.pair_capacity = static_cast<std::int32_t>(capacity.pairs);
  a.candidate_capacity = static_cast<std::int32_t>(capacity.candidates);
  a.n_numbers = static_cast<std::int32_t>(numbers.size());
}

void DeviceNeighbourList::State::set_batch(const DeviceBatch& batch) {
  call.atoms = batch.most_atoms > 0 ? batch.most_atoms : capacity.atoms;
  call.systems = batch.most_systems > 0 ? batch.most_systems : capacity.systems;
  internal_check(call.atoms > 0 && call.atoms <= capacity.atoms && call.systems > 0 && call.systems <= capacity.systems,
                 "a call is larger than the room that its neighbour list has");
  arguments.most_atoms = static_cast<std::int32_t>(call.atoms);
  arguments.rows_per_block = static_cast<std::int32_t>(rows_per_block(call.atoms));
  arguments.size = batch.size;
  arguments.positions = batch.positions;
  arguments.atomic_numbers = batch.atomic_numbers;
  arguments.system_begin = batch.system_begin;
  arguments.cells = batch.cells;
  arguments.periodic = batch.periodic;
}

DeviceNeighbourList::DeviceNeighbourList(const KernelLibrary& library, ListOptions options) {
  check_options(options);
  state_ = std::make_unique<State>(library, std::move(options));
}
DeviceNeighbourList::~DeviceNeighbourList() = default;
DeviceNeighbourList::DeviceNeighbourList(DeviceNeighbourList&&) noexcept = default;
DeviceNeighbourList& DeviceNeighbourList::operator=(DeviceNeighbourList&&) noexcept = default;

void DeviceNeighbourList::reserve(const cuda::Stream& stream, const ListCapacity& capacity) {
  auto& state = *state_;
  const ListCapacity& old = state.capacity;
  const ListCapacity grown{std::max(old.atoms, capacity.atoms), std::max(old.systems, capacity.systems),
                           std::max(old.pairs, capacity.pairs), std::max(old.candidates, capacity.candidates)};
  if (grown == old && state.buffers.bytes() > 0) return;
  check_capacity(grown);
  // Whatever happens to the memory, until this is through there is none.
  state.capacity = {};
  state.buffers.grow(plan_for(grown, state.options));
  const ListState fresh;
  cuda::copy_to_device(stream, state.buffers[Memory::state], &fresh, sizeof(fresh));
  cuda::copy_to_device(stream, state.buffers[Memory::element_of_number], state.numbers.data(),
                       state.numbers.size() * sizeof(std::int32_t));
  stream.synchronise();
  state.capacity = grown;
  state.set_addresses();
}

const ListCapacity& DeviceNeighbourList::capacity() const { return state_->capacity; }

// Only what is needed: compiling takes a second where the cache has nothing.
std::vector<std::string> DeviceNeighbourList::texts(double skin) {
  return {"all_pairs.cu", "neighbour_cells.cu", "pair_reductions.cu",
          skin > 0 ? "candidate_pairs.cu" : "cell_pairs.cu"};
}

ListPath DeviceNeighbourList::path_for(int largest_system) {
  return largest_system <= kAllPairsAtoms ? ListPath::all_pairs : ListPath::cells;
}

void DeviceNeighbourList::enqueue(const cuda::Stream& stream, const DeviceBatch& batch, ListPath path) {
  auto& state = *state_;
  state.set_batch(batch);
  const auto& kernels = state.kernels;
  const std::int64_t row_blocks = blocks_for(state.call.atoms, state.arguments.rows_per_block);
  const std::int64_t atom_blocks = blocks_for(state.call.atoms, kThreads);
  switch (path) {
    case ListPath::all_pairs:
      state.launch(stream, kernels.all_pairs, row_blocks);
      return;
    case ListPath::cells:
      state.launch(stream, kernels.sort_systems, blocks_for(state.call.systems, kThreads));
      state.launch(stream, kernels.sort_check, atom_blocks);
      state.launch(stream, kernels.sort_count, atom_blocks);
      state.launch(stream, kernels.sort_scan, blocks_for(cells_for(state.call), kCellChunk));
      state.launch(stream, kernels.sort_place, atom_blocks);
      state.launch(stream, kernels.sorted_pairs, row_blocks);
      return;
  }
}

void DeviceNeighbourList::enqueue_forget(const cuda::Stream& stream) {
  cuda::fill_bytes(stream, state_->arguments.state + offsetof(ListState, valid), 0, sizeof(std::int32_t));
}

void DeviceNeighbourList::enqueue_reverse(const cuda::Stream& stream, cuda::DevicePointer pair_reverse) {
  const auto& a = state_->arguments;
  const auto blocks = static_cast<unsigned>(blocks_for(state_->call.atoms, kWarps));
  state_->kernels.reverse.front().launch(stream, {blocks, kThreads, 0}, a.size, a.pair_begin, a.pair_neighbour,
                                         pair_reverse);
}

PairList DeviceNeighbourList::pairs() const {
  const auto& a = state_->arguments;
  return {a.order, a.element, a.system_of_atom, a.pair_begin, a.pair_neighbour, a.pair_geometry, a.status};
}

const ListOptions& DeviceNeighbourList::options() const { return state_->options; }

ListCapacity DeviceNeighbourList::capacity_for(const Status& status) const {
  // Room for atoms that move: pair counts of a trajectory stay within a few per cent.
  const auto with_room = [](std::int64_t n) { return std::min(n + n / 16 + 64, std::max(n, kMostIndex)); };
  ListCapacity capacity = state_->capacity;
  if (status.n_pairs > capacity.pairs) capacity.pairs = with_room(status.n_pairs);
  if (status.n_candidates > capacity.candidates) capacity.candidates = with_room(status.n_candidates);
  return capacity;
}

std::size_t DeviceNeighbourList::bytes() const { return state_->buffers.bytes(); }
std::size_t DeviceNeighbourList::bytes_for(const ListCapacity& capacity) const {
  return plan_for(capacity, state_->options).total();
}

}  // namespace mlffgen::kernels
