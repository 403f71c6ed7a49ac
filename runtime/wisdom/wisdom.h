// Which configuration to run a model with, from what was measured before: on this GPU or on relatives of it, for this
// number of atoms or for near ones.
//
// A question goes down a ladder, whose rungs know entries for the same kind of systems alone, and the first rung that
// knows an answer gives it:
//
// | rung                    | what an entry must share with the question, besides the model             | size    |
// |-------------------------|---------------------------------------------------------------------------|---------|
// | exact                   | GPU, multiprocessors, capability, driver, NVRTC, version of mlffgen       | bucket  |
// | nearest_size            | the same                                                                  | nearest |
// | same_gpu_other_software | GPU, multiprocessors, capability                                          | nearest |
// | same_family             | capability                                                                | nearest |
// | heuristic               | nothing: there is no entry                                                |         |
//
// Nearest is what is off by a factor of kSizeFactor at most, or the entry for the most atoms if these are kLargeAtoms
// or more and the question is for more still: large calls are all alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/wisdom/configuration.h"

namespace mlffgen::wisdom {

inline constexpr double kSizeFactor = 4;
inline constexpr int kLargeAtoms = 4096;

// What a measurement holds for.
struct WisdomKey {
  std::string gpu;                 // "NVIDIA H100 80GB HBM3"
  std::string compute_capability;  // "9.0"
  int multiprocessors = 0;
  std::string driver;     // "13000"
  std::string nvrtc;      // "13.0"
  std::string generator;  // version of mlffgen
  std::string model;      // fingerprint, hexadecimal
  int atoms = 0;          // of all systems of the call
  // Many systems of few atoms each, which have few neighbours: what is best for them is not for one of as many atoms.
  bool small_systems = false;

  bool operator==(const WisdomKey&) const = default;
};

// round(log2(atoms)): calls of one bucket count as of one size. Fewer than one atom count as one.
int size_bucket(int atoms);

// The result of tuning one model for one size. Times are medians of the whole call on the GPU's clock, microseconds.
struct WisdomEntry {
  WisdomKey key;
  ModelConfiguration best;
  double heuristic_us = 0, tuned_us = 0;              // equal if nothing was faster
  double heuristic_error_us = 0, tuned_error_us = 0;  // half the width of the medians' 99 % intervals
  std::string model_name;
  std::int64_t when = 0;  // seconds since 1970

  bool operator==(const WisdomEntry&) const = default;
};

enum class Rung { exact, nearest_size, same_gpu_other_software, same_family, heuristic };

const char* name(Rung rung);  // "exact", "nearest_size", ...

struct Advice {
  ModelConfiguration configuration;  // to be checked with problem_of before it is used
  Rung rung = Rung::heuristic;
  std::optional<WisdomEntry> entry;  // that the configuration is from
  std::string reason;                // one line: which rung, why, which entry
};

// Entries from several sources, the most trusted first.
class Wisdom {
 public:
  // Adds a source, its entries from the first to the last line. Of entries for one bucket and otherwise one key, the
  // latest stays; of equally late ones that of the source added first, and in a source the later line.
  void add(const std::vector<WisdomEntry>& source);

  Advice advise(const WisdomKey& key) const;

  const std::vector<WisdomEntry>& entries() const { return entries_; }  // those that stayed, the most trusted first

 private:
  // gpu, capability, multiprocessors, driver, nvrtc, generator, model, bucket, small_systems
  using Place =
      std::tuple<std::string, std::string, int, std::string, std::string, std::string, std::string, int, bool>;
  static Place place_of(const WisdomKey& key);

  std::vector<WisdomEntry> entries_;
  std::map<Place, std::size_t> places_;  // indices of entries_
};

}  // namespace mlffgen::wisdom
