// The pairs of a structure as the device finds them, as text: what foreign_list_test.py compares with another library.
// `list_pairs CUTOFF cells|all_pairs`; on the standard input, for each structure: the number of atoms, the nine numbers
// of the cell, three flags 0 or 1 for its periodic directions, and the positions. Prints the number of pairs and a line
// "atom neighbour x y z" for each, the displacement from atom to neighbour.
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "tests/kernels/device_list.h"

using namespace mlffgen;
using namespace mlffgen::kernels;

namespace {

bool read_structure(runtime::Structure& structure) {
  std::size_t n_atoms = 0;
  if (!(std::cin >> n_atoms)) return false;
  for (auto& row : structure.cell) {
    for (double& x : row) std::cin >> x;
  }
  for (bool& flag : structure.periodic) std::cin >> flag;
  structure.positions.resize(n_atoms);
  structure.atomic_numbers.assign(n_atoms, 1);
  for (auto& r : structure.positions) {
    for (double& x : r) std::cin >> x;
  }
  return static_cast<bool>(std::cin);
}

void print_pairs(const HostPairs& pairs) {
  fmt::print("{}\n", pairs.n_pairs());
  for (std::size_t i = 0; i + 1 < pairs.begin.size(); ++i) {
    for (auto q = static_cast<std::size_t>(pairs.begin[i]); q < static_cast<std::size_t>(pairs.begin[i + 1]); ++q) {
      const double* const g = pairs.geometry.data() + 4 * q;
      fmt::print("{} {} {:.9f} {:.9f} {:.9f}\n", pairs.order[i],
                 pairs.order[static_cast<std::size_t>(pairs.neighbour[q])], g[0] * g[3], g[1] * g[3], g[2] * g[3]);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 3) return 2;
    const ListPath path = std::string(arguments[2]) == "cells" ? ListPath::cells : ListPath::all_pairs;
    runtime::Structure structure;
    while (read_structure(structure)) {
      ListRunner runner({runtime::Precision::double_precision, std::atof(arguments[1]), 0, {1}});
      print_pairs(runner.run(structure, path));
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
