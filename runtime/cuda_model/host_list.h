// A call's neighbour list made on the processor and uploaded (CudaOptions::host_list): what a program does that has no
// list on the GPU, for comparisons. For this folder only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/device_neighbour_list.h"
#include "runtime/neighbour_list.h"
#include "runtime/plan.h"
#include "runtime/structure.h"

namespace mlffgen::cuda_model {

class HostList {
 public:
  // The plan must outlive the list.
  HostList(const cuda::Context& context, const runtime::Plan& plan);

  // The list of some systems, with padding up to `atoms`; its number of pairs. What the GPU's list reports as a fault
  // is in the status that is uploaded, with a list that is empty: a cell's fault stands for all that the search
  // refuses. Throws UserError for more than 2^31 - 1 pairs.
  std::int64_t build(std::span<const runtime::Structure> systems, std::int64_t atoms);

  // Uploads it: to a list with room for it.
  void enqueue(const cuda::Stream& stream, const kernels::PairList& to);

 private:
  template <class T>
  T* place(std::size_t& offset, std::size_t count);
  void lay_out(std::int64_t atoms, std::int64_t pairs);
  kernels::Status fill_atoms(std::span<const runtime::Structure> systems);
  void fill_pairs(const runtime::NeighbourList& list);

  const runtime::Plan& plan_;
  std::vector<int> element_of_number_;  // -1: the model does not know it
  runtime::NeighbourListBuilder builder_;
  cuda::PinnedBuffer memory_;
  std::size_t n_atoms_ = 0, n_pairs_ = 0;  // padding included
  // Within the memory, as in kernels::PairList.
  std::int32_t *order_ = nullptr, *element_ = nullptr, *system_of_atom_ = nullptr, *pair_begin_ = nullptr,
               *pair_neighbour_ = nullptr;
  std::byte* pair_geometry_ = nullptr;  // REAL [pairs][4]
  kernels::Status* status_ = nullptr;
};

}  // namespace mlffgen::cuda_model
