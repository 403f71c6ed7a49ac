// Where `mlffgen md` starts: structures and velocities of a file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/frames.h"
#include "runtime/md/systems.h"

namespace mlffgen::cli {

struct MdStart {
  std::vector<runtime::Structure> structures;        // in the model's units
  std::vector<std::vector<double>> masses;           // [n_systems][n_atoms], u; an empty one: the standard masses
  std::vector<std::vector<md::Vector3>> velocities;  // [n_systems][n_atoms][3], length unit / fs; an empty one: none
  int frames = 0;                                    // in the file

  bool has_velocities() const;  // one at least
};

// The first frame, or all. file_units hold for frames that name none.
MdStart read_start(const std::filesystem::path& path, bool all_frames, const Units& file_units, const md::Units& units);

// Of all systems at step 0: velocities of the file, or drawn where it has none.
md::State start_state(const MdStart& start, const md::Systems& systems, const md::Dynamics& dynamics);

}  // namespace mlffgen::cli
