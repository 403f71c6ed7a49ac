// Short symbols of values, and how they are written in LaTeX.
#pragma once

#include <string>
#include <tuple>

#include "codegen/ir/type.h"

namespace mlffgen::explain {

// Letters of the indices in use: a value of an atom carries the centre, a value of a pair both.
struct Indices {
  char centre = 'i';
  char neighbour = 'j';

  // The indices of a value of the atom centre or neighbour, inside an expression of a pair: sums take the next letter.
  Indices at_centre() const { return {centre, next(neighbour)}; }
  Indices at_neighbour() const { return {neighbour, next(neighbour)}; }

 private:
  static char next(char letter) { return static_cast<char>(letter + 1); }
};

// How the layer in a superscript is written: as a number, or relative to a layer k.
struct LayerStyle {
  int relative_to = -1;  // -1: as a number

  std::string text(int layer) const;
};

struct Symbol {
  std::string base;           // LaTeX: "s", "\mathrm{rbf}", "\tau"
  int number = 0;             // subscript that tells values of one base apart; 0: none
  int primes = 0;             // which of the statements that set the name, in order
  int layer = -1;             // superscript; -1: none
  int block = 0;              // 1, 2, ...: a block of channels; 0: all
  bool adjoint = false;       // a bar
  bool radial_slope = false;  // derivative with respect to distance
  ir::Type type;

  auto key() const { return std::tie(base, number, primes, layer, block, adjoint, radial_slope); }
  bool operator<(const Symbol& other) const { return key() < other.key(); }
  bool operator==(const Symbol& other) const { return key() == other.key(); }

  std::string latex(Indices indices, LayerStyle style) const;
};

// The LaTeX of a name of the program: italic if it is one letter, else upright. Letters that formulas use for something
// else (r for distances, E for the energy, Z for elements) are upright too.
std::string base_of_name(const std::string& name);

}  // namespace mlffgen::explain
