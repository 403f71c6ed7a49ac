// Structures from files in the units of a model, and results in the units of the file.
#pragma once

#include <string>

#include "runtime/extxyz.h"
#include "runtime/plan.h"
#include "runtime/result.h"

namespace mlffgen::cli {

// The units of a file's numbers.
struct Units {
  std::string length, energy;
};

inline constexpr const char* kLengthUnitKey = "length_unit";
inline constexpr const char* kEnergyUnitKey = "energy_unit";

// The units that a frame names with the keys length_unit and energy_unit, for what it does not name those of fallback.
Units frame_units(const runtime::Frame& frame, const Units& fallback);

// Converts positions, lattice, energy, forces, virial and stress.
void convert_frame(runtime::Frame& frame, const Units& from, const Units& to);

// "frame 3 (ethanol)"; frames count from 0.
std::string frame_label(int index, const runtime::Frame& frame);

// Puts a result in place of what the frame held: energy, forces, virial and, where all three directions are periodic,
// stress = -virial / volume. The result is in `units`, and the frame names them. A frame that has no forces in the
// result has none then.
void set_result(runtime::Frame& frame, const runtime::Result& result, const Units& units);

// length^3; 0 unless all three directions are periodic.
double volume(const runtime::Structure& structure);

}  // namespace mlffgen::cli
