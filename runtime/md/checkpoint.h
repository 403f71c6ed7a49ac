// The state of a run in a file: all that it takes to go on with the same bits.
//
// The file is one line "mlffgen checkpoint 1", one line of JSON, the arrays of State as little-endian doubles, and an
// XXH3-128 of all that as 32 hexadecimal digits. It is replaced in one step: an interrupt leaves the old one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/md/systems.h"

namespace mlffgen::runtime {
class Bundle;
struct Plan;
}  // namespace mlffgen::runtime

namespace mlffgen::md {

// A file that the run was writing: where it stood at the checkpoint.
struct OutputMark {
  std::string path;
  long long bytes = 0;
};

struct Checkpoint {
  std::string model, structures;  // fingerprints
  Dynamics dynamics;
  State state;
  std::vector<OutputMark> outputs;
};

// Differ where energies do: of another device's or compiler's code for the same model, they are the same.
std::string fingerprint(const runtime::Plan& plan, const runtime::Bundle& bundle);
// Elements, masses, cells and periodicity; not the positions.
std::string fingerprint(const Systems& systems);

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Throws UserError for a file that is not a checkpoint or is damaged.
Checkpoint read_checkpoint(const std::filesystem::path& path);

// Throws UserError if the checkpoint is of another model or other structures.
void check_same(const Checkpoint& checkpoint, const std::string& model, const std::string& structures,
                const std::filesystem::path& path);

}  // namespace mlffgen::md
