// What an emitted source contains, read from its AST: kernels with their arguments, shared memory and launch bounds,
// and the constants that the tuner may change. Launch code and tuning space come from here, so they cannot drift from
// the kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mlffgen::clang {

struct Parameter {
  std::string name;
  std::string type;  // as clang prints it, without restrict: "const float *"
  bool is_pointer = false;
  bool is_const = false;     // of the pointee for a pointer, else of the value
  bool is_restrict = false;  // pointers only
  std::size_t bytes = 0;     // of the argument itself: 8 for a pointer

  bool operator==(const Parameter&) const = default;
};

// An array in shared memory, of the kernel or of a function that it calls.
struct SharedArray {
  std::string name;
  std::string type;       // "float[4][128]"
  std::size_t bytes = 0;  // 0 for a dynamic array: the launch decides
  bool dynamic = false;

  bool operator==(const SharedArray&) const = default;
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  std::vector<SharedArray> shared_arrays;
  int max_threads = 0;  // __launch_bounds__: threads in a block; 0 without bounds
  int min_blocks = 0;   // __launch_bounds__: blocks on a multiprocessor; 0 if not given

  bool operator==(const Kernel&) const = default;
};

// `MLFF_TUNABLE("4,8,16") constexpr int kTile = MLFF_TILE;`
struct Tunable {
  std::string name;                   // kTile
  std::string define;                 // MLFF_TILE: what to pass as a define; empty if no macro gives the value
  std::int64_t value = 0;             // under the defines of this parse
  std::vector<std::int64_t> choices;  // in the order of the text; always holds at least one

  bool operator==(const Tunable&) const = default;
};

struct Manifest {
  std::vector<Kernel> kernels;    // in the order of the text
  std::vector<Tunable> tunables;  // in the order of the text

  bool operator==(const Manifest&) const = default;
};

// Each define is "NAME" or "NAME=VALUE". Throws InternalError, with clang's diagnostics, when the source does not
// parse, when a tunable is not an integer constant, or when its list of choices is malformed.
Manifest parse_manifest(const std::string& source, const std::vector<std::string>& defines);

void to_json(nlohmann::json& json, const Manifest& manifest);

}  // namespace mlffgen::clang
