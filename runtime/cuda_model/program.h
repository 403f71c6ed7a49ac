// The model's kernels and constants on a GPU. For this folder and its tests only.
#pragma once

#include <string>
#include <vector>

#include "runtime/bundle.h"
#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/plan.h"

namespace mlffgen::cuda_model {

// What the kernels of one call read and write: arguments by the names of runtime::ArgumentKind.
struct KernelArguments {
  int n_atoms = 0;     // padding included
  int tile_atoms = 1;  // of this call
  cuda::DevicePointer element = 0, pair_begin = 0, pair_neighbour = 0, pair_geometry = 0;
  cuda::DevicePointer pair_gradient = 0, atom_energy = 0;
  std::vector<cuda::DevicePointer> buffers;  // of Plan::buffers
};

class Program {
 public:
  // Chooses the code, and begins to compile it in the background if the bundle has none for the GPU; then load() and
  // upload_constants() must be called with the same bundle and the context current, which is not needed later.
  // UserError without GPU source, or if no tile fits the GPU's shared memory.
  Program(const runtime::Bundle& bundle, const runtime::Plan& plan, const kernels::KernelLibrary& library);
  void load(const runtime::Bundle& bundle);
  void upload_constants(const runtime::Bundle& bundle);

  int tile() const { return tile_->atoms; }               // atoms a block can take
  int blocks_at_once() const { return blocks_at_once_; }  // of the kernel of which the fewest fit on the GPU
  std::size_t constants_bytes() const { return constants_.bytes(); }
  const std::string& origin() const { return origin_; }  // "section cuda/sm_90 of model.mlff"

  // Asynchronous. Kernel number k of the plan over all atoms.
  void launch(std::size_t k, KernelArguments& arguments, const cuda::Stream& stream) const;

 private:
  void choose_tile(const runtime::Bundle& bundle, const cuda::DeviceInfo& device);
  void start_compiling(const runtime::Bundle& bundle);
  const void* value_of(const runtime::Argument& argument, KernelArguments& arguments) const;

  const runtime::Plan& plan_;
  kernels::KernelLibrary library_;
  std::vector<kernels::CompileRequest> requests_;  // of each kernel, until it is loaded
  const runtime::Plan::GpuTile* tile_ = nullptr;
  const runtime::Plan::GpuCode* code_ = nullptr;  // of the bundle; null: compiled from source
  std::string origin_;
  cuda::DeviceBuffer constants_;
  std::vector<cuda::DevicePointer> constant_addresses_;
  std::vector<cuda::Kernel> kernels_;
  int blocks_at_once_ = 1;
};

}  // namespace mlffgen::cuda_model
