// How long the steps of a call take: each kernel and each copy on a GPU, each phase on a processor. Microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlffgen::runtime {

// Of repeated measurements, microseconds. Percentiles are interpolated between neighbouring samples.
struct Spread {
  double median = 0, p5 = 0, p95 = 0;
};

// Interpolated between neighbouring samples, of which there is at least one; fraction from 0 to 1.
double quantile(const std::vector<double>& sorted, double fraction);

// InternalError without a sample.
Spread spread_of(std::vector<double> microseconds);

struct ProfileOptions {
  int repeats = 100;  // calls that are timed, at least one
  int warm_up = 10;   // calls before; those that make room and record a GPU's graph come on top
};

struct Profile {
  struct Step {
    std::string part;  // of the call: "copy in", "list", "model", "reductions", "copy out"; on a processor "results"
    std::string name;  // of the kernel, or what it does
    Spread time;
    unsigned blocks = 0, threads = 0, shared_bytes = 0;  // the launch of a kernel, all 0 for what is none
    std::size_t bytes = 0;                               // of a copy or a fill
  };

  // In order. On a GPU they are launched one by one, and the time of one reaches from the end of the step before to its
  // own end, on the GPU's clock.
  std::vector<Step> steps;
  Spread all_steps;  // from the start of the first to the end of the last, of the same calls

  Spread call;                       // the whole of evaluate() as it usually runs, wall clock
  std::optional<Spread> graph;       // on a GPU with graphs: the steps as one graph, on the GPU's clock
  std::optional<Spread> plain_call;  // ... and the whole call without graphs, wall clock

  int n_systems = 0, n_atoms = 0;
  std::int64_t n_pairs = 0;  // directed, both directions count
  int tile_atoms = 0;        // atoms a block

  double sum_of_steps() const;  // of the medians
};

// The wall clock around calls. UserError for repeats below 1 or a warm-up below 0.
Spread time_calls(const ProfileOptions& options, const std::function<void()>& call);

}  // namespace mlffgen::runtime
