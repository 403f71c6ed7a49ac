// Times as a GPU gives them: scattered log-normally, now and then far too long, on a clock that drifts.
#pragma once

#include <cmath>
#include <random>

namespace tuning_test {

struct NoiseOptions {
  double scatter = 0.03;        // of the logarithm
  double outliers = 0.03;       // so often ...
  double outlier_factor = 4.0;  // ... up to so much longer
  double drift = 0.1;           // how far the clock goes and comes back ...
  double period = 500;          // ... in so many samples
};

class Noise {
 public:
  explicit Noise(std::uint64_t seed, NoiseOptions options = {}) : options_(options), random_(seed) {}

  double operator()(double time) {
    time *= std::exp(options_.scatter * normal_(random_));
    if (uniform_(random_) < options_.outliers) time *= 1 + (options_.outlier_factor - 1) * uniform_(random_);
    constexpr double kTurn = 6.283185307179586;
    return time * (1 + options_.drift * std::sin(kTurn * samples_++ / options_.period));
  }

 private:
  NoiseOptions options_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  double samples_ = 0;
};

}  // namespace tuning_test
