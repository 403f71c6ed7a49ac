// The target-dependent half of the compiler.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codegen/driver/compile.h"

namespace mlffgen::driver {

// Native code for one CPU level.
struct HostCode {
  std::string cpu;
  std::vector<std::string> features;
  std::string bytes;
  nlohmann::json report;
};
HostCode compile_host_code(const std::string& source, const std::string& cpu);

// What one kernel's launch asks for on a GPU.
struct Launch {
  int threads = 0;  // of a block
  std::size_t shared_bytes = 0;
};

// The launches of the kernels in order, if the source is compiled for so many atoms a block.
struct TileLaunches {
  int atoms = 0;
  std::vector<Launch> launches;
};

inline constexpr const char* kTileDefine = "MLFF_TILE";  // what tells a GPU's source the atoms of a block

// Machine code for one GPU architecture with the registers, spills, shared memory and occupancy of each kernel.
struct GpuCode {
  std::string arch;
  int tile = 0;  // the first of the tiles that this architecture has the shared memory for, else the last
  std::string bytes;
  nlohmann::json report;
};
GpuCode compile_gpu_code(const std::string& cuda, const emit::Source& source, const std::vector<TileLaunches>& tiles,
                         const std::string& arch);

// The formatted source with its manifest; checks it against the emitter's kernels and the lint rules.
struct CheckedSource {
  std::string text;
  nlohmann::json manifest;
  std::vector<TileLaunches> tiles;  // descending from the default of the source's tunable
};
CheckedSource check_source(const emit::Source& source, const emit::Schedule& schedule, bool double_precision);

}  // namespace mlffgen::driver
