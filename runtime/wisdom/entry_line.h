// One wisdom entry as one line of JSON:
// {"schema":1,"key":{...},"best":{"form":"fused","kernels":{"phase_0":{"MLFF_LANES":64}}},"heuristic_us":60.5,...}
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "runtime/wisdom/wisdom.h"

namespace mlffgen::wisdom {

// The line is not an entry. Messages read on from a line's place: "has no number 'tuned_us'".
class DamagedLine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string write_entry(const WisdomEntry& entry);

// Nothing for an entry of another schema. Throws DamagedLine.
std::optional<WisdomEntry> read_entry(const std::string& line);

}  // namespace mlffgen::wisdom
