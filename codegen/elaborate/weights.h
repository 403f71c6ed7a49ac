// Where the numbers of a model come from: a weight file, or a deterministic generator for models not trained yet.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "codegen/ir/tensor.h"
#include "dsl/safetensors.h"

namespace mlffgen::elaborate {

// How an untrained model fills a weight.
enum class Initial {
  random,  // normal, standard deviation 1 / sqrt(columns)
  zero,
  range,    // evenly from 0 to the cutoff
  spacing,  // the distance between neighbours of `range`
};

struct WeightRequest {
  std::string name;
  std::vector<std::int64_t> shape;  // -1: any extent of at least minimum_rows (first dimension only)
  std::int64_t minimum_rows = 1;
  Initial initial = Initial::random;
  SourceLocation where;  // in the program
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Throws UserError for a missing name or another shape.
  virtual ir::TensorPtr get(const WeightRequest& request) = 0;
  // Floating-point tensors that were never asked for.
  virtual std::vector<std::string> unused() const = 0;
};

std::unique_ptr<WeightSource> weights_from(dsl::WeightFile file);
std::unique_ptr<WeightSource> untrained_weights(std::uint64_t seed, double cutoff);

}  // namespace mlffgen::elaborate
