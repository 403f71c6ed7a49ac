#include "runtime/neighbour_list.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "runtime/pair_search.h"
#include "runtime/parallel.h"

namespace mlffgen::runtime {
namespace {

constexpr std::int64_t kMostPairs = std::numeric_limits<int>::max();
constexpr int kLargeSystem = 512;        // atoms from which on several threads share a system
constexpr int kAtomsWorthAThread = 128;  // below, waking it costs more than it does

Vector3 opposite(const Vector3& d) { return {-d[0], -d[1], -d[2]}; }

// Where the search has left the half pairs of an atom.
struct Row {
  std::size_t offset;
  int thread;
  int count;
};

}  // namespace

// From systems to half pairs (search), to the sizes of the full rows (count), to the full list (fill). The half list
// needs no sorting: dealing out row i = 0, 1, 2, ... to the rows of the larger atoms leaves each of those sorted by
// smaller atom, and dealing these out again, in order, leaves the others sorted; the second deal also meets a pair and
// its reverse at once.
struct NeighbourListBuilder::Workspace {
  std::vector<PairSearch> searches;  // [threads]
  std::vector<HalfList> halves;      // [threads]
  std::vector<Row> rows;             // [n_atoms]
  std::vector<char> images_repeat;   // [n_systems]
  std::vector<int> n_lower;          // [n_atoms] pairs with a smaller atom
  std::vector<int> n_self;           // [n_atoms] half pairs with its own images
  std::vector<int> cursor;           // [n_atoms]
  NeighbourList list;

  void set_sizes(std::span<const Structure> systems, int threads);
  void search(std::span<const Structure> systems, double cutoff, int threads);
  void search_parts(const PairSearch& search, int system, int first, int last, int thread);
  void search_system(const PairSearch& search, int system, int threads, int thread);
  static void refuse_too_many_pairs();
  static void refuse_overlap(const Overlap& overlap);
  void check_bound(const PairSearch& search, int threads, int thread);
  const HalfPair* half_row(const Row& row) const {
    return halves[static_cast<std::size_t>(row.thread)].pairs.data() + row.offset;
  }
  void count_rows(int system);
  void lay_out();
  void deal_lower(int system);
  void place_self_images(int atom, int first_free);
  void deal_upper(int system);
};

void NeighbourListBuilder::Workspace::set_sizes(std::span<const Structure> systems, int threads) {
  std::int64_t n_atoms = 0;
  list.system_begin.clear();
  list.system_begin.push_back(0);
  for (const auto& system : systems) {
    n_atoms += static_cast<std::int64_t>(system.positions.size());
    if (n_atoms >= kMostPairs) throw UserError("the systems of one call must have less than 2^31 - 1 atoms in all");
    list.system_begin.push_back(static_cast<int>(n_atoms));
  }
  const auto n = static_cast<std::size_t>(n_atoms);
  const auto n_threads = static_cast<std::size_t>(threads);
  if (searches.size() < n_threads) {
    searches.resize(n_threads);
    halves.resize(n_threads);
  }
  for (auto& half : halves) half.clear();
  rows.resize(n);
  images_repeat.resize(systems.size());
  n_lower.assign(n, 0);
  n_self.assign(n, 0);
  cursor.resize(n);
  list.begin.resize(n + 1);
}

void NeighbourListBuilder::Workspace::refuse_too_many_pairs() {
  throw UserError(fmt::format(
      "more than {} pairs within the cutoff; is the structure in the model's length unit? otherwise split the call",
      kMostPairs));
}

void NeighbourListBuilder::Workspace::refuse_overlap(const Overlap& overlap) {
  if (overlap.atom < 0) return;
  throw StructureError(
      fmt::format("atom {} (counting from 0) and {} {} are {:.3g} apart, nearer than {:g}: they overlap", overlap.atom,
                  overlap.atom == overlap.neighbour ? "an image of atom" : "atom", overlap.neighbour, overlap.distance,
                  kOverlapDistance),
      0, overlap.atom);
}

// Counts before storing where the list may turn out too long for its index type.
void NeighbourListBuilder::Workspace::check_bound(const PairSearch& search, int threads, int thread) {
  if (search.pair_bound() <= static_cast<double>(kMostPairs)) return;
  if (search.fewest_pairs() > static_cast<double>(kMostPairs)) refuse_too_many_pairs();
  std::atomic<std::int64_t> half{0};
  FirstError error;
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1)
  for (int part = 0; part < search.n_parts(); ++part) {
    const int own = threads > 1 ? omp_get_thread_num() : thread;
    error.guard(part, [&] {
      if (half <= kMostPairs / 2) half += search.count_part(part, halves[static_cast<std::size_t>(own)]);
    });
  }
  error.rethrow();
  if (half > kMostPairs / 2) refuse_too_many_pairs();
}

void NeighbourListBuilder::Workspace::search_parts(const PairSearch& search, int system, int first, int last,
                                                   int thread) {
  auto& half = halves[static_cast<std::size_t>(thread)];
  const auto base = static_cast<std::size_t>(list.system_begin[static_cast<std::size_t>(system)]);
  const auto known = half.rows.size();
  for (int part = first; part < last; ++part) search.append_part(part, half);
  for (auto k = known; k < half.rows.size(); ++k) {
    const auto& row = half.rows[k];
    rows[base + static_cast<std::size_t>(row.atom)] = {row.offset, thread, row.count};
  }
}

