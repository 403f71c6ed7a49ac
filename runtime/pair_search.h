// The search behind the neighbour lists: every unordered pair of one structure, by trial of all or by a cell list.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/lattice.h"
#include "runtime/structure.h"

namespace mlffgen::runtime {

// A pair found once: with atom < neighbour, or of an atom with its own image whose displacement is lexicographically
// positive.
struct HalfPair {
  Vector3 displacement;
  int neighbour;  // counted within the structure
};

// The first pair of atoms, in the order of the atoms, that are too near; atom < 0: none.
struct Overlap {
  int atom = -1;
  int neighbour = -1;
  double distance = 0;

  bool before(const Overlap& other) const {
    if (atom < 0 || other.atom < 0) return atom >= 0;
    return atom != other.atom ? atom < other.atom : neighbour < other.neighbour;
  }
};

// A row of half pairs within a vector of them.
struct HalfRow {
  int atom;
  std::size_t offset;
  int count;
};

// Half pairs of many atoms in the order of the search, of one thread's doing, and that thread's working memory.
struct HalfList {
  std::vector<HalfPair> pairs;
  std::vector<HalfRow> rows;
  Overlap overlap;

  // Atoms around a cell, each as the image that is near: positions, and 2 * atom + (1 if the image's translation is
  // lexicographically positive), by which an atom tells its half of the pairs.
  std::vector<double> x, y, z;
  std::vector<unsigned> key;

  void clear();
};

// Prepared once for a structure, then asked by any number of threads for its parts.
class PairSearch {
 public:
  enum class Method { cheapest, direct, cells };

  // Checks the structure and sorts its atoms. Throws UserError as NeighbourListBuilder says.
  void prepare(const Structure& structure, double cutoff, Method method = Method::cheapest);

  std::size_t bytes() const {
    return (wrapped_.capacity() + coordinates_.capacity()) * sizeof(Vector3) +
           (cell_.capacity() + cell_begin_.capacity() + order_.capacity()) * sizeof(int);
  }
  int n_atoms() const { return static_cast<int>(wrapped_.size()); }
  // True if an atom can be another's neighbour more than once, or its own.
  bool images_repeat() const { return images_repeat_; }
  // No more pairs than this, both directions counted, can be found.
  double pair_bound() const { return pair_bound_; }
  // No fewer pairs than this; 0 unless all directions are periodic.
  double fewest_pairs() const;

  // Every atom belongs to one part.
  int n_parts() const { return use_cells_ ? static_cast<int>(cell_begin_.size()) - 1 : n_atoms(); }
  // Appends the rows of a part's atoms.
  void append_part(int part, HalfList& list) const;
  // The number of half pairs in them; the list lends its working memory only.
  std::int64_t count_part(int part, HalfList& list) const;

 private:
  // Call visit(atom, neighbour, displacement, squared distance) for half pairs, atom after atom.
  template <class Begin, class Visit>
  void visit_part(int part, HalfList& memory, Begin&& begin, Visit&& visit) const;
  template <class Visit>
  void visit_all(int atom, Visit&& visit) const;
  template <class Visit>
  void visit_gathered(int atom, const HalfList& memory, Visit&& visit) const;
  void gather_around(int cell, HalfList& memory) const;

  void wrap(const Structure& structure);
  void choose_cells();
  bool cells_are_cheaper() const;
  void sort_into_cells();

  Lattice lattice_;
  double cutoff_ = 0;
  double search_cutoff_ = 0;  // a little more, so that rounding of coordinates hides no pair
  bool use_cells_ = false;
  bool images_repeat_ = false;
  double pair_bound_ = 0;
  std::vector<Vector3> wrapped_;      // [n_atoms], periodic directions folded into the cell
  std::vector<Vector3> coordinates_;  // [n_atoms], of wrapped_

  std::array<int, 3> n_cells_{};
  std::array<int, 3> reach_{};           // cells to look into beyond an atom's own, each way
  Vector3 origin_{}, cells_per_unit_{};  // of coordinates
  std::vector<int> cell_;                // [n_atoms]
  std::vector<int> cell_begin_;          // [n_cells + 1]
  std::vector<int> order_;               // [n_atoms], atoms by cell, ascending within one
};

}  // namespace mlffgen::runtime
