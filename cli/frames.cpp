#include "cli/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/units.h"

namespace mlffgen::cli {
namespace {

using runtime::Vector3;

std::string unquoted(const std::string& text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

Units frame_units(const runtime::Frame& frame, const Units& fallback) {
  Units units = fallback;
  for (const auto& [key, value] : frame.info) {
    if (key == kLengthUnitKey) units.length = unquoted(value);
    if (key == kEnergyUnitKey) units.energy = unquoted(value);
  }
  return units;
}

void convert_frame(runtime::Frame& frame, const Units& from, const Units& to) {
  // Factors of exactly 1 leave every bit: a file in the model's units is not rounded.
  const double length = from.length == to.length ? 1 : convert_length(1, from.length, to.length);
  const double energy = from.energy == to.energy ? 1 : convert_energy(1, from.energy, to.energy);
  const auto scale = [](auto& vectors, double factor) {
    for (Vector3& v : vectors) {
      for (double& x : v) x *= factor;
    }
  };
  scale(frame.structure.positions, length);
  scale(frame.structure.cell, length);
  scale(frame.forces, energy / length);
  if (frame.energy) *frame.energy *= energy;
  if (frame.virial) {
    for (double& x : *frame.virial) x *= energy;
  }
  if (frame.stress) {
    for (double& x : *frame.stress) x *= energy / (length * length * length);
  }
}

std::string frame_label(int index, const runtime::Frame& frame) {
  return frame.name.empty() ? fmt::format("frame {}", index) : fmt::format("frame {} ({})", index, frame.name);
}

double volume(const runtime::Structure& structure) {
  const auto& periodic = structure.periodic;
  if (!std::all_of(periodic.begin(), periodic.end(), [](bool p) { return p; })) return 0;
  const auto& [a, b, c] = structure.cell;
  return std::abs(a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                  a[2] * (b[0] * c[1] - b[1] * c[0]));
}

void set_result(runtime::Frame& frame, const runtime::Result& result, const Units& units) {
  frame.energy = result.energy;
  frame.forces = result.forces;
  frame.virial.reset();
  frame.stress.reset();
  if (!result.forces.empty()) {
    frame.virial = result.virial;
    if (const double v = volume(frame.structure); v > 0) {
      frame.stress = result.virial;
      for (double& x : *frame.stress) x /= -v;
    }
  }
  std::erase_if(frame.info,
                [](const auto& entry) { return entry.first == kLengthUnitKey || entry.first == kEnergyUnitKey; });
  frame.info.emplace_back(kEnergyUnitKey, units.energy);
  frame.info.emplace_back(kLengthUnitKey, units.length);
}

}  // namespace mlffgen::cli