// With one thread, on behalf of the given one; with several, each on its own behalf.
void NeighbourListBuilder::Workspace::search_system(const PairSearch& search, int system, int threads, int thread) {
  check_bound(search, threads, thread);
  const int n = search.n_parts();
  if (threads == 1) {
    auto& half = halves[static_cast<std::size_t>(thread)];
    search_parts(search, system, 0, n, thread);
    refuse_overlap(std::exchange(half.overlap, {}));
    return;
  }
  constexpr int kChunk = 8;
  FirstError error;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int first = 0; first < n; first += kChunk) {
    error.guard(first, [&] { search_parts(search, system, first, std::min(n, first + kChunk), omp_get_thread_num()); });
  }
  error.rethrow();
  Overlap overlap;
  for (auto& half : halves) {
    if (half.overlap.before(overlap)) overlap = half.overlap;
    half.overlap = {};
  }
  refuse_overlap(overlap);
}

void NeighbourListBuilder::Workspace::search(std::span<const Structure> systems, double cutoff, int threads) {
  const int n_systems = static_cast<int>(systems.size());
  FirstError error;
  const auto one = [&](int system, int system_threads, int thread) {
    error.guard(system, [&] {
      auto& own = searches[static_cast<std::size_t>(thread)];
      own.prepare(systems[static_cast<std::size_t>(system)], cutoff);
      images_repeat[static_cast<std::size_t>(system)] = own.images_repeat();
      search_system(own, system, system_threads, thread);
    });
  };
  const auto is_large = [&](int system) {
    return threads > 1 && systems[static_cast<std::size_t>(system)].positions.size() >= kLargeSystem;
  };
  for (int system = 0; system < n_systems; ++system) {
    if (is_large(system)) one(system, threads, 0);
  }
  const int small_threads = std::min(threads, n_systems);
  if (small_threads <= 1) {
    for (int system = 0; system < n_systems; ++system) {
      if (!is_large(system)) one(system, 1, 0);
    }
  } else {
#pragma omp parallel for schedule(dynamic, 16) num_threads(small_threads)
    for (int system = 0; system < n_systems; ++system) {
      if (!is_large(system)) one(system, 1, omp_get_thread_num());
    }
  }
  if (!error.any()) return;
  try {
    error.rethrow();
  } catch (const UserError& cause) {
    const auto* const structure = dynamic_cast<const StructureError*>(&cause);
    throw StructureError(n_systems == 1 ? std::string(cause.what())
                                        : fmt::format("system {} (counting from 0): {}", error.index(), cause.what()),
                         error.index(), structure != nullptr ? structure->atom() : -1);
  }
}

// Sizes of the full rows, as differences: begin[i + 1] = pairs of atom i.
void NeighbourListBuilder::Workspace::count_rows(int system) {
  const int first = list.system_begin[static_cast<std::size_t>(system)];
  const int last = list.system_begin[static_cast<std::size_t>(system) + 1];
  for (int i = first; i < last; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Row row = rows[at];
    const HalfPair* const half = half_row(row);
    for (int k = 0; k < row.count; ++k) {
      const int j = first + half[k].neighbour;
      auto& counter = j == i ? n_self[at] : n_lower[static_cast<std::size_t>(j)];
      ++counter;
    }
  }
}

void NeighbourListBuilder::Workspace::lay_out() {
  std::int64_t total = 0;
  list.begin[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cursor[i] = static_cast<int>(total);
    total += std::int64_t{rows[i].count} + n_self[i] + n_lower[i];
    if (total > kMostPairs) refuse_too_many_pairs();
    list.begin[i + 1] = static_cast<int>(total);
  }
  list.neighbour.resize(static_cast<std::size_t>(total));
  list.displacement.resize(static_cast<std::size_t>(total));
  list.reverse.resize(static_cast<std::size_t>(total));
}

// The pairs of an atom with its own images, in the middle of its row: negative displacements, then positive ones.
void NeighbourListBuilder::Workspace::place_self_images(int atom, int first_free) {
  const auto at = static_cast<std::size_t>(atom);
  const Row row = rows[at];
  const HalfPair* const half = half_row(row);
  const int n = n_self[at];
  const auto middle = list.displacement.begin() + first_free + n;
  auto next = middle;
  const int local = atom - *(std::upper_bound(list.system_begin.begin(), list.system_begin.end(), atom) - 1);
  for (int k = 0; k < row.count; ++k) {
    if (half[k].neighbour == local) *next++ = half[k].displacement;
  }
  std::sort(middle, next);
  for (int k = 0; k < n; ++k) {
    const int positive = first_free + n + k, negative = first_free + n - 1 - k;
    list.displacement[static_cast<std::size_t>(negative)] =
        opposite(list.displacement[static_cast<std::size_t>(positive)]);
    list.neighbour[static_cast<std::size_t>(positive)] = list.neighbour[static_cast<std::size_t>(negative)] = atom;
    list.reverse[static_cast<std::size_t>(positive)] = negative;
    list.reverse[static_cast<std::size_t>(negative)] = positive;
  }
}

