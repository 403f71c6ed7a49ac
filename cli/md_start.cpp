#include "cli/md_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "runtime/md/velocities.h"

namespace mlffgen::cli {

bool MdStart::has_velocities() const {
  return std::any_of(velocities.begin(), velocities.end(), [](const auto& v) { return !v.empty(); });
}

MdStart read_start(const std::filesystem::path& path, bool all_frames, const Units& file_units,
                   const md::Units& units) {
  MdStart start;
  runtime::ExtxyzReader reader(path);
  for (runtime::Frame frame; reader.read(frame); ++start.frames) {
    if (start.frames > 0 && !all_frames) continue;
    const SourceLocation where{path.string(), frame.line, 0};
    try {
      convert_frame(frame, frame_units(frame, file_units), {units.length, units.energy});
    } catch (const UserError& error) {
      throw UserError(where, error.what());
    }
    md::FileVelocities read = md::read_velocities(frame, units, path.string());
    start.masses.push_back(std::move(read.masses));
    start.velocities.push_back(std::move(read.velocities));
    start.structures.push_back(std::move(frame.structure));
    frame = {};
  }
  if (start.frames == 0) throw UserError(fmt::format("{}: the file holds no structure", path.string()));
  return start;
}

md::State start_state(const MdStart& start, const md::Systems& systems, const md::Dynamics& dynamics) {
  md::State state;
  const auto n = static_cast<std::size_t>(systems.n_atoms());
  state.velocities.resize(n);
  state.heat.resize(n);
  for (int s = 0; s < systems.n_systems(); ++s) {
    const auto system = static_cast<std::size_t>(s);
    const auto& positions = start.structures[system].positions;
    state.positions.insert(state.positions.end(), positions.begin(), positions.end());
    const auto& given = start.velocities[system];
    if (given.empty()) {
      md::draw_velocities(systems, s, dynamics, state.velocities);
    } else {
      std::copy(given.begin(), given.end(), state.velocities.begin() + systems.begin[system]);
    }
  }
  return state;
}

}  // namespace mlffgen::cli
