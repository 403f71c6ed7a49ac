// Neighbour lists on the host: every ordered pair of atoms nearer than a cutoff, periodic images included.
//
// The list is full and directed: a pair and its reverse are both there. Lengths are in the unit of the positions.
// The list depends on the input alone: neither threads nor the search used change its order or a bit of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/structure.h"

namespace mlffgen::runtime {

inline constexpr double kOverlapDistance = 1e-6;   // nearer atoms are an error
inline constexpr double kLargestCoordinate = 1e9;  // beyond it, double precision cannot resolve an overlap

struct NeighbourList {
  // First atom of each system and the number of atoms: [n_systems + 1]. Pairs never cross systems.
  std::vector<int> system_begin;
  // The pairs of atom i are begin[i] .. begin[i + 1] - 1, sorted by neighbour, images of one neighbour by displacement
  // (x, then y, then z): [n_atoms + 1].
  std::vector<int> begin;
  std::vector<int> neighbour;         // [n_pairs]
  std::vector<Vector3> displacement;  // [n_pairs][3], position of the neighbour's image minus that of the atom
  // The pair of the same image seen from the neighbour: opposite displacement, bit for bit: [n_pairs].
  std::vector<int> reverse;

  int n_systems() const { return static_cast<int>(system_begin.size()) - 1; }
  int n_atoms() const { return static_cast<int>(begin.size()) - 1; }
  int n_pairs() const { return begin.back(); }
};

// Builds lists one after the other and keeps its memory: no allocation once the largest list has been seen.
//
// Throws StructureError, naming the first atom at fault, for a position that is not finite or larger than
// kLargestCoordinate, for two atoms (or images) nearer than kOverlapDistance, for lattice vectors along periodic
// directions that are not finite or span no volume and for a structure without atoms; UserError for more than 2^31 - 1
// atoms or pairs. Not for use by two threads at once.
class NeighbourListBuilder {
 public:
  NeighbourListBuilder();
  ~NeighbourListBuilder();
  NeighbourListBuilder(NeighbourListBuilder&&) noexcept;
  NeighbourListBuilder& operator=(NeighbourListBuilder&&) noexcept;

  // The systems one behind the other in one list. Pairs are those with distance < cutoff. threads = 0: as many as
  // OpenMP would use. The list stays valid until the next call.
  const NeighbourList& build(std::span<const Structure> systems, double cutoff, int threads = 0);

  // Bytes held, and about how many a list takes for each atom and each pair.
  std::size_t bytes() const;
  static constexpr std::size_t kBytesPerAtom = 100;
  static constexpr std::size_t kBytesPerPair = sizeof(int) + sizeof(Vector3) + sizeof(int) + 16;

 private:
  struct Workspace;
  std::unique_ptr<Workspace> workspace_;
};

NeighbourList build_neighbour_list(const Structure& structure, double cutoff);
NeighbourList build_neighbour_list(std::span<const Structure> systems, double cutoff);

}  // namespace mlffgen::runtime
