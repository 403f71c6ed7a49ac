// Wisdom on the disk: a folder of JSON-lines files, one a GPU, to which any number of tuners append at once.
//
// A line is one WisdomEntry (docs/cli.md shows where the folder is). Nothing that was written is ever changed, so that
// files can be concatenated, copied between machines and kept in a repository. A damaged line costs that line.
//
// A folder may belong to somebody else, a site's for instance: what is in it can only choose among configurations that
// the model at hand allows, and all of these are right. What everybody may write to is not used all the same: it could
// make runs slow for everyone on the machine.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/wisdom/wisdom.h"

namespace mlffgen::wisdom {

inline constexpr int kSchema = 1;  // of a line

// MLFFGEN_WISDOM_DIR, else $XDG_DATA_HOME/mlffgen/wisdom, else ~/.local/share/mlffgen/wisdom, and "" where there is no
// home either.
std::filesystem::path environment_folder();

// What was read. Nothing is an error: warnings name the file and the first line of each damaged file, notes say what
// was left out because another version of mlffgen wrote it.
struct Reading {
  std::vector<WisdomEntry> entries;
  std::vector<std::string> warnings, notes;
};

class Store {
 public:
  // Nothing happens to the folder before an entry is added; "" is a folder that is empty and cannot be written.
  explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }

  // All entries, files in the order of their names.
  Reading read() const;

  // Makes the folder if it is not there. UserError if it cannot be made, or must not be used.
  void make() const;

  // Appends the entry to its GPU's file, which is on the disk when this returns. UserError if it cannot be written.
  void add(const WisdomEntry& entry) const;

 private:
  std::filesystem::path folder_;
};

// What was measured before this version was released, in the library itself (tuning/configs).
Reading shipped();

// "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3"
std::string slug(std::string_view text);

}  // namespace mlffgen::wisdom
