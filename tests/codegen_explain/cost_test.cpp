// The cost model counts what the kernels do.
#include "codegen/explain/cost.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "codegen/emit/emit.h"
#include "compiled.h"
#include "emitted_operations.h"

using namespace mlffgen;
using namespace mlffgen::test;

TEST_CASE("the cost of a pair energy is the one counted by hand") {
  const Compiled model = compile(spec_of_program("s = sum_j(exp(-distance))\nenergy = sum_i(s)"), inline_radial());
  REQUIRE(model.schedule.phases.size() >= 1);
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  const explain::Work& pair = cost.phases[0].pair;
  // exp counts 8, adding to the sum 1; the gradient: -(-exp) u, 3 products, and the first term needs no addition.
  CHECK(pair.operations == 8 + 1 + 3 + 8 * (cost.phases[0].pair.transcendental_calls - 1));
  CHECK(pair.loaded == 4);
  CHECK(pair.gathered == 0);
  CHECK(pair.stored == 3);
  CHECK(cost.phases[0].atom.stored == 1);
  CHECK(cost.buffer_numbers == 0);
}

TEST_CASE("the cost of a message and a map is the one counted by hand") {
  // Phase 0: x = W s is a table. Phase 1: nothing is gathered but from phase 0's buffers.
  const Compiled model = compile(spec_of_program("s = embedding(element, \"e\", features)\n"
                                                 "s += sum_j(s[j] * (1 - distance / cutoff))\n"
                                                 "h = linear(s, \"w\", 8)\n"
                                                 "energy = sum_i(linear(silu(h), \"o\", 1))"),
                                 inline_radial());
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  REQUIRE(cost.phases.size() == 2);
  REQUIRE(cost.energy_phases == 1);
  // The factor of the cutoff, in the loop over 4 channels: -(r / 5) + 1 is 2 operations; times s_j 1; summed 1.
  CHECK(cost.phases[0].pair.operations == 4 * (2 + 1 + 1));
  CHECK(cost.phases[0].pair.weights == 4);  // the table's row of the neighbour's element
  // Of the energy: s + sum 4; 4 x 8 map; silu of 8; 8 x 1 map.
  // Of the gradient: silu' of 8 (10 + 4 of arithmetic), times the row of "o" 8; transposed map 8 x 4.
  CHECK(cost.phases[0].atom.operations == 4 + 2 * 4 * 8 + 8 * 10 + 2 * 8 + (8 * 14 + 8) + 2 * 8 * 4);
  CHECK(cost.phases[0].atom.stored == 4 + 1);  // the adjoint of s, and the energy
  CHECK(cost.phases[0].tile.weights == (4 * 8 + 8) + 8 + 4 * 8);
  CHECK(cost.phases[1].pair.gathered == 4);
  CHECK(cost.buffer_numbers == 4);
  CHECK(cost.forward_buffer_numbers == 0);
  CHECK(cost.forward_slot_numbers == 0);
}

TEST_CASE("operations are those of the emitted text, for every architecture") {
  // With 16 features tensor cores can take most products, and their inputs are operands.
  for (const std::string sizes : {"features: 6, layers: 2, readout: 5", "features: 16, layers: 2, readout: 16"}) {
    for (const std::string& architecture : dsl::builtin_architectures()) {
      CAPTURE(sizes);
      CAPTURE(architecture);
      const Compiled model = compile(spec_of_architecture(architecture, sizes), inline_radial());
      const emit::Source source = emit::emit_source(model.result.graph, model.schedule, {});
      const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
      for (std::size_t p = 0; p < cost.phases.size(); ++p) {
        CAPTURE(p);
        const Operations emitted = count_operations(kernel_text(source.cuda, static_cast<int>(p)));
        CHECK(emitted.pair > 0);
        CHECK(cost.phases[p].pair.operations == emitted.pair);
        CHECK(cost.phases[p].batch.operations == emitted.batch);
        CHECK(cost.phases[p].atom.operations == emitted.atom);
      }
    }
  }
}

TEST_CASE("totals add up over phases and items") {
  const Compiled model = compile(spec_of_architecture("painn-schnetpack", "features: 8"));
  explain::CostOptions options;
  options.neighbours = 10;
  options.pair_batch = 4;  // two full batches, and two pairs one by one
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule, options);
  double operations = 0;
  for (const explain::PhaseCost& phase : cost.phases) {
    operations += 10 * phase.pair.operations + 4 * phase.batch.operations + phase.atom.operations;
  }
  CHECK(cost.energy_gradient.operations == doctest::Approx(operations));
  CHECK(cost.gradient_ratio == doctest::Approx(cost.energy_gradient.operations / cost.energy.operations));
}

