#include "runtime/wisdom/wisdom.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ranges>
#include <utility>

#include "base/error.h"

namespace mlffgen::wisdom {
namespace {

constexpr Rung kRungs[] = {Rung::exact, Rung::nearest_size, Rung::same_gpu_other_software, Rung::same_family};

bool same_gpu(const WisdomKey& a, const WisdomKey& b) {
  return a.gpu == b.gpu && a.multiprocessors == b.multiprocessors && a.compute_capability == b.compute_capability;
}

bool same_software(const WisdomKey& a, const WisdomKey& b) {
  return a.driver == b.driver && a.nvrtc == b.nvrtc && a.generator == b.generator;
}

// All that the rung asks for but the size.
bool on_rung(Rung rung, const WisdomKey& entry, const WisdomKey& asked) {
  if (entry.model != asked.model || entry.small_systems != asked.small_systems) return false;
  switch (rung) {
    case Rung::exact:
    case Rung::nearest_size:
      return same_gpu(entry, asked) && same_software(entry, asked);
    case Rung::same_gpu_other_software:
      return same_gpu(entry, asked);
    case Rung::same_family:
      return entry.compute_capability == asked.compute_capability;
    case Rung::heuristic:
      return false;
  }
  throw InternalError("an unknown rung");
}

// Factor between two sizes, at least 1; exactly 1 within a bucket.
double size_ratio(int a, int b) {
  if (size_bucket(a) == size_bucket(b)) return 1;
  const auto [less, more] = std::minmax(std::max(a, 1), std::max(b, 1));
  return static_cast<double>(more) / less;
}

// Of equally near ones the latest, of equally late ones the first.
const WisdomEntry& nearest(const std::vector<const WisdomEntry*>& entries, int atoms) {
  return **std::ranges::min_element(entries, std::less(), [&](const WisdomEntry* entry) {
    return std::pair(size_ratio(entry->key.atoms, atoms), -entry->when);
  });
}

bool serves(const WisdomEntry& entry, const std::vector<const WisdomEntry*>& others, int atoms) {
  if (size_ratio(entry.key.atoms, atoms) <= kSizeFactor) return true;
  const bool largest =
      std::ranges::all_of(others, [&](const WisdomEntry* other) { return other->key.atoms <= entry.key.atoms; });
  return largest && entry.key.atoms >= kLargeAtoms && atoms > entry.key.atoms;
}

std::string atoms_text(const WisdomKey& key) {
  return fmt::format("{} atoms{}", key.atoms, key.small_systems ? " of small systems" : "");
}

std::string why(Rung rung, const WisdomEntry& entry, const WisdomKey& asked) {
  const WisdomKey& key = entry.key;
  std::string text = fmt::format("{}: {}", name(rung), atoms_text(asked));
  if (key.atoms != asked.atoms) text += fmt::format(" as tuned for {}", key.atoms);
  text += fmt::format(" on {}", key.gpu);
  if (rung == Rung::same_family) text += fmt::format(", a relative of {}", asked.gpu);
  if (!same_software(key, asked)) {
    text += fmt::format(" with driver {}, NVRTC {}, mlffgen {}", key.driver, key.nvrtc, key.generator);
  }
  return text + fmt::format(": {:.1f} us instead of {:.1f} there, {}", entry.tuned_us, entry.heuristic_us,
                            describe(entry.best));
}

}  // namespace

int size_bucket(int atoms) { return static_cast<int>(std::lround(std::log2(std::max(atoms, 1)))); }

const char* name(Rung rung) {
  switch (rung) {
    case Rung::exact:
      return "exact";
    case Rung::nearest_size:
      return "nearest_size";
    case Rung::same_gpu_other_software:
      return "same_gpu_other_software";
    case Rung::same_family:
      return "same_family";
    case Rung::heuristic:
      return "heuristic";
  }
  throw InternalError("an unknown rung");
}

Wisdom::Place Wisdom::place_of(const WisdomKey& key) {
  return {key.gpu,   key.compute_capability, key.multiprocessors, key.driver, key.nvrtc, key.generator,
          key.model, size_bucket(key.atoms), key.small_systems};
}

void Wisdom::add(const std::vector<WisdomEntry>& source) {
  for (const WisdomEntry& entry : source | std::views::reverse) {
    const auto [place, is_new] = places_.try_emplace(place_of(entry.key), entries_.size());
    if (is_new) {
      entries_.push_back(entry);
    } else if (entry.when > entries_[place->second].when) {
      entries_[place->second] = entry;
    }
  }
}

Advice Wisdom::advise(const WisdomKey& key) const {
  for (const Rung rung : kRungs) {
    std::vector<const WisdomEntry*> entries;
    for (const WisdomEntry& entry : entries_) {
      if (on_rung(rung, entry.key, key)) entries.push_back(&entry);
    }
    std::vector<const WisdomEntry*> near;
    for (const WisdomEntry* const entry : entries) {
      const bool fits = rung == Rung::exact ? size_bucket(entry->key.atoms) == size_bucket(key.atoms)
                                            : serves(*entry, entries, key.atoms);
      if (fits) near.push_back(entry);
    }
    if (near.empty()) continue;
    const WisdomEntry& entry = nearest(near, key.atoms);
    return {entry.best, rung, entry, why(rung, entry, key)};
  }
  return {{},
          Rung::heuristic,
          std::nullopt,
          fmt::format("{}: nothing near {} is known of this model on {} or its relatives", name(Rung::heuristic),
                      atoms_text(key), key.gpu)};
}

}  // namespace mlffgen::wisdom
