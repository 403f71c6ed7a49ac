#include "runtime/md/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlffgen::md {
namespace {

constexpr std::size_t kMostBlocks = 32;

}  // namespace

void LineFit::add(double x, double y) {
  count_ += 1;
  const double dx = x - mean_x_, dy = y - mean_y_;
  mean_x_ += dx / count_;
  mean_y_ += dy / count_;
  xx_ += dx * (x - mean_x_);
  xy_ += dx * (y - mean_y_);
  yy_ += dy * (y - mean_y_);
}

double LineFit::slope() const { return xx_ > 0 ? xy_ / xx_ : 0; }

double LineFit::standard_error() const {
  if (count_ < 3 || xx_ <= 0) return 0;
  const double residual = std::max(0.0, yy_ - xy_ * xy_ / xx_);
  return std::sqrt(residual / (count_ - 2) / xx_);
}

void SeriesFit::add(double x, double y) {
  line_.add(x, y);
  if (blocks_.empty() || blocks_.back().count >= block_size_) {
    if (blocks_.size() == kMostBlocks) {
      for (std::size_t k = 0; k < kMostBlocks / 2; ++k) {
        const Block &a = blocks_[2 * k], &b = blocks_[2 * k + 1];
        blocks_[k] = {a.count + b.count, a.x + b.x, a.y + b.y};
      }
      blocks_.resize(kMostBlocks / 2);
      block_size_ *= 2;
    }
    blocks_.emplace_back();
  }
  Block& last = blocks_.back();
  last = {last.count + 1, last.x + x, last.y + y};
}

double SeriesFit::standard_error() const {
  LineFit means;
  for (const Block& block : blocks_) {
    if (block.count == block_size_) means.add(block.x / block.count, block.y / block.count);
  }
  return means.standard_error();
}

RunStatistics::RunStatistics(const Systems& systems, double timestep)
    : boltzmann_(systems.units.boltzmann),
      timestep_(timestep),
      degrees_(systems.degrees_of_freedom),
      all_degrees_(std::accumulate(degrees_.begin(), degrees_.end(), 0)),
      systems_series_(systems.structures.size()) {}

void RunStatistics::add(Series& series, double time, double shadow, double kinetic) const {
  series.mean_kinetic += (kinetic - series.mean_kinetic) / static_cast<double>(samples_);
  if (!std::isfinite(shadow)) return;
  if (series.shadow.count() == 0) series.first = shadow;
  series.shadow.add(time, shadow - series.first);
}

void RunStatistics::add(const Sample& sample) {
  ++samples_;
  const double time = static_cast<double>(sample.step) * timestep_ / (kFsPerPs * kPsPerNs);
  double shadow = 0;
  last_kinetic_ = 0;
  for (std::size_t s = 0; s < sample.systems.size(); ++s) {
    add(systems_series_[s], time, sample.systems[s].shadow(), sample.systems[s].kinetic);
    shadow += sample.systems[s].shadow();
    last_kinetic_ += sample.systems[s].kinetic;
  }
  add(all_, time, shadow, last_kinetic_);
}

RunStatistics::Drift RunStatistics::drift_of(const Series& series) {
  if (series.mean_kinetic <= 0) return {};
  const double percent = 100 / series.mean_kinetic;
  return {series.shadow.slope() * percent, series.shadow.standard_error() * percent};
}

RunStatistics::Drift RunStatistics::drift() const { return drift_of(all_); }
RunStatistics::Drift RunStatistics::drift(int system) const {
  return drift_of(systems_series_[static_cast<std::size_t>(system)]);
}

double RunStatistics::mean_temperature() const { return temperature(all_.mean_kinetic, all_degrees_, boltzmann_); }
double RunStatistics::mean_temperature(int system) const {
  const auto s = static_cast<std::size_t>(system);
  return temperature(systems_series_[s].mean_kinetic, degrees_[s], boltzmann_);
}
double RunStatistics::last_temperature() const { return temperature(last_kinetic_, all_degrees_, boltzmann_); }

}  // namespace mlffgen::md
