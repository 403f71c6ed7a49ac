// What `mlffgen bench` has measured, and the figures that follow from it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/comparison.h"
#include "cli/random_structures.h"
#include "cli/statistics.h"

namespace mlffgen::cli {

inline constexpr double kBenchTimestep = 0.5;  // fs, of the simulated time in a day

inline constexpr const char* kPeerEager = "PyTorch";
inline constexpr const char* kPeerGraph = "PyTorch as a CUDA graph";

// One way to compute the energies and the forces of a cell.
struct BenchSide {
  std::string name;                  // "device pointers"
  std::vector<double> milliseconds;  // of each call, in their order
  // Of the forces against those of a double build, and against PyTorch in float64; the model's units.
  std::optional<Comparison::Forces> double_error, pytorch_error;
  std::string problem;  // why there are no times

  bool measured() const { return !milliseconds.empty(); }
};

// A batch of structures of one size, computed in one call.
struct BenchCell {
  StructureSize size;
  int batch = 1;
  std::int64_t pairs = 0;        // ordered, within the cutoff, of the whole batch
  std::size_t bytes_held = 0;    // by the model behind its calls: memory of the GPU, or the host's
  std::vector<BenchSide> sides;  // of this program, then of PyTorch; the first is the headline

  std::int64_t atoms() const { return std::int64_t{size.atoms} * batch; }
};

struct Throughput {
  double structures = 0;  // a second
  double atom_steps = 0;  // atoms times steps a second
  double ns_per_day = 0;  // simulated time of each structure, at kBenchTimestep
};
Throughput throughput(const BenchCell& cell, double milliseconds);

// A step from PyTorch to all that this program does, each with what the steps before it brought.
struct AblationRung {
  std::string name, what;
  std::vector<double> milliseconds;       // of each call, or of each of several that share the GPU
  std::vector<double> list_milliseconds;  // of these, for the neighbour list, where it is made apart
  std::optional<Comparison::Forces> double_error;
  std::string problem;  // why it is not available

  bool measured() const { return !milliseconds.empty(); }
  double median() const { return summarise(milliseconds).median; }
};

struct AblationCell {
  StructureSize size;
  int batch = 1;
  std::vector<AblationRung> rungs;

  std::string text() const;  // "100", "64x20"
};

// By how much a rung is faster than the first that was measured, and than the one before that was; none for a rung that
// was not.
struct AblationGain {
  double over_first = 1, over_last = 1;
};
std::vector<std::optional<AblationGain>> ablation_gains(const AblationCell& cell);

// PyTorch on the same weights.
struct BenchBaseline {
  bool measured = false;
  std::string reason;    // why not, or why no further
  nlohmann::json facts;  // `pytorch`, `python`, `device`, `dialect`, as the peer tells
};

struct BenchReport {
  std::string version, date, command, model_file, model, precision, device, energy_unit, length_unit;
  double cutoff = 0;  // length unit
  nlohmann::json machine;
  nlohmann::json limits;  // `repeats`, `warm_up`, `seconds`, `threads`
  BenchBaseline baseline;
  std::vector<BenchCell> cells;
  std::vector<AblationCell> ablation;
  std::vector<std::string> left_out;  // cells with too many atoms, such as "64 x 8000p"
  std::vector<std::string> notes;     // what a reader must know
  std::vector<std::string> advice;    // what was tuned for the sizes of the cells, as CudaModel::advice() tells it
  std::string stopped_by;             // "SIGINT", or empty
};

// All of it, with each call's time.
nlohmann::json bench_json(const BenchReport& report);

}  // namespace mlffgen::cli
