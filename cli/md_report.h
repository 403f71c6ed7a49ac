// What `mlffgen md` says: progress on the way and a summary at the end.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/md/simulation.h"
#include "runtime/md/statistics.h"

namespace mlffgen::cli {

// How fast a call went up to a moment.
struct MdSpeed {
  double seconds = 0, steps_per_second = 0, ns_per_day = 0;
};

class MdClock {
 public:
  MdClock(long long first_step, double timestep) : first_step_(first_step), timestep_(timestep) {}
  MdSpeed speed(long long step) const;  // now, behind the step

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  long long first_step_;
  double timestep_;
};

// One line that is written over on a terminal; elsewhere a line every so many seconds.
class MdProgress {
 public:
  MdProgress(long long last_step, double timestep, bool quiet);
  void show(long long step, const MdClock& clock, const md::RunStatistics& statistics);

 private:
  long long last_step_;
  double timestep_;
  bool quiet_, terminal_;
  double shown_ = 0, interval_;  // seconds
};

struct MdReport {
  std::string model, precision, device;
  const md::Systems* systems = nullptr;
  md::Dynamics dynamics;
  const md::RunStatistics* statistics = nullptr;
  long long first_step = 0, last_step = 0;
  MdSpeed speed;
  std::string stopped_by;  // the name of a signal, or empty
  std::filesystem::path trajectory, energies, checkpoint;
};

void print_md_report(const MdReport& report);
nlohmann::json md_json(const MdReport& report);

}  // namespace mlffgen::cli
