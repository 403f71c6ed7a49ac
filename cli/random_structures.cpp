#include "cli/random_structures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/checks/random.h"

namespace mlffgen::cli {
namespace {

using runtime::Structure;
using runtime::Vector3;
using Site = std::array<int, 3>;

constexpr double kSpacing = 2.1544, kJitter = 0.2;  // angstrom

std::vector<Site> cube_sites(int side) {
  std::vector<Site> sites;
  const auto n = static_cast<std::size_t>(side);
  sites.reserve(n * n * n);
  for (int z = 0; z < side; ++z) {
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) sites.push_back({x, y, z});
    }
  }
  return sites;
}

int cube_side(int n_atoms) { return static_cast<int>(std::ceil(std::cbrt(n_atoms) - 1e-9)); }

// The sites nearest to the middle of a cube with room for a ball of so many.
std::vector<Site> ball_sites(int n_atoms) {
  const double radius = std::cbrt(3.0 * n_atoms / (4 * std::numbers::pi));
  const int side = 2 * static_cast<int>(std::ceil(radius)) + 2;
  const auto distance = [&](const Site& site) {  // squared, times four: a whole number
    int sum = 0;
    for (const int x : site) sum += (2 * x - side + 1) * (2 * x - side + 1);
    return sum;
  };
  std::vector<Site> sites = cube_sites(side);
  std::stable_sort(sites.begin(), sites.end(), [&](const Site& a, const Site& b) { return distance(a) < distance(b); });
  return sites;
}

}  // namespace

std::string StructureSize::text() const { return fmt::format("{}{}", atoms, periodic ? "p" : ""); }

StructureSize parse_structure_size(const std::string& text) {
  StructureSize size;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, size.atoms);
  size.periodic = rest != end && *rest == 'p';
  const bool complete = rest + (size.periodic ? 1 : 0) == end;
  if (error != std::errc() || !complete || size.atoms < 1 || size.atoms > kMostRandomAtoms) {
    throw UserError(fmt::format("expected a number of atoms up to {}, with a p behind it for a periodic cube, not {}",
                                kMostRandomAtoms, quote(text)));
  }
  return size;
}

Structure random_structure(const StructureSize& size, const runtime::Plan& plan, std::uint64_t seed) {
  const double angstrom = 1 / length_in_angstrom(plan.length_unit);
  const int side = cube_side(size.atoms);
  const std::vector<Site> sites = size.periodic ? cube_sites(side) : ball_sites(size.atoms);
  Random random(seed);
  Structure structure;
  if (size.periodic) {
    structure.periodic = {true, true, true};
    for (std::size_t d = 0; d < 3; ++d) structure.cell[d][d] = side * kSpacing * angstrom;
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(size.atoms); ++k) {
    Vector3 position{};
    for (std::size_t d = 0; d < 3; ++d) {
      position[d] = (sites[k][d] * kSpacing + random.uniform(-kJitter, kJitter)) * angstrom;
    }
    structure.positions.push_back(position);
    structure.atomic_numbers.push_back(plan.elements[random.index(plan.elements.size())]);
  }
  return structure;
}

}  // namespace mlffgen::cli
