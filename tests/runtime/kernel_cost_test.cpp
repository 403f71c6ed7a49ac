#include "runtime/kernel_cost.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "runtime/bundle.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

const std::string kItem =
    R"({"operations": 1, "transcendental_calls": 2, "gathered": 3, "loaded": 4, "stored": 5, "weights": 6})";
const std::string kGood = R"({"phase_0": {"pair": )" + kItem + R"(, "batch": )" + kItem + R"(, "atom": )" + kItem +
                          R"(, "tile": )" + kItem + R"(, "scalar_products": 7, "vector_products": 8}})";

Bundle bundle_with(const std::string& costs) {
  const std::string bytes = Bundle::serialise({{"cost", costs}});
  return Bundle::parse({bytes.begin(), bytes.end()}, "m.mlff");
}

// A message of 10 operations a pair, 4 numbers gathered and 20 of a table; products of 64 + 96 operations an atom.
KernelCost message() {
  KernelCost cost;
  cost.pair = {10, 1, 4, 5, 3, 20};
  cost.batch.operations = 2;
  cost.atom = {200, 0, 0, 6, 7, 1};
  cost.tile.weights = 50;
  cost.scalar_products = 64;
  cost.vector_products = 96;
  return cost;
}

}  // namespace

TEST_CASE("costs are read as written, and a bundle without them has none") {
  const auto costs = read_costs(bundle_with(kGood));
  REQUIRE(costs.size() == 1);
  const KernelCost& cost = costs.at("phase_0");
  CHECK(cost.pair.operations == 1);
  CHECK(cost.batch.transcendental_calls == 2);
  CHECK(cost.atom.gathered == 3);
  CHECK(cost.tile.loaded == 4);
  CHECK(cost.pair.stored == 5);
  CHECK(cost.tile.weights == 6);
  CHECK(cost.scalar_products == 7);
  CHECK(cost.vector_products == 8);
  const std::string bytes = Bundle::serialise({{"plan", "{}"}});
  CHECK(read_costs(Bundle::parse({bytes.begin(), bytes.end()}, "m.mlff")).empty());
}

TEST_CASE("costs that are damaged are refused with their place") {
  const auto error_of = [](const std::string& costs) {
    try {
      read_costs(bundle_with(costs));
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto replaced = [](const std::string& from, const std::string& to) {
    std::string text = kGood;
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK(error_of("[]") == "m.mlff: section 'cost': it is not a JSON object; compile the model again");
  CHECK(error_of("{").find("not a JSON object") != std::string::npos);
  CHECK(error_of(R"({"k": 3})").find("kernel 'k' has no 'pair'") != std::string::npos);
  CHECK(error_of(replaced("\"gathered\": 3", "\"gathered\": -3")).find("kernel 'phase_0': 'gathered' is not a count") !=
        std::string::npos);
  CHECK(error_of(replaced("\"stored\": 5", "\"stored\": \"5\"")).find("'stored' is not a count") != std::string::npos);
  CHECK(error_of(replaced("\"vector_products\"", "\"products\"")).find("has no 'vector_products'") !=
        std::string::npos);
}

TEST_CASE("the work of a call is that of its pairs, batches, atoms and tiles") {
  CallSize size{.atoms = 16, .pairs = 80, .tile_atoms = 8, .pair_batch = 2};
  const KernelWork work = evaluate(message(), size);
  // 5 neighbours an atom are two batches of two and one pair by itself.
  CHECK(work.flops == 80 * 10 + 16 * 3 * 2 + 16 * (200 - 64 - 96));
  CHECK(work.tensor_flops == 3 * 16 * (64 + 96));  // 8 rows, and 24, leave none to fill
  CHECK(work.gathered == 4 * 80 * 4);
  CHECK(work.tables == 4 * 80 * 20);
  CHECK(work.block_weights == 4 * 50);
  CHECK(work.weights == 4 * 2 * 50);
  CHECK(work.streamed == 4 * (80 * 8 + 50 + 16 * (6 + 7 + 4)) + 4 * 80);
  CHECK(work.bytes() == work.gathered + work.tables + work.weights + work.streamed);
}

TEST_CASE("tensor cores work on rows in eights, whatever a tile has") {
  CallSize size{.atoms = 7, .pairs = 0, .tile_atoms = 3, .pair_batch = 2};
  // Tiles of 3, 3 and 1 atoms: 8 rows each of scalars; 16, 16 and 8 of vectors.
  const KernelWork work = evaluate(message(), size);
  CHECK(work.tensor_flops == doctest::Approx(3 * (64 * 24 + 96 * 40 / 3.0)));
  CHECK(work.weights == 4 * 3 * 50);
}

TEST_CASE("double builds have no tensor cores and twice the bytes") {
  CallSize size{.atoms = 16, .pairs = 80, .tile_atoms = 8, .pair_batch = 2, .precision = Precision::double_precision};
  const KernelWork work = evaluate(message(), size);
  CHECK(work.tensor_flops == 0);
  CHECK(work.flops == 80 * 10 + 16 * 3 * 2 + 16 * 200);
  CHECK(work.gathered == 8 * 80 * 4);
}

TEST_CASE("a call without atoms is no work") {
  const KernelWork work = evaluate(message(), {});
  CHECK(work.flops == 0);
  CHECK(work.tensor_flops == 0);
  CHECK(work.weights == 0);
}
