// The plan: what a compiled model runs, on which buffers, in which order. Section "plan" of a bundle, JSON, schema 2.
//
// A Plan in hand is consistent: every index is in range, every constant lies in its section, every buffer in its slot,
// and the kernels deliver the energies and the pair gradients that they have to. Whatever is not, is a UserError. Keys
// that are not known are refused, except "report", which holds facts for humans.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/block_shape.h"

namespace mlffgen::runtime {

inline constexpr int kPlanSchema = 2;

// What a kernel's argument points to. REAL is float or double, as Plan::precision says; rows of pairs are those of
// NeighbourList.
enum class ArgumentKind {
  n_atoms,         // int, atoms of all systems of the call
  tile_atoms,      // int, atoms a block takes in this call: at most Plan::tile, or the tunable's value on a GPU
  element,         // int [n_atoms], index into Plan::elements
  pair_begin,      // int [n_atoms + 1]
  pair_neighbour,  // int [n_pairs]
  pair_geometry,   // REAL [n_pairs][4]: unit vector from atom to neighbour, distance (length unit)
  pair_gradient,   // REAL [n_pairs][3], written: energy's derivative by the displacement of the pair's reverse
  atom_energy,     // REAL [n_atoms], written (energy unit, without Plan::element_energy)
  constant,        // Plan::constants[index]
  buffer           // Form::buffers[index]
};

struct Argument {
  ArgumentKind kind = ArgumentKind::n_atoms;
  std::size_t index = 0;
};

struct Plan {
  struct Constant {
    std::string name;
    std::size_t offset = 0, bytes = 0;  // in section "constants"; the offset is a multiple of 64
    // Of matrices float [count][inputs][outputs] that GPU kernels read as split fragments, multiples of 16, times
    // 2^exponent (runtime/cuda_model/fragments.h). Zero: read as they are.
    int inputs = 0, outputs = 0, exponent = 0;
  };
  struct Buffer {
    std::string name;
    std::size_t bytes_per_atom = 0;
    std::size_t slot = 0;
  };
  struct Kernel {
    std::string name;  // the host's symbol is mlff_host_<name>; no two of a plan are called the same
    std::vector<Argument> arguments;
    SharedNeed shared;  // of a block on a GPU
  };
  // The model's work cut into kernels in one way or another (codegen/emit/fusion.h).
  struct Form {
    std::string name;    // "fused"
    std::string source;  // section with the kernels for GPUs; "" without
    std::vector<Buffer> buffers;
    std::vector<std::size_t> slots;  // bytes an atom; buffers of one slot never live at the same time
    std::vector<Kernel> kernels;     // in the order of execution
    std::size_t energy_kernels = 0;  // so many of them suffice for energies
  };
  struct HostObject {
    std::string section;
    std::vector<std::string> features;  // of the processor, in LLVM's words
  };

  // Machine code of the first form's kernels, all compiled with one configuration.
  struct GpuCode {
    std::string section, arch;  // "cuda/sm_90", "sm_90"
    Configuration configuration;
  };

  std::string generator, name;
  Precision precision = Precision::single_precision;
  std::string length_unit, energy_unit;
  std::vector<int> elements;           // atomic numbers
  std::vector<double> element_energy;  // [n_elements], energy unit, added for each atom
  double cutoff = 0;                   // length unit
  int tile = 0;                        // atoms a block of host code takes at most
  std::vector<Constant> constants;
  std::vector<Form> forms;            // at least one; processors run the first
  std::vector<HostObject> host;       // best first
  std::vector<Tunable> gpu_tunables;  // empty: made for processors only
  std::vector<GpuCode> gpu_code;

  const Form& form() const { return forms.front(); }
  // Null if there is none of the name.
  const Form* form_named(const std::string& form_name) const;
  std::size_t real_bytes() const { return precision == Precision::single_precision ? 4 : 8; }
};

// Reads and checks a plan. origin stands for the file in messages; constants_bytes is the size of section "constants".
Plan parse_plan(std::string_view text, const std::string& origin, std::size_t constants_bytes);

class Bundle;
Plan read_plan(const Bundle& bundle);

}  // namespace mlffgen::runtime
