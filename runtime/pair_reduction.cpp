#include "runtime/pair_reduction.h"

#include <cmath>

namespace mlffgen::runtime {

template <class Real>
void fill_pair_geometry(const NeighbourList& list, int first, int last, Real* geometry) {
  const Vector3* const displacement = list.displacement.data();
  for (int q = first; q < last; ++q) {
    const auto& d = displacement[q];
    const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    Real* const out = geometry + 4 * static_cast<std::ptrdiff_t>(q);
    for (std::size_t k = 0; k < 3; ++k) out[k] = static_cast<Real>(d[k] / r);
    out[3] = static_cast<Real>(r);
  }
}

template <class Real>
void sum_pairs(const NeighbourList& list, const Real* gradient, int first, int last, Vector3* forces,
               SymmetricTensor* virials) {
  const int* const begin = list.begin.data();
  const int* const reverse = list.reverse.data();
  const Vector3* const displacement = list.displacement.data();
  for (int i = first; i < last; ++i) {
    Vector3 force{};
    SymmetricTensor v{};
    for (int q = begin[i]; q < begin[i + 1]; ++q) {
      const Real* const h = gradient + 3 * static_cast<std::ptrdiff_t>(q);
      const Real* const back = gradient + 3 * static_cast<std::ptrdiff_t>(reverse[q]);
      const Vector3 own = {static_cast<double>(h[0]), static_cast<double>(h[1]), static_cast<double>(h[2])};
      const auto& d = displacement[q];
      for (std::size_t k = 0; k < 3; ++k) {
        force[k] += static_cast<double>(back[k]) - own[k];
        v[k] += d[k] * own[k];
      }
      v[3] += 0.5 * (d[1] * own[2] + d[2] * own[1]);
      v[4] += 0.5 * (d[0] * own[2] + d[2] * own[0]);
      v[5] += 0.5 * (d[0] * own[1] + d[1] * own[0]);
    }
    forces[i] = force;
    virials[i] = v;
  }
}

template void fill_pair_geometry<float>(const NeighbourList&, int, int, float*);
template void fill_pair_geometry<double>(const NeighbourList&, int, int, double*);
template void sum_pairs<float>(const NeighbourList&, const float*, int, int, Vector3*, SymmetricTensor*);
template void sum_pairs<double>(const NeighbourList&, const double*, int, int, Vector3*, SymmetricTensor*);

}  // namespace mlffgen::runtime
