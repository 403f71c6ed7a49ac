// What a call found out on the device: faults of the input, sizes that are needed, and values that are not finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mlffgen::kernels {

// The first fault in this order is the one reported. Of one kind, it is that of the first atom (or system) at fault.
enum class Fault : std::int32_t {
  none = 0,
  position = 1,  // value is the coordinate
  cell = 2,      // of a system: lattice vectors along periodic directions not finite, too short, or without volume
  images = 3,    // of a system: the cutoff reaches more than 2^31 images of the cell
  empty = 4,     // of a system: it has no atoms (or the systems' bounds are not ascending from 0 to n_atoms)
  element = 5,   // value is the atomic number
  overlap = 6,   // atom and other are nearer than runtime::kOverlapDistance; value is the distance
  capacity = 7,  // n_pairs or n_candidates exceed what was reserved: reserve more and run again
  energy = 8,    // value is not finite
  force = 9      // value is not finite
};

// Lies on the device as it is here; rewritten by every DeviceNeighbourList::enqueue and amended by the reductions.
// Results of a call with a fault before `energy` are not written.
struct Status {
  std::int32_t list_fault = 0;                   // a Fault up to capacity
  std::int32_t atom = -1;                        // original index in the batch, from 0
  std::int32_t other = -1;                       // the second atom of an overlap
  std::int32_t system = -1;                      // the system at fault
  double value = 0;                              // what is at fault
  std::int64_t n_pairs = 0;                      // of this call, even if there was no room for them
  std::int64_t n_candidates = 0;                 // of the latest rebuild, even if there was no room for them
  std::int32_t rebuilt = 0;                      // 1: this call searched for candidates anew
  std::int32_t n_rebuilds = 0;                   // since the list was reserved
  std::uint64_t bad_energy = ~std::uint64_t{0};  // 4 * atom + kind of the first energy that is not finite
  std::uint64_t bad_force = ~std::uint64_t{0};   // the same for forces; kind 0: NaN, 1: infinity, 2: -infinity
};
static_assert(sizeof(Status) == 64);

// The fault to report, with the fields of Status that belong to it.
struct FaultReport {
  Fault fault = Fault::none;
  int atom = -1, other = -1, system = -1;  // atoms by their original index in the batch
  double value = 0;
};
FaultReport report_of(const Status& status);

// What messages need to know of the call and its model.
struct FaultContext {
  std::span<const int> system_begin;  // [n_systems + 1]; atoms are then counted within their system
  std::string model_name;
  std::string length_unit;
  std::vector<int> elements;  // atomic numbers the model knows
  double cutoff = 0;          // length unit
};

// Throws the UserError that runtime::HostModel would, for every fault but capacity, which is the caller's to cure
// (InternalError). Returns if there is none.
void throw_fault(const FaultReport& report, const FaultContext& context);

}  // namespace mlffgen::kernels
