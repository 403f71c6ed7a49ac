// The files that a run writes as it goes: a trajectory in extended XYZ and energies in CSV.
//
// What is written stays if the run ends early. Going on from a checkpoint, a file is cut back to where it stood then,
// so that it ends up as if the run had never stopped.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "runtime/md/checkpoint.h"
#include "runtime/md/simulation.h"

namespace mlffgen::md {

// A text file that grows. Failures are UserErrors that name path and reason.
class GrowingFile {
 public:
  // Begins the file anew; where mark is one of this path, goes on behind the mark's bytes: UserError if the file is not
  // there any more or is shorter.
  GrowingFile(const std::filesystem::path& path, const std::vector<OutputMark>& marks);
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  void write(const std::string& text);
  void flush();  // to the system: nothing is lost if the program ends
  bool is_new() const { return is_new_; }
  OutputMark mark() const;

 private:
  std::filesystem::path path_;
  std::ofstream file_;
  long long bytes_ = 0;
  bool is_new_ = true;
};

// Converts from the model's units to those of the files.
struct OutputUnits {
  std::string length, energy;
  double length_factor = 1, energy_factor = 1;
  static OutputUnits of(const Units& from, const std::string& length, const std::string& energy);
};

// Frames with the columns forces, velocities and momenta (the latter two in ASE's units, sqrt(eV/u) and sqrt(eV u)) and
// the keys energy, step, time (fs), with several systems also replica; units as for `mlffgen eval`.
class Trajectory {
 public:
  Trajectory(const std::filesystem::path& path, const Systems& systems, const OutputUnits& units, double timestep,
             const std::vector<OutputMark>& marks);
  void write(const State& state);
  GrowingFile& file() { return file_; }

 private:
  const Systems& systems_;
  OutputUnits units_;
  double timestep_;
  GrowingFile file_;
};

// A row a system and sample: step, time, replica, potential, kinetic, total, temperature, conserved, shadow
// (empty where it is not known: Observables::correction).
class EnergyTable {
 public:
  EnergyTable(const std::filesystem::path& path, const Systems& systems, const OutputUnits& units, double timestep,
              const std::vector<OutputMark>& marks);
  void write(const Sample& sample);
  GrowingFile& file() { return file_; }

 private:
  const Systems& systems_;
  OutputUnits units_;
  double timestep_;
  GrowingFile file_;
};

}  // namespace mlffgen::md
