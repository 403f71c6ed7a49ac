#include "runtime/kernel_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "runtime/bundle.h"

namespace mlffgen::runtime {
namespace {

using Json = nlohmann::json;

constexpr const char* kSection = "cost";
constexpr double kMostOfAnItem = 1e15;
constexpr double kSplitProducts = 3;  // of half precision for one of float (templates/tile_product.cuh)
constexpr double kRowsAtOnce = 8;     // of a tensor core's product
constexpr double kIndexBytes = 4;     // of a pair's neighbour

class CostReader {
 public:
  explicit CostReader(std::string origin) : origin_(std::move(origin)) {}

  std::map<std::string, KernelCost> read(std::string_view text) {
    const Json root = Json::parse(text.begin(), text.end(), nullptr, false);
    if (!root.is_object()) fail("it is not a JSON object");
    std::map<std::string, KernelCost> costs;
    for (const auto& [kernel, value] : root.items()) {
      where_ = "kernel " + quote(kernel);
      costs[kernel] = kernel_cost(value);
    }
    return costs;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw UserError(fmt::format("{}: section '{}': {}; compile the model again", origin_, kSection, message));
  }

  const Json& member(const Json& object, const char* key) const {
    if (!object.is_object() || !object.contains(key)) fail(fmt::format("{} has no '{}'", where_, key));
    return object[key];
  }

  double number(const Json& object, const char* key) const {
    const Json& value = member(object, key);
    const double result = value.is_number() ? value.get<double>() : -1;
    if (!(result >= 0 && result <= kMostOfAnItem)) fail(fmt::format("{}: '{}' is not a count", where_, key));
    return result;
  }

  ItemCost item(const Json& object, const char* key) const {
    const Json& value = member(object, key);
    return {number(value, "operations"), number(value, "transcendental_calls"),
            number(value, "gathered"),   number(value, "loaded"),
            number(value, "stored"),     number(value, "weights")};
  }

  KernelCost kernel_cost(const Json& value) const {
    return {item(value, "pair"),
            item(value, "batch"),
            item(value, "atom"),
            item(value, "tile"),
            number(value, "scalar_products"),
            number(value, "vector_products")};
  }

  std::string origin_, where_;
};

// Operations of products of so many rows an atom, with the rows of each tile filled up.
double product_operations(double of_atom, int rows, const CallSize& size) {
  const auto filled = [&](double atoms) { return std::ceil(rows * atoms / kRowsAtOnce) * kRowsAtOnce / rows; };
  const double tiles = std::floor(size.atoms / size.tile_atoms);
  return of_atom * (tiles * filled(size.tile_atoms) + filled(size.atoms - tiles * size.tile_atoms));
}

// Pairs left over after the full batches are taken one by one.
double batches_of(const CallSize& size) {
  const double neighbours = size.atoms > 0 ? size.pairs / size.atoms : 0;
  const double full = std::floor(neighbours / size.pair_batch);
  return size.atoms * (full + (neighbours - full * size.pair_batch));
}

}  // namespace

std::map<std::string, KernelCost> read_costs(const Bundle& bundle) {
  if (!bundle.has(kSection)) return {};
  return CostReader(bundle.path()).read(bundle.text(kSection));
}

KernelWork evaluate(const KernelCost& cost, const CallSize& size) {
  const bool split = size.precision == Precision::single_precision;
  const double real = split ? 4 : 8;
  const double products = split ? cost.scalar_products + cost.vector_products : 0;
  KernelWork work;
  work.flops = cost.pair.operations * size.pairs + cost.batch.operations * batches_of(size) +
               (cost.atom.operations - products) * size.atoms;
  if (split) {
    work.tensor_flops = kSplitProducts * (product_operations(cost.scalar_products, 1, size) +
                                          product_operations(cost.vector_products, 3, size));
  }
  work.gathered = real * cost.pair.gathered * size.pairs;
  work.tables = real * cost.pair.weights * size.pairs;
  work.block_weights = real * cost.tile.weights;
  work.weights = work.block_weights * std::ceil(size.atoms / size.tile_atoms);
  const double of_pairs = cost.pair.loaded + cost.pair.stored;
  work.streamed = real * (of_pairs * size.pairs + cost.tile.weights) +
                  real * (cost.atom.loaded + cost.atom.stored + cost.pair.gathered) * size.atoms +
                  (of_pairs > 0 ? kIndexBytes * size.pairs : 0);
  return work;
}

}  // namespace mlffgen::runtime
