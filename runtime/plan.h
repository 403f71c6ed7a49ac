// The plan: what a compiled model runs, on which buffers, in which order. Section "plan" of a bundle, JSON, schema 1.
//
// A Plan in hand is consistent: every index is in range, every constant lies in its section, every buffer in its slot,
// and the kernels deliver the energies and the pair gradients that they have to. Whatever is not, is a UserError. Keys
// that are not known are refused, except "report", which holds facts for humans.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlffgen::runtime {

inline constexpr int kPlanSchema = 1;

enum class Precision { single_precision, double_precision };

// What a kernel's argument points to. REAL is float or double, as Plan::precision says; rows of pairs are those of
// NeighbourList.
enum class ArgumentKind {
  n_atoms,         // int, atoms of all systems of the call
  tile_atoms,      // int, atoms a block takes in this call: at most Plan::tile, or GpuTile::atoms
  element,         // int [n_atoms], index into Plan::elements
  pair_begin,      // int [n_atoms + 1]
  pair_neighbour,  // int [n_pairs]
  pair_geometry,   // REAL [n_pairs][4]: unit vector from atom to neighbour, distance (length unit)
  pair_gradient,   // REAL [n_pairs][3], written: energy's derivative by the displacement of the pair's reverse
  atom_energy,     // REAL [n_atoms], written (energy unit, without Plan::element_energy)
  constant,        // Plan::constants[index]
  buffer           // Plan::buffers[index]
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
    std::string name;  // the host's symbol is mlff_host_<name>
    std::vector<Argument> arguments;
  };
  struct HostObject {
    std::string section;
    std::vector<std::string> features;  // of the processor, in LLVM's words
  };

  // How the kernels of section "source.cu" are launched on a GPU, compiled for so many atoms a block at most.
  struct Launch {
    int threads = 0;               // of a block
    std::size_t shared_bytes = 0;  // dynamic, of a block
  };
  struct GpuTile {
    int atoms = 0;
    std::vector<Launch> launches;  // [n_kernels]
  };
  struct GpuCode {
    std::string section, arch;  // "cuda/sm_90", "sm_90"
    int tile = 0;               // the atoms of one of the tiles
  };

  std::string generator, name;
  Precision precision = Precision::single_precision;
  std::string length_unit, energy_unit;
  std::vector<int> elements;           // atomic numbers
  std::vector<double> element_energy;  // [n_elements], energy unit, added for each atom
  double cutoff = 0;                   // length unit
  int tile = 0;                        // atoms a block of host code takes at most
  std::vector<Constant> constants;
  std::vector<Buffer> buffers;
  std::vector<std::size_t> slots;  // bytes an atom; buffers of one slot never live at the same time
  std::vector<Kernel> kernels;     // in the order of execution
  std::size_t energy_kernels = 0;  // so many of them suffice for energies
  std::vector<HostObject> host;    // best first
  std::string gpu_tile_define;     // the macro that sets the atoms of a block when "source.cu" is compiled
  std::vector<GpuTile> gpu_tiles;  // the default first, then ever smaller; empty: made for processors only
  std::vector<GpuCode> gpu_code;

  std::size_t real_bytes() const { return precision == Precision::single_precision ? 4 : 8; }
};

// Reads and checks a plan. origin stands for the file in messages; constants_bytes is the size of section "constants".
Plan parse_plan(std::string_view text, const std::string& origin, std::size_t constants_bytes);

class Bundle;
Plan read_plan(const Bundle& bundle);

}  // namespace mlffgen::runtime
