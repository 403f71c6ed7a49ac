// What a run is judged by: the drift of what should be conserved, and mean temperatures.
//
// The drift is that of Observables::shadow(): the total energy swings with the second order of the time step, and
// slowly where modes of different frequencies exchange energy, which hides a drift for nanoseconds.
#pragma once

#include <vector>

#include "runtime/md/simulation.h"

namespace mlffgen::md {

// Slope of a straight line through points, by least squares, in one pass.
class LineFit {
 public:
  void add(double x, double y);
  double count() const { return count_; }
  double slope() const;  // 0 for fewer than two points
  // Of the slope, from residuals that are independent; 0 for fewer than three points.
  double standard_error() const;

 private:
  double count_ = 0, mean_x_ = 0, mean_y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0;
};

// The same of a series whose neighbours are alike: the error comes from the means of 16 to 32 equal pieces of it.
class SeriesFit {
 public:
  void add(double x, double y);
  double count() const { return line_.count(); }
  double slope() const { return line_.slope(); }
  double standard_error() const;

 private:
  struct Block {
    double count = 0, x = 0, y = 0;  // sums
  };
  LineFit line_;
  std::vector<Block> blocks_;
  double block_size_ = 1;
};

class RunStatistics {
 public:
  RunStatistics(const Systems& systems, double timestep);
  void add(const Sample& sample);

  // The shadow energy's change, summed over the systems, in percent of their mean kinetic energy per ns.
  struct Drift {
    double percent_per_ns = 0, standard_error = 0;
  };
  Drift drift() const;
  Drift drift(int system) const;
  double mean_temperature() const;  // K, over all systems
  double mean_temperature(int system) const;
  double last_temperature() const;
  long long samples() const { return samples_; }

 private:
  struct Series {
    SeriesFit shadow;  // over ns
    double first = 0;  // the shadow energy at the start, taken off for the sake of digits
    double mean_kinetic = 0;
  };
  void add(Series& series, double time, double shadow, double kinetic) const;
  static Drift drift_of(const Series& series);

  double boltzmann_, timestep_;
  std::vector<int> degrees_;  // [n_systems]
  int all_degrees_;
  std::vector<Series> systems_series_;
  Series all_;
  long long samples_ = 0;
  double last_kinetic_ = 0;
};

}  // namespace mlffgen::md
