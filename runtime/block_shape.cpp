#include "runtime/block_shape.h"

#include <algorithm>

#include "base/error.h"

namespace mlffgen::runtime {
namespace {

constexpr const char* kLanes = "MLFF_LANES";
constexpr const char* kTeams = "MLFF_TEAMS";
constexpr const char* kPairBatch = "MLFF_PAIR_BATCH";
constexpr const char* kPairChunk = "MLFF_PAIR_CHUNK";
constexpr const char* kWeightSteps = "MLFF_WEIGHT_STEPS";

constexpr int kWarp = 32;
constexpr int kStepNumbers = 8;  // of a step of weights, a thread

const Tunable& tunable_named(const std::vector<Tunable>& tunables, const std::string& define) {
  const auto found = std::find_if(tunables.begin(), tunables.end(), [&](const auto& t) { return t.define == define; });
  if (found == tunables.end()) throw InternalError("the model has no tunable " + define);
  return *found;
}

int whole_quads(int numbers) { return (numbers + 3) / 4 * 4; }

}  // namespace

const std::vector<std::string>& shape_defines() {
  static const std::vector<std::string> defines = {kLanes, kTeams, kTileDefine, kPairBatch, kPairChunk, kWeightSteps};
  return defines;
}

BlockShape shape_of(const std::vector<Tunable>& tunables, const Configuration& configuration) {
  const auto value = [&](const char* define) {
    const auto found = configuration.find(define);
    return found == configuration.end() ? tunable_named(tunables, define).value : found->second;
  };
  return {value(kLanes), value(kTeams), value(kTileDefine), value(kPairBatch), value(kPairChunk), value(kWeightSteps)};
}

std::string problem_with(const BlockShape& shape) {
  constexpr int kMostThreads = 1024;
  if (shape.threads() > kMostThreads) return "more than 1024 threads";
  if (shape.pair_batch > shape.pair_chunk) return "a batch of pairs is larger than a chunk";
  return "";
}

std::size_t shared_bytes(const SharedNeed& need, const BlockShape& shape, Precision precision) {
  const int real = precision == Precision::single_precision ? 4 : 8;
  const int warps = shape.lanes / kWarp;  // of a team
  const int ring = need.products && precision == Precision::single_precision
                       ? shape.weight_steps * shape.threads() * kStepNumbers
                       : 0;
  const int scratch = warps > 1 ? warps * kWarp : 0;
  const int team = whole_quads(shape.pair_chunk * (need.record_bytes / real + warps * need.sum_numbers) +
                               shape.pair_batch * need.team_numbers + scratch);
  const int numbers = ring + whole_quads(shape.tile * need.tile_numbers) + shape.teams * team;
  return static_cast<std::size_t>(numbers) * static_cast<std::size_t>(real);
}

std::optional<Configuration> fitting_defaults(const std::vector<Tunable>& tunables,
                                              const std::vector<SharedNeed>& kernels, Precision precision,
                                              std::size_t limit) {
  const Tunable& tile = tunable_named(tunables, kTileDefine);
  std::vector<int> choices = {tile.value};
  for (const int atoms : tile.choices) {
    if (atoms < tile.value) choices.push_back(atoms);
  }
  std::sort(choices.rbegin(), choices.rend());
  for (const int atoms : choices) {
    const Configuration configuration = {{kTileDefine, atoms}};
    const BlockShape shape = shape_of(tunables, configuration);
    const bool fits = std::all_of(kernels.begin(), kernels.end(), [&](const SharedNeed& need) {
      return shared_bytes(need, shape, precision) <= limit;
    });
    if (fits) return configuration;
  }
  return std::nullopt;
}

}  // namespace mlffgen::runtime
