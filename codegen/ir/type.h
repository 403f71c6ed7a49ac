// The type of every value of a model: where it lives (domain), how it turns with the molecule (kind), how wide it is.
#pragma once

#include <string>

namespace mlffgen::ir {

// Domain inference is binding-time analysis: a value is computed as early and as rarely as its domain allows.
enum class Domain {
  constant,  // weights only: computed by the compiler
  element,   // the element of an atom: a table with one row an element
  radial,    // the distance of a pair: computed inline, or read from a spline table
  atom,      // one atom and its surroundings
  pair,      // a directed pair i <- j within the cutoff
  system,    // a whole system
};

enum class Kind {
  scalar,  // unchanged by a rotation: [channels]
  vector,  // turns with the molecule: [3][channels]
};

struct Type {
  Domain domain = Domain::constant;
  Kind kind = Kind::scalar;
  int channels = 1;

  bool operator==(const Type&) const = default;
  int components() const { return kind == Kind::vector ? 3 : 1; }
  int size() const { return components() * channels; }  // numbers per item
  std::string str() const;                              // "atom vector[128]"
};

const char* name_of(Domain domain);
const char* name_of(Kind kind);

// Domains whose values are computed pair by pair, and domains whose values exist once an atom.
inline bool is_per_pair(Domain d) { return d == Domain::radial || d == Domain::pair; }
inline bool is_per_atom(Domain d) { return d == Domain::element || d == Domain::atom; }

}  // namespace mlffgen::ir
