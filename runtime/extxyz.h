// Extended XYZ files: structures with energies, forces, virials and whatever else their writer put there.
//
// A frame is a line with the number of atoms, a line of key=value pairs, and a line an atom whose columns the key
// Properties describes (species:S:1:pos:R:3 if it is absent, as in plain XYZ). Understood: Lattice (nine numbers, rows
// are lattice vectors), pbc (T T T if there is a Lattice and no pbc), energy, virial, stress, name; the columns
// species, Z, pos, forces (or force). Everything else is kept as it was read and written again. Units are the file's.
// Errors are UserErrors "file:line: message".
#pragma once

#include <array>
#include <filesystem>
#include <fstream>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/structure.h"

namespace mlffgen::runtime {

struct Frame {
  // A column that this reader has no use for.
  struct Column {
    std::string name;
    char type = 'S';                // R, I, L or S
    int width = 1;                  // words an atom
    std::vector<std::string> text;  // [n_atoms], the words as read, separated by one space
  };

  Structure structure;
  std::string name;
  std::optional<double> energy;
  std::vector<Vector3> forces;                  // [n_atoms][3], or empty
  std::optional<std::array<double, 9>> virial;  // by rows
  std::optional<std::array<double, 9>> stress;  // by rows; six numbers in a file are xx, yy, zz, yz, xz, xy
  // Other keys in the order of the file with the text of their value, quotes included; empty for a word without '='.
  std::vector<std::pair<std::string, std::string>> info;
  std::vector<Column> columns;
  int line = 0;  // of the atom count
};

// Reads frame by frame, so that a file may be larger than the memory.
class ExtxyzReader {
 public:
  explicit ExtxyzReader(const std::filesystem::path& path);
  // Reads a stream that must outlive the reader; name stands for the file in messages.
  ExtxyzReader(std::istream& stream, std::string name);

  // The next frame, or false at the end. Reuses what the frame has allocated.
  bool read(Frame& frame);

 private:
  std::unique_ptr<std::ifstream> file_;
  std::istream* stream_;
  std::string name_;
  int line_ = 0;
  std::string text_;
};

// All frames of a file.
std::vector<Frame> read_extxyz(const std::filesystem::path& path);

// Writes one frame, numbers with 16 significant digits. The caller checks the stream.
void write_extxyz(std::ostream& stream, const Frame& frame);

}  // namespace mlffgen::runtime
