#include "runtime/cuda_model/host_list.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "runtime/pair_reduction.h"

namespace mlffgen::cuda_model {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t memory_for(std::size_t atoms, std::size_t pairs, std::size_t real_bytes) {
  return sizeof(kernels::Status) + (4 * atoms + 1 + pairs) * sizeof(std::int32_t) + 4 * pairs * real_bytes +
         7 * kAlignment;
}

}  // namespace

HostList::HostList(const cuda::Context& context, const runtime::Plan& plan) : plan_(plan), memory_(context) {
  const int largest = *std::max_element(plan.elements.begin(), plan.elements.end());
  element_of_number_.assign(static_cast<std::size_t>(largest) + 1, -1);
  for (std::size_t k = 0; k < plan.elements.size(); ++k) {
    element_of_number_[static_cast<std::size_t>(plan.elements[k])] = static_cast<int>(k);
  }
}

template <class T>
T* HostList::place(std::size_t& offset, std::size_t count) {
  auto* const at = reinterpret_cast<T*>(memory_.as<std::byte>() + offset);
  offset = (offset + count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  return at;
}

void HostList::lay_out(std::int64_t atoms, std::int64_t pairs) {
  n_atoms_ = static_cast<std::size_t>(atoms);
  n_pairs_ = static_cast<std::size_t>(pairs);
  memory_.at_least(memory_for(n_atoms_, n_pairs_, plan_.real_bytes()));
  std::size_t offset = 0;
  status_ = place<kernels::Status>(offset, 1);
  order_ = place<std::int32_t>(offset, n_atoms_);
  element_ = place<std::int32_t>(offset, n_atoms_);
  system_of_atom_ = place<std::int32_t>(offset, n_atoms_);
  pair_begin_ = place<std::int32_t>(offset, n_atoms_ + 1);
  pair_neighbour_ = place<std::int32_t>(offset, n_pairs_);
  pair_geometry_ = place<std::byte>(offset, 4 * n_pairs_ * plan_.real_bytes());
}

std::int64_t HostList::build(std::span<const runtime::Structure> systems, std::int64_t atoms) {
  const runtime::NeighbourList* list = nullptr;
  std::optional<int> refused;
  try {
    list = &builder_.build(systems, plan_.cutoff);
  } catch (const StructureError& error) {
    refused = static_cast<int>(error.system());
  }
  lay_out(atoms, refused ? 0 : list->n_pairs());
  *status_ = fill_atoms(systems);
  if (refused) {
    *status_ = {};
    status_->list_fault = static_cast<std::int32_t>(kernels::Fault::cell);
    status_->system = *refused;
  }
  if (status_->list_fault != 0) {
    lay_out(atoms, 0);
    std::fill_n(pair_begin_, n_atoms_ + 1, 0);
    return 0;
  }
  status_->n_pairs = list->n_pairs();
  fill_pairs(*list);
  return list->n_pairs();
}

// The first atom whose element the model does not know is a fault.
kernels::Status HostList::fill_atoms(std::span<const runtime::Structure> systems) {
  kernels::Status status;
  std::iota(order_, order_ + n_atoms_, 0);
  std::size_t i = 0;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    for (const int number : systems[s].atomic_numbers) {
      const bool listed = number >= 0 && static_cast<std::size_t>(number) < element_of_number_.size();
      const int element = listed ? element_of_number_[static_cast<std::size_t>(number)] : -1;
      if (element < 0 && status.list_fault == 0) {
        status.list_fault = static_cast<std::int32_t>(kernels::Fault::element);
        status.atom = static_cast<std::int32_t>(i);
        status.value = number;
      }
      element_[i] = std::max(element, 0);
      system_of_atom_[i++] = static_cast<std::int32_t>(s);
    }
  }
  std::fill(element_ + i, element_ + n_atoms_, 0);
  std::fill(system_of_atom_ + i, system_of_atom_ + n_atoms_, 0);
  return status;
}

void HostList::fill_pairs(const runtime::NeighbourList& list) {
  std::fill(std::copy(list.begin.begin(), list.begin.end(), pair_begin_), pair_begin_ + n_atoms_ + 1, list.n_pairs());
  std::copy(list.neighbour.begin(), list.neighbour.end(), pair_neighbour_);
  if (plan_.precision == runtime::Precision::double_precision) {
    runtime::fill_pair_geometry(list, 0, list.n_pairs(), reinterpret_cast<double*>(pair_geometry_));
  } else {
    runtime::fill_pair_geometry(list, 0, list.n_pairs(), reinterpret_cast<float*>(pair_geometry_));
  }
}

void HostList::enqueue(const cuda::Stream& stream, const kernels::PairList& to) {
  const std::size_t row = n_atoms_ * sizeof(std::int32_t);
  cuda::copy_to_device(stream, to.order, order_, row);
  cuda::copy_to_device(stream, to.element, element_, row);
  cuda::copy_to_device(stream, to.system_of_atom, system_of_atom_, row);
  cuda::copy_to_device(stream, to.pair_begin, pair_begin_, row + sizeof(std::int32_t));
  cuda::copy_to_device(stream, to.pair_neighbour, pair_neighbour_, n_pairs_ * sizeof(std::int32_t));
  cuda::copy_to_device(stream, to.pair_geometry, pair_geometry_, 4 * n_pairs_ * plan_.real_bytes());
  cuda::copy_to_device(stream, to.status, status_, sizeof(kernels::Status));
}

}  // namespace mlffgen::cuda_model