TEST_CASE("the gradient costs less than four times the energy, and its kernels less than a recorded forward pass") {
  const Compiled model = compile(spec_of_architecture("painn-schnetpack", ""));
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  CHECK(cost.gradient_ratio > 1);
  CHECK(cost.gradient_ratio < 4);
  CHECK(cost.energy.operations < cost.energy_as_run.operations);
  CHECK(cost.energy_as_run.operations < cost.energy_gradient.operations);
  CHECK(cost.buffer_numbers == model.schedule.numbers_per_atom());
  CHECK(cost.buffer_numbers < cost.forward_values);
  CHECK(cost.buffer_numbers < 2 * cost.forward_slot_numbers);
}

TEST_CASE("products of tensor cores are counted by their rows, and no others") {
  const Compiled narrow = compile(spec_of_architecture("painn-schnetpack", "features: 6, layers: 2, readout: 5"));
  for (const explain::PhaseCost& phase : explain::cost_of(narrow.result.graph, narrow.schedule).phases) {
    CHECK(phase.scalar_products == 0);
    CHECK(phase.vector_products == 0);
  }
  const Compiled model =
      compile(spec_of_program("s = sum_j(embedding(element, \"e\", 16)[j] * (1 - distance / cutoff))\n"
                              "h = linear(s, \"w\", 32)\n"
                              "energy = sum_i(linear(silu(h), \"o\", 1))"),
              inline_radial());
  const explain::PhaseCost phase = explain::cost_of(model.result.graph, model.schedule).phases.at(0);
  CHECK(phase.scalar_products == 2 * (16 * 32) * 2);  // and its transpose in the gradient
  CHECK(phase.vector_products == 0);
  const Compiled wide = compile(spec_of_architecture("painn-schnetpack", "features: 16, layers: 2, readout: 16"));
  double vectors = 0;
  for (const explain::PhaseCost& each : explain::cost_of(wide.result.graph, wide.schedule).phases) {
    CHECK(each.scalar_products + each.vector_products <= each.atom.operations);
    vectors += each.vector_products;
  }
  // The mix of each layer is 16 x 32 for 3 components, there and, but for the last layer's unused half, back.
  CHECK(vectors >= 2 * 2 * (3 * 16 * 32));
  CHECK(std::fmod(vectors, 2 * 3 * 16 * 16) == 0);
}

TEST_CASE("costs of kernels stand under their names") {
  const Compiled model = compile(spec_of_architecture("schnet", "features: 16, filters: 16"));
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  std::vector<std::string> names;
  for (std::size_t p = 0; p < cost.phases.size(); ++p) names.push_back("kernel_" + std::to_string(p));
  const nlohmann::json json = explain::costs_json(model.result.graph, model.schedule, names);
  REQUIRE(json.size() == names.size());
  CHECK(json["kernel_1"]["pair"]["gathered"] == cost.phases[1].pair.gathered);
  CHECK(json["kernel_0"]["scalar_products"] == cost.phases[0].scalar_products);
  names.pop_back();
  CHECK_THROWS_AS(explain::costs_json(model.result.graph, model.schedule, names), InternalError);
}

TEST_CASE("the cost as JSON has the numbers of the struct") {
  const Compiled model = compile(spec_of_architecture("schnet", "features: 8, filters: 8"));
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  const nlohmann::json json = explain::to_json(cost);
  REQUIRE(json["phases"].size() == cost.phases.size());
  CHECK(json["phases"][1]["pair"]["gathered"] == cost.phases[1].pair.gathered);
  CHECK(json["energy_gradient"]["operations"] == cost.energy_gradient.operations);
  CHECK(json["buffer_numbers"] == cost.buffer_numbers);
}

TEST_CASE("spline tables count their basis and one product and sum for each coefficient") {
  passes::Options options;
  options.radial = passes::RadialForm::spline;
  const Compiled model =
      compile(spec_of_program("s = sum_j(linear(gaussian(distance, weight(\"o\", 5, initial=\"range\"), "
                              "weight(\"w\", 5, initial=\"spacing\")), \"f\", 4))\n"
                              "energy = sum_i(linear(s, \"e\", 1))"),
              options);
  const explain::ModelCost cost = explain::cost_of(model.result.graph, model.schedule);
  REQUIRE(model.result.graph.spline_grid.degree == 5);
  bool has_table = false;
  for (const explain::PhaseCost& phase : cost.phases) has_table |= phase.pair.weights >= 6 * 4;
  CHECK(has_table);
}
