// Keys and entries for tests of wisdom.
#pragma once

#include "runtime/wisdom/wisdom.h"

namespace wisdom_test {

inline mlffgen::wisdom::WisdomKey key_of(int atoms) {
  return {"NVIDIA H100 80GB HBM3", "9.0", 132, "13000", "13.0", "0.1.0", "00ff00ff00ff00ff", atoms};
}

// An entry that can be told from others by the lanes of its one kernel.
inline mlffgen::wisdom::WisdomEntry entry_of(const mlffgen::wisdom::WisdomKey& key, int lanes = 64,
                                             std::int64_t when = 1'000'000'000) {
  mlffgen::wisdom::WisdomEntry entry;
  entry.key = key;
  entry.best = {"fused", {{"phase_0", {{"MLFF_LANES", lanes}, {"MLFF_TILE", 8}}}}};
  entry.heuristic_us = 60.25;
  entry.tuned_us = 41.125;
  entry.heuristic_error_us = 0.5;
  entry.tuned_error_us = 0.1;
  entry.model_name = "ethanol";
  entry.when = when;
  return entry;
}

inline mlffgen::wisdom::WisdomEntry entry_of(int atoms, int lanes = 64, std::int64_t when = 1'000'000'000) {
  return entry_of(key_of(atoms), lanes, when);
}

}  // namespace wisdom_test
