#include "runtime/md/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "runtime/extxyz.h"

namespace mlffgen::md {
namespace {

namespace fs = std::filesystem;

std::string quoted(const fs::path& path) {
  const std::string text = path.string();
  return quote(text, 4 * text.size());
}

[[noreturn]] void fail(const fs::path& path, int reason) {
  throw UserError(fmt::format("cannot write {}: {}", quoted(path), std::strerror(reason != 0 ? reason : EIO)));
}

// One name for a file, however the path is written.
std::string identity(const fs::path& path) { return fs::weakly_canonical(fs::absolute(path)).string(); }

runtime::Frame::Column column(const char* name, const std::vector<Vector3>& rows) {
  runtime::Frame::Column result{name, 'R', 3, {}};
  for (const Vector3& row : rows) result.text.push_back(fmt::format("{:.16g} {:.16g} {:.16g}", row[0], row[1], row[2]));
  return result;
}

void scale(std::vector<Vector3>& rows, double factor) {
  for (Vector3& row : rows) {
    for (double& x : row) x *= factor;
  }
}

}  // namespace

GrowingFile::GrowingFile(const fs::path& path, const std::vector<OutputMark>& marks) : path_(path) {
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, EISDIR);
  for (const OutputMark& mark : marks) {
    if (mark.path != identity(path)) continue;
    const auto size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
    if (size < static_cast<std::uintmax_t>(mark.bytes)) {
      throw UserError(fmt::format(
          "{}: the checkpoint goes on behind {} bytes of this file, but it has {}; restore it, or name another",
          quoted(path), mark.bytes, size));
    }
    fs::resize_file(path, static_cast<std::uintmax_t>(mark.bytes), error);
    if (error) fail(path, error.value());
    bytes_ = mark.bytes;
    is_new_ = false;
  }
  errno = 0;
  file_.open(path, is_new_ ? std::ios::trunc | std::ios::out : std::ios::app | std::ios::out);
  if (!file_) fail(path, errno);
}

GrowingFile::~GrowingFile() = default;

void GrowingFile::write(const std::string& text) {
  errno = 0;
  file_.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file_) fail(path_, errno);
  bytes_ += static_cast<long long>(text.size());
}

void GrowingFile::flush() {
  errno = 0;
  if (!file_.flush()) fail(path_, errno);
}

OutputMark GrowingFile::mark() const { return {identity(path_), bytes_}; }

OutputUnits OutputUnits::of(const Units& from, const std::string& length, const std::string& energy) {
  return {length, energy, convert_length(1, from.length, length), convert_energy(1, from.energy, energy)};
}

Trajectory::Trajectory(const fs::path& path, const Systems& systems, const OutputUnits& units, double timestep,
                       const std::vector<OutputMark>& marks)
    : systems_(systems), units_(units), timestep_(timestep), file_(path, marks) {}

void Trajectory::write(const State& state) {
  std::ostringstream text;
  const double length = units_.length_factor, energy = units_.energy_factor;
  for (int s = 0; s < systems_.n_systems(); ++s) {
    const auto first = systems_.begin[static_cast<std::size_t>(s)],
               last = systems_.begin[static_cast<std::size_t>(s) + 1];
    const auto part = [&](const std::vector<Vector3>& all) {
      return std::vector<Vector3>(all.begin() + first, all.begin() + last);
    };
    runtime::Frame frame;
    frame.structure = systems_.structures[static_cast<std::size_t>(s)];
    for (Vector3& row : frame.structure.cell) {
      for (double& x : row) x *= length;
    }
    frame.structure.positions = part(state.positions);
    scale(frame.structure.positions, length);
    frame.forces = part(state.forces);
    scale(frame.forces, energy / length);
    frame.energy = state.energies[static_cast<std::size_t>(s)] * energy;
    std::vector<Vector3> velocities = part(state.velocities);
    scale(velocities, 1 / systems_.units.ase_velocity);
    frame.columns.push_back(column("velocities", velocities));
    for (int i = first; i < last; ++i) {
      for (double& x : velocities[static_cast<std::size_t>(i - first)])
        x *= systems_.masses[static_cast<std::size_t>(i)];
    }
    frame.columns.push_back(column("momenta", velocities));
    frame.info.emplace_back("step", fmt::format("{}", state.step));
    frame.info.emplace_back("time", fmt::format("{:.16g}", static_cast<double>(state.step) * timestep_));
    if (systems_.n_systems() > 1) frame.info.emplace_back("replica", fmt::format("{}", s));
    frame.info.emplace_back("energy_unit", units_.energy);
    frame.info.emplace_back("length_unit", units_.length);
    runtime::write_extxyz(text, frame);
  }
  file_.write(text.str());
  file_.flush();
}

EnergyTable::EnergyTable(const fs::path& path, const Systems& systems, const OutputUnits& units, double timestep,
                         const std::vector<OutputMark>& marks)
    : systems_(systems), units_(units), timestep_(timestep), file_(path, marks) {
  if (!file_.is_new()) return;
  const std::string& unit = units.energy;
  file_.write(fmt::format(
      "step,time (fs),replica,potential ({0}),kinetic ({0}),total ({0}),temperature (K),conserved ({0}),shadow ({0})\n",
      unit));
}

void EnergyTable::write(const Sample& sample) {
  std::string text;
  for (std::size_t s = 0; s < sample.systems.size(); ++s) {
    const Observables& now = sample.systems[s];
    const double factor = units_.energy_factor;
    fmt::format_to(
        std::back_inserter(text), "{},{:.16g},{},{:.16g},{:.16g},{:.16g},{:.10g},{:.16g},{}\n", sample.step,
        static_cast<double>(sample.step) * timestep_, s, now.potential * factor, now.kinetic * factor,
        now.total() * factor, temperature(now.kinetic, systems_.degrees_of_freedom[s], systems_.units.boltzmann),
        now.conserved() * factor, std::isfinite(now.shadow()) ? fmt::format("{:.16g}", now.shadow() * factor) : "");
  }
  file_.write(text);
}

}  // namespace mlffgen::md