void NeighbourListBuilder::Workspace::deal_lower(int system) {
  const int first = list.system_begin[static_cast<std::size_t>(system)];
  const int last = list.system_begin[static_cast<std::size_t>(system) + 1];
  for (int i = first; i < last; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Row row = rows[at];
    const HalfPair* const half = half_row(row);
    for (int k = 0; k < row.count; ++k) {
      const int j = first + half[k].neighbour;
      if (j == i) continue;
      const auto p = static_cast<std::size_t>(cursor[static_cast<std::size_t>(j)]++);
      list.neighbour[p] = i;
      list.displacement[p] = opposite(half[k].displacement);
    }
    // Every smaller atom has been here: the rest of the row belongs to the atom itself and to larger ones.
    if (n_self[at] > 0) place_self_images(i, cursor[at]);
    cursor[at] += 2 * n_self[at];
  }
}

void NeighbourListBuilder::Workspace::deal_upper(int system) {
  const bool repeat = images_repeat[static_cast<std::size_t>(system)] != 0;
  auto& displacement = list.displacement;
  for (int j = list.system_begin[static_cast<std::size_t>(system)];
       j < list.system_begin[static_cast<std::size_t>(system) + 1]; ++j) {
    const int end = list.begin[static_cast<std::size_t>(j)] + n_lower[static_cast<std::size_t>(j)];
    for (int p = list.begin[static_cast<std::size_t>(j)]; p < end;) {
      const int i = list.neighbour[static_cast<std::size_t>(p)];
      int group = 1;
      if (repeat) {
        while (p + group < end && list.neighbour[static_cast<std::size_t>(p + group)] == i) ++group;
        if (group > 1) std::sort(displacement.begin() + p, displacement.begin() + p + group);
      }
      // Ascending displacements of the images are descending ones seen from the other atom.
      for (int k = group - 1; k >= 0; --k) {
        const auto from = static_cast<std::size_t>(p + k);
        const auto q = static_cast<std::size_t>(cursor[static_cast<std::size_t>(i)]++);
        list.neighbour[q] = j;
        displacement[q] = opposite(displacement[from]);
        list.reverse[q] = p + k;
        list.reverse[from] = static_cast<int>(q);
      }
      p += group;
    }
  }
}

NeighbourListBuilder::NeighbourListBuilder() : workspace_(std::make_unique<Workspace>()) {}
NeighbourListBuilder::~NeighbourListBuilder() = default;
NeighbourListBuilder::NeighbourListBuilder(NeighbourListBuilder&&) noexcept = default;
NeighbourListBuilder& NeighbourListBuilder::operator=(NeighbourListBuilder&&) noexcept = default;

const NeighbourList& NeighbourListBuilder::build(std::span<const Structure> systems, double cutoff, int threads) {
  if (!(cutoff > 0) || !std::isfinite(cutoff)) {
    throw UserError(fmt::format("the cutoff must be positive and finite, not {}", cutoff));
  }
  std::int64_t n_atoms = 0;
  for (const auto& system : systems) n_atoms += static_cast<std::int64_t>(system.positions.size());
  threads = thread_count(threads, n_atoms / kAtomsWorthAThread);

  auto& work = *workspace_;
  work.set_sizes(systems, threads);
  work.search(systems, cutoff, threads);
  const int n_systems = static_cast<int>(systems.size());
  const int deal_threads = std::min(threads, std::max(n_systems, 1));
#pragma omp parallel for schedule(static) num_threads(deal_threads) if (deal_threads > 1)
  for (int system = 0; system < n_systems; ++system) work.count_rows(system);
  work.lay_out();
#pragma omp parallel for schedule(static) num_threads(deal_threads) if (deal_threads > 1)
  for (int system = 0; system < n_systems; ++system) {
    work.deal_lower(system);
    work.deal_upper(system);
  }
  return work.list;
}

std::size_t NeighbourListBuilder::bytes() const {
  const auto size_of = [](const auto&... vectors) {
    return (std::size_t{0} + ... + (vectors.capacity() * sizeof(vectors[0])));
  };
  const Workspace& work = *workspace_;
  const NeighbourList& list = work.list;
  std::size_t bytes = size_of(list.system_begin, list.begin, list.neighbour, list.displacement, list.reverse, work.rows,
                              work.n_lower, work.n_self, work.cursor);
  for (const HalfList& half : work.halves) bytes += size_of(half.pairs, half.rows);
  for (const PairSearch& search : work.searches) bytes += search.bytes();
  return bytes;
}

NeighbourList build_neighbour_list(std::span<const Structure> systems, double cutoff) {
  return NeighbourListBuilder().build(systems, cutoff);
}

NeighbourList build_neighbour_list(const Structure& structure, double cutoff) {
  return build_neighbour_list(std::span(&structure, 1), cutoff);
}

}  // namespace mlffgen::runtime
