#include "runtime/pair_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::runtime {
namespace {

constexpr double kMostImages = 2147483648.0;  // cells of images around one atom
constexpr int kChunk = 128;                   // trials whose results stay in the first cache

Vector3 difference(const Vector3& a, const Vector3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

// Both searches form a displacement as (neighbour + translation) - atom, so that both give the same bits.
Vector3 sum(const Vector3& a, const Vector3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
double square(double x, double y, double z) { return x * x + y * y + z * z; }

void check_positions(const Structure& structure) {
  const auto& positions = structure.positions;
  if (positions.empty()) throw UserError("a structure must have at least one atom, this one has none");
  if (positions.size() != structure.atomic_numbers.size()) {
    throw UserError(fmt::format("a structure has {} positions but {} atomic numbers", positions.size(),
                                structure.atomic_numbers.size()));
  }
  if (positions.size() > std::size_t{2147483647}) throw UserError("a structure must have less than 2^31 atoms");
  for (std::size_t i = 0; i < positions.size(); ++i) {
    for (const double x : positions[i]) {
      if (std::abs(x) <= kLargestCoordinate) continue;
      throw StructureError(
          fmt::format("atom {} (counting from 0) is at {} {} {}: {}", i, positions[i][0], positions[i][1],
                      positions[i][2],
                      std::isfinite(x) ? fmt::format("coordinates must be within +-{:g}", kLargestCoordinate)
                                       : std::string("coordinates must be finite")),
          0, static_cast<long long>(i));
    }
  }
}

}  // namespace

void PairSearch::prepare(const Structure& structure, double cutoff, Method method) {
  check_positions(structure);
  lattice_ = Lattice::of(structure);
  cutoff_ = cutoff;
  wrap(structure);
  images_repeat_ = false;
  double images = 1;
  for (std::size_t d = 0; d < 3; ++d) {
    if (!lattice_.periodic[d]) continue;
    images_repeat_ |= lattice_.height[d] < 2 * search_cutoff_;
    images *= 2 * std::ceil(search_cutoff_ / lattice_.height[d]) + 1;
  }
  if (images > kMostImages) {
    throw UserError(fmt::format(
        "the cutoff {:g} reaches {:.3g} images of the cell, too many; is the cell in the model's length unit?", cutoff,
        images));
  }
  // Beyond a few atoms the cells are always worth a look.
  constexpr int kFewAtoms = 24;
  use_cells_ = false;
  if (method == Method::cells || (method == Method::cheapest && n_atoms() > kFewAtoms)) {
    choose_cells();
    use_cells_ = method == Method::cells || cells_are_cheaper();
  }
  if (use_cells_) {
    sort_into_cells();
  } else {
    pair_bound_ = images * n_atoms() * n_atoms();
  }
}

void PairSearch::wrap(const Structure& structure) {
  wrapped_.assign(structure.positions.begin(), structure.positions.end());
  coordinates_.resize(wrapped_.size());
  double largest = 1;
  for (std::size_t i = 0; i < wrapped_.size(); ++i) {
    auto& r = wrapped_[i];
    for (const double x : r) largest = std::max(largest, std::abs(x));
    coordinates_[i] = lattice_.coordinates(r);
    if (!lattice_.any_periodic()) continue;
    // The second round removes what the first one's rounding leaves of an atom far away.
    for (int round = 0; round < 2; ++round) {
      Vector3 whole{};
      for (std::size_t d = 0; d < 3; ++d) whole[d] = lattice_.periodic[d] ? std::floor(coordinates_[i][d]) : 0;
      if (whole == Vector3{}) break;
      r = difference(r, lattice_.translation(whole[0], whole[1], whole[2]));
      coordinates_[i] = lattice_.coordinates(r);
    }
  }
  search_cutoff_ = cutoff_ * (1 + 1e-9) + 1e-14 * largest;
}

void PairSearch::choose_cells() {
  constexpr double kCellsPerCutoff = 1;
  Vector3 low = coordinates_[0], high = coordinates_[0];
  for (const auto& c : coordinates_) {
    for (std::size_t d = 0; d < 3; ++d) {
      low[d] = std::min(low[d], c[d]);
      high[d] = std::max(high[d], c[d]);
    }
  }
  Vector3 extent{};  // in length units
  Vector3 count{};
  for (std::size_t d = 0; d < 3; ++d) {
    if (lattice_.periodic[d]) {
      low[d] = 0;
      high[d] = 1;
    }
    extent[d] = (high[d] - low[d]) * lattice_.height[d];
    count[d] = std::clamp(std::floor(extent[d] / search_cutoff_ * kCellsPerCutoff), 1.0, 1e6);
  }
  // Mostly empty cells cost memory and save nothing.
  const double most = std::min(2.0 * n_atoms() + 64, 2e9);
  while (count[0] * count[1] * count[2] > most) {
    auto& largest = *std::max_element(count.begin(), count.end());
    largest = std::ceil(largest / 2);
  }
  for (std::size_t d = 0; d < 3; ++d) {
    n_cells_[d] = static_cast<int>(count[d]);
    origin_[d] = low[d];
    cells_per_unit_[d] = high[d] > low[d] ? count[d] / (high[d] - low[d]) : 0;
    const double reach = extent[d] > 0 ? std::ceil(search_cutoff_ * count[d] / extent[d]) : 0;
    reach_[d] = static_cast<int>(lattice_.periodic[d] ? reach : std::min(reach, count[d] - 1));
  }
}

// Rough prices in trials of a pair: a trial among all costs more, for its search for the images.
bool PairSearch::cells_are_cheaper() const {
  const double price_of_trial = !lattice_.any_periodic() ? 2 : (images_repeat_ ? 12 : 5);
  constexpr double kPriceOfCell = 4;
  double direct = 0.5 * n_atoms() * price_of_trial;
  double cells = n_atoms(), rows = 1;
  for (std::size_t d = 0; d < 3; ++d) {
    const double looked_at = 2.0 * reach_[d] + 1;
    if (lattice_.periodic[d]) direct *= std::max(1.0, 2 * cutoff_ / lattice_.height[d]);
    cells *= lattice_.periodic[d] ? looked_at / n_cells_[d] : std::min(1.0, looked_at / n_cells_[d]);
    if (d < 2) rows *= looked_at;
  }
  constexpr double kMostGathered = 1e5;  // per cell; more, of tiny cells' images, would not stay in a cache
  if (cells > kMostGathered) return false;
  return cells + kPriceOfCell * rows < direct;
}

void PairSearch::sort_into_cells() {
  const auto n = wrapped_.size();
  const int total = n_cells_[0] * n_cells_[1] * n_cells_[2];
  cell_.resize(n);
  order_.resize(n);
  cell_begin_.assign(static_cast<std::size_t>(total) + 1, 0);
  for (std::size_t i = 0; i < n; ++i) {
    std::array<int, 3> at{};
    for (std::size_t d = 0; d < 3; ++d) {
      const double c = (coordinates_[i][d] - origin_[d]) * cells_per_unit_[d];
      at[d] = static_cast<int>(std::clamp(c, 0.0, n_cells_[d] - 1.0));
    }
    cell_[i] = (at[0] * n_cells_[1] + at[1]) * n_cells_[2] + at[2];
    ++cell_begin_[static_cast<std::size_t>(cell_[i]) + 1];
  }
  const int fullest = *std::max_element(cell_begin_.begin(), cell_begin_.end());
  std::partial_sum(cell_begin_.begin(), cell_begin_.end(), cell_begin_.begin());
  for (std::size_t i = 0; i < n; ++i) {
    order_[static_cast<std::size_t>(cell_begin_[static_cast<std::size_t>(cell_[i])]++)] = static_cast<int>(i);
  }
  // Filling has moved each begin to its end, the next one's begin.
  std::copy_backward(cell_begin_.begin(), cell_begin_.end() - 1, cell_begin_.end());
  cell_begin_[0] = 0;
  double cells = 1;
  for (const int reach : reach_) cells *= 2.0 * reach + 1;
  pair_bound_ = cells * fullest * n_atoms();
}

// A ball that is smaller by a cell's size than the cutoff's holds no more cells than there are images of an atom within
// the cutoff.
double PairSearch::fewest_pairs() const {
  if (!lattice_.periodic[0] || !lattice_.periodic[1] || !lattice_.periodic[2]) return 0;
  double size = 0;
  for (const auto& row : lattice_.rows) size += std::sqrt(square(row[0], row[1], row[2]));
  const double radius = std::max(0.0, cutoff_ - size);
  const double n = n_atoms();
  return std::max(0.0, n * n * 4 / 3 * std::numbers::pi * radius * radius * radius / lattice_.volume - n);
}

template <class Visit>
void PairSearch::visit_all(int atom, Visit&& visit) const {
  const auto i = static_cast<std::size_t>(atom);
  const double limit = cutoff_ * cutoff_;
  if (!lattice_.any_periodic()) {
    for (std::size_t j = i + 1; j < wrapped_.size(); ++j) {
      const auto d = difference(wrapped_[j], wrapped_[i]);
      const double r2 = square(d[0], d[1], d[2]);
      if (r2 < limit) visit(static_cast<int>(j), d, r2);
    }
    return;
  }
  Vector3 reach{};
  for (std::size_t d = 0; d < 3; ++d) reach[d] = search_cutoff_ / lattice_.height[d] + 1e-12;
  for (std::size_t j = i; j < wrapped_.size(); ++j) {
    std::array<int, 3> low{}, high{};
    for (std::size_t d = 0; d < 3; ++d) {
      if (!lattice_.periodic[d]) continue;
      const double apart = coordinates_[j][d] - coordinates_[i][d];
      if (reach[d] <= 0.5) {
        // Only the nearest image can be within the cutoff.
        low[d] = high[d] = static_cast<int>(apart < -0.5) - static_cast<int>(apart > 0.5);
      } else {
        low[d] = static_cast<int>(std::ceil(-reach[d] - apart));
        high[d] = static_cast<int>(std::floor(reach[d] - apart));
      }
    }
    for (int a = low[0]; a <= high[0]; ++a) {
      for (int b = low[1]; b <= high[1]; ++b) {
        for (int c = low[2]; c <= high[2]; ++c) {
          const auto t = lattice_.translation(a, b, c);
          if (j == i && !(t > Vector3{})) continue;
          const auto d = difference(sum(wrapped_[j], t), wrapped_[i]);
          const double r2 = square(d[0], d[1], d[2]);
          if (r2 < limit) visit(static_cast<int>(j), d, r2);
        }
      }
    }
  }
}

// Copies the atoms of all cells within reach, so that the trials of each atom of the cell run over plain arrays.
void PairSearch::gather_around(int cell, HalfList& memory) const {
  memory.x.clear();
  memory.y.clear();
  memory.z.clear();
  memory.key.clear();
  struct Place {
    int cell, image;
  };
  // The cell at place k along direction d and its image; cell = -1 beyond the edge of the atoms.
  const auto locate = [&](std::size_t d, int k) {
    const int n = n_cells_[d];
    if (k >= 0 && k < n) return Place{k, 0};
    if (!lattice_.periodic[d]) return Place{-1, 0};
    const int image = k >= 0 ? k / n : -((n - 1 - k) / n);
    return Place{k - image * n, image};
  };
  const std::array<int, 3> own = {cell / n_cells_[2] / n_cells_[1], cell / n_cells_[2] % n_cells_[1],
                                  cell % n_cells_[2]};
  for (int a = own[0] - reach_[0]; a <= own[0] + reach_[0]; ++a) {
    const auto at_a = locate(0, a);
    if (at_a.cell < 0) continue;
    for (int b = own[1] - reach_[1]; b <= own[1] + reach_[1]; ++b) {
      const auto at_b = locate(1, b);
      if (at_b.cell < 0) continue;
      for (int c = own[2] - reach_[2]; c <= own[2] + reach_[2]; ++c) {
        const auto at_c = locate(2, c);
        if (at_c.cell < 0) continue;
        const auto t = lattice_.translation(at_a.image, at_b.image, at_c.image);
        const unsigned positive = t > Vector3{} ? 1 : 0;
        const auto from = static_cast<std::size_t>((at_a.cell * n_cells_[1] + at_b.cell) * n_cells_[2] + at_c.cell);
        for (int k = cell_begin_[from]; k < cell_begin_[from + 1]; ++k) {
          const int j = order_[static_cast<std::size_t>(k)];
          const auto r = sum(wrapped_[static_cast<std::size_t>(j)], t);
          memory.x.push_back(r[0]);
          memory.y.push_back(r[1]);
          memory.z.push_back(r[2]);
          memory.key.push_back(2 * static_cast<unsigned>(j) + positive);
        }
      }
    }
  }
}

template <class Visit>
void PairSearch::visit_gathered(int atom, const HalfList& memory, Visit&& visit) const {
  const auto r = wrapped_[static_cast<std::size_t>(atom)];
  const double limit = cutoff_ * cutoff_;
  const unsigned own_key = 2 * static_cast<unsigned>(atom);
  double r2[kChunk];
  int hits[kChunk];
  const int n = static_cast<int>(memory.key.size());
  for (int chunk = 0; chunk < n; chunk += kChunk) {
    const int size = std::min(kChunk, n - chunk);
    const double* const x = memory.x.data() + chunk;
    const double* const y = memory.y.data() + chunk;
    const double* const z = memory.z.data() + chunk;
    const unsigned* const key = memory.key.data() + chunk;
    for (int k = 0; k < size; ++k) r2[k] = square(x[k] - r[0], y[k] - r[1], z[k] - r[2]);
    int n_hits = 0;
    for (int k = 0; k < size; ++k) {
      hits[n_hits] = k;
      n_hits += static_cast<int>(r2[k] < limit) & static_cast<int>(key[k] > own_key);
    }
    for (int h = 0; h < n_hits; ++h) {
      const int k = hits[h];
      visit(static_cast<int>(key[k] / 2), difference({x[k], y[k], z[k]}, r), r2[k]);
    }
  }
}

template <class Begin, class Visit>
void PairSearch::visit_part(int part, HalfList& memory, Begin&& begin, Visit&& visit) const {
  if (!use_cells_) {
    begin(part);
    visit_all(part, visit);
    return;
  }
  const auto at = static_cast<std::size_t>(part);
  if (cell_begin_[at] == cell_begin_[at + 1]) return;
  gather_around(part, memory);
  for (int k = cell_begin_[at]; k < cell_begin_[at + 1]; ++k) {
    const int atom = order_[static_cast<std::size_t>(k)];
    begin(atom);
    visit_gathered(atom, memory, visit);
  }
}

void HalfList::clear() {
  pairs.clear();
  rows.clear();
  overlap = {};
}

void PairSearch::append_part(int part, HalfList& list) const {
  const auto end_row = [&] {
    if (!list.rows.empty()) list.rows.back().count = static_cast<int>(list.pairs.size() - list.rows.back().offset);
  };
  const auto begin = [&](int atom) {
    end_row();
    list.rows.push_back({atom, list.pairs.size(), 0});
  };
  visit_part(part, list, begin, [&](int neighbour, const Vector3& displacement, double r2) {
    if (r2 < kOverlapDistance * kOverlapDistance) {
      const Overlap found{list.rows.back().atom, neighbour, std::sqrt(r2)};
      if (found.before(list.overlap)) list.overlap = found;
    }
    list.pairs.push_back({displacement, neighbour});
  });
  end_row();
}

std::int64_t PairSearch::count_part(int part, HalfList& list) const {
  std::int64_t count = 0;
  visit_part(part, list, [](int) {}, [&](int, const Vector3&, double) { ++count; });
  return count;
}

}  // namespace mlffgen::runtime
