#include "tests/kernels/random_structures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "runtime/lattice.h"

namespace mlffgen::kernels {
namespace {

PairKey key(int atom, int neighbour, double x, double y, double z) {
  return {atom, neighbour, std::lround(x * 1e4), std::lround(y * 1e4), std::lround(z * 1e4)};
}

}  // namespace

double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

runtime::Structure random_structure(Random& random, int n_atoms, double size, int periodicity, bool triclinic) {
  runtime::Structure structure;
  for (std::size_t d = 0; d < 3; ++d) {
    structure.periodic[d] = ((periodicity >> d) & 1) != 0;
    structure.cell[d][d] = size * uniform(random, 0.8, 1.25);
    for (std::size_t k = 0; k < 3 && triclinic; ++k) {
      if (k != d) structure.cell[d][k] = size * uniform(random, -0.6, 0.6);
    }
  }
  for (int i = 0; i < n_atoms; ++i) {
    runtime::Vector3 r{};
    for (std::size_t d = 0; d < 3; ++d) {
      double f = uniform(random, 0, 1);
      if (structure.periodic[d] && i % 3 == 0) f += std::floor(uniform(random, -3, 4));
      for (std::size_t k = 0; k < 3; ++k) r[k] += f * structure.cell[d][k];
    }
    structure.positions.push_back(r);
    structure.atomic_numbers.push_back(1 + i % 3);
  }
  return structure;
}

void shake(Random& random, runtime::Structure& structure, double step) {
  for (auto& r : structure.positions) {
    for (double& x : r) x += uniform(random, -step, step);
  }
}

std::vector<PairKey> keys_of(const HostPairs& pairs) {
  std::vector<PairKey> keys;
  for (std::size_t i = 0; i + 1 < pairs.begin.size(); ++i) {
    for (int p = pairs.begin[i]; p < pairs.begin[i + 1]; ++p) {
      const auto q = static_cast<std::size_t>(p);
      const double* const g = pairs.geometry.data() + 4 * q;
      keys.push_back(key(pairs.order[i], pairs.order[static_cast<std::size_t>(pairs.neighbour[q])], g[0] * g[3],
                         g[1] * g[3], g[2] * g[3]));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<PairKey> keys_of(const runtime::NeighbourList& list) {
  std::vector<PairKey> keys;
  for (std::size_t i = 0; i + 1 < list.begin.size(); ++i) {
    for (int p = list.begin[i]; p < list.begin[i + 1]; ++p) {
      const auto q = static_cast<std::size_t>(p);
      const auto& d = list.displacement[q];
      keys.push_back(key(static_cast<int>(i), list.neighbour[q], d[0], d[1], d[2]));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<PairKey> keys_by_trial(const runtime::Structure& structure, double cutoff) {
  const auto lattice = runtime::Lattice::of(structure);
  auto inside = structure.positions;
  std::array<int, 3> reach{};
  for (std::size_t d = 0; d < 3; ++d) {
    if (!structure.periodic[d]) continue;
    reach[d] = static_cast<int>(std::ceil(cutoff / lattice.height[d])) + 1;
    for (auto& r : inside) {
      const double whole = std::floor(lattice.coordinates(r)[d]);
      for (std::size_t k = 0; k < 3; ++k) r[k] -= whole * lattice.rows[d][k];
    }
  }
  std::vector<PairKey> keys;
  for (int a = -reach[0]; a <= reach[0]; ++a) {
    for (int b = -reach[1]; b <= reach[1]; ++b) {
      for (int c = -reach[2]; c <= reach[2]; ++c) {
        const auto t = lattice.translation(a, b, c);
        for (std::size_t i = 0; i < inside.size(); ++i) {
          for (std::size_t j = 0; j < inside.size(); ++j) {
            if (i == j && a == 0 && b == 0 && c == 0) continue;
            const double x = inside[j][0] - inside[i][0] + t[0], y = inside[j][1] - inside[i][1] + t[1],
                         z = inside[j][2] - inside[i][2] + t[2];
            if (x * x + y * y + z * z >= cutoff * cutoff) continue;
            keys.push_back(key(static_cast<int>(i), static_cast<int>(j), x, y, z));
          }
        }
      }
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::string broken_invariant(const HostPairs& pairs, double cutoff) {
  for (std::size_t i = 0; i + 1 < pairs.begin.size(); ++i) {
    for (int p = pairs.begin[i]; p < pairs.begin[i + 1]; ++p) {
      const auto q = static_cast<std::size_t>(p);
      const auto where = fmt::format("pair {} of atom {}", q, i);
      if (p > pairs.begin[i] && pairs.neighbour[q - 1] > pairs.neighbour[q]) return where + " is out of order";
      const double* const g = pairs.geometry.data() + 4 * q;
      if (!(g[3] < cutoff * (1 + 1e-7) && g[3] > 0)) return where + " is not within the cutoff";
      const double norm = g[0] * g[0] + g[1] * g[1] + g[2] * g[2];
      if (!(std::abs(norm - 1) < 1e-5)) return where + " has no unit vector";
      const auto back = static_cast<std::size_t>(pairs.reverse[q]);
      if (back >= pairs.neighbour.size() || back == q) return where + " has no reverse";
      if (pairs.reverse[back] != p) return where + " is not the reverse of its reverse";
      if (pairs.neighbour[back] != static_cast<int>(i)) return where + " has the reverse of another pair";
      const double* const h = pairs.geometry.data() + 4 * back;
      if (h[0] != -g[0] || h[1] != -g[1] || h[2] != -g[2] || h[3] != g[3])
        return where + " is not opposite to its reverse";
    }
  }
  return "";
}

}  // namespace mlffgen::kernels
