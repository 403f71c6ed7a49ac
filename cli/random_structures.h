// Random structures to time a model with, where the user gives none. The same on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/plan.h"
#include "runtime/structure.h"

namespace mlffgen::cli {

inline constexpr int kMostRandomAtoms = 50000000;

// Atoms, and whether they fill a periodic cube or are a cluster with nothing around it.
struct StructureSize {
  int atoms = 0;
  bool periodic = false;

  std::string text() const;  // "100", "1000p"
  bool operator==(const StructureSize&) const = default;
};

// Of "100" and "1000p". Throws UserError for anything else, and beyond kMostRandomAtoms.
StructureSize parse_structure_size(const std::string& text);

// Atoms of the model's elements in the model's length unit, on a disturbed cubic lattice with the density of a liquid,
// 0.1 atoms / angstrom^3: none nearer to another than 1.75 angstrom, and some 53 within 5 angstrom in a periodic cube.
// A cluster is a ball of such a lattice; a cube whose number of atoms is no cube has empty sites.
runtime::Structure random_structure(const StructureSize& size, const runtime::Plan& plan, std::uint64_t seed);

}  // namespace mlffgen::cli
