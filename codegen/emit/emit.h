// From the schedule to source: the CUDA C++ of every phase, for a GPU and for the host, and the constants it reads.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/constant_pool.h"
#include "codegen/emit/schedule.h"

namespace mlffgen::emit {

struct Options {
  bool double_precision = false;
  std::string kernel_prefix = "phase";  // kernels are called "phase_0", ...
};

// One kernel and the names of its arguments in order: n_atoms, tile_atoms, element, pair_begin, pair_neighbour,
// pair_geometry, pair_gradient, atom_energy, constants c0, c1, ... and buffers b0, b1, ...
struct Kernel {
  std::string name;
  std::vector<std::string> arguments;
};

struct Source {
  std::string cuda;             // self-contained text for NVRTC
  std::string host;             // the same kernels for a CPU, with a wrapper mlff_host_NAME each
  std::vector<Kernel> kernels;  // in order of execution
  std::vector<Constant> constants;
  std::vector<char> constant_data;        // little-endian float or double, arrays at multiples of 64 bytes
  std::vector<std::string> buffer_names;  // of schedule.buffers, in order
};

// Deterministic: the same graph and options give the same bytes on every machine.
Source emit_source(const ir::Graph& graph, const Schedule& schedule, const Options& options);
// With constants that several sources share: those of the source are what the pool holds afterwards.
Source emit_source(const ir::Graph& graph, const Schedule& schedule, const Options& options, ConstantPool& constants);

}  // namespace mlffgen::emit
