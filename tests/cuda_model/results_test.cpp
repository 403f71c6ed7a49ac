// What a GPU computes is what the host computes.
#include <doctest/doctest.h>

#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"
#include "runtime/kernels/device_neighbour_list.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Result;
using runtime::Structure;

namespace {

std::vector<Structure> mixed_structures() {
  std::vector<Structure> structures = {test::molecule(5, 1), test::crystal(1, 1, 2, 7, 2), test::molecule(1, 3)};
  for (int periodicity = 0; periodicity < 8; ++periodicity) {
    structures.push_back(test::crystal(2, 2, 1, periodicity, static_cast<unsigned>(10 + periodicity)));
  }
  structures.push_back(test::molecule(13, 4));
  for (auto& r : structures.back().positions) r[0] += 1000;  // far from the origin
  return structures;
}

void check_against_host(const runtime::Bundle& bundle, const std::vector<Structure>& structures, double bound) {
  cuda_model::CudaModel model(bundle);
  runtime::HostModel host(bundle);
  const std::vector<Result> results = model.evaluate(structures);
  const std::vector<Result> reference = host.evaluate(structures);
  REQUIRE(results.size() == structures.size());
  for (std::size_t s = 0; s < structures.size(); ++s) {
    CAPTURE(s);
    const test::Deviation worst = test::deviation(results[s], reference[s]);
    CHECK(worst.energy <= bound);
    CHECK(worst.force <= bound);
    CHECK(worst.virial <= bound);
  }
}

}  // namespace

TEST_CASE("energies, forces and virials of a double build are those of the host") {
  check_against_host(test::small_bundle(true), mixed_structures(), 1e-12);
}

TEST_CASE("energies, forces and virials of a float build are those of the host to rounding") {
  check_against_host(test::small_bundle(false), mixed_structures(), 2e-5);
}

TEST_CASE("a model whose dense layers run on tensor cores gives what the host gives to rounding") {
  const runtime::Plan plan = runtime::read_plan(test::wide_bundle());
  CHECK(std::any_of(plan.constants.begin(), plan.constants.end(), [](const auto& c) { return c.inputs > 0; }));
  check_against_host(test::wide_bundle(), mixed_structures(), 2e-5);
}

TEST_CASE("a system gives the same alone and in a batch, and a batch the same bits after larger and smaller ones") {
  cuda_model::CudaModel model(test::small_bundle(true));
  const std::vector<Structure> structures = mixed_structures();
  const std::vector<Result> together = model.evaluate(structures);
  for (std::size_t s = 0; s < structures.size(); ++s) {
    CAPTURE(s);
    CHECK(test::nearly_same(model.evaluate({&structures[s], 1})[0], together[s]));
  }
  CHECK(test::same_bits(model.evaluate(structures), together));
}

TEST_CASE("a graph, its first capture and single launches give the same bits") {
  const std::vector<Structure> structures = {test::molecule(6, 1), test::crystal(2, 1, 1, 7, 2)};
  cuda_model::CudaModel with(test::small_bundle(true)), without(test::small_bundle(true), {.graphs = false});
  const std::vector<Result> expected = without.evaluate(structures);
  for (int k = 0; k < 4; ++k) CHECK(test::same_bits(with.evaluate(structures), expected));
  CHECK(without.statistics().captures == 0);
  CHECK(without.statistics().replays == 0);
  CHECK(with.statistics().captures == 1);
  CHECK(with.statistics().replays >= 2);
  // Other positions, and fewer atoms of the same steps of capacity: the same graph.
  const std::vector<Structure> others = {test::molecule(4, 5), test::crystal(1, 1, 1, 7, 6)};
  CHECK(test::same_bits(with.evaluate(others), without.evaluate(others)));
  CHECK(with.statistics().captures == 1);
}

TEST_CASE("energies alone have the bits that they have with forces") {
  for (const bool double_precision : {false, true}) {
    cuda_model::CudaModel model(test::small_bundle(double_precision));
    const std::vector<Structure> structures = mixed_structures();
    const std::vector<Result> full = model.evaluate(structures);
    for (int k = 0; k < 3; ++k) {
      const std::vector<Result> energies = model.evaluate(structures, {.forces = false});
      for (std::size_t s = 0; s < structures.size(); ++s) {
        CHECK(energies[s].energy == full[s].energy);
        CHECK(energies[s].atom_energies == full[s].atom_energies);
        CHECK(energies[s].forces.empty());
        CHECK(std::isnan(energies[s].virial[0]));
      }
    }
  }
}

TEST_CASE("a hundred evaluations give the same bits") {
  cuda_model::CudaModel model(test::small_bundle(false));
  const std::vector<Structure> structures = {test::molecule(3, 1), test::crystal(1, 1, 2, 7, 2)};
  const std::vector<Result> first = model.evaluate(structures);
  for (int k = 1; k < 100; ++k) CHECK(test::same_bits(model.evaluate(structures), first));
}

TEST_CASE("room grows with what is asked for, once") {
  cuda_model::CudaModel model(test::small_bundle(true));
  runtime::HostModel host(test::small_bundle(true));
  std::size_t bytes = 0;
  for (const int n : {1, 20, 60, 20, 1}) {
    const std::vector<Structure> structures = {test::molecule(n, static_cast<unsigned>(n))};
    CHECK(test::deviation(model.evaluate(structures)[0], host.evaluate(structures)[0]).force <= 1e-12);
    CHECK(model.statistics().device_bytes >= bytes);
    bytes = model.statistics().device_bytes;
  }
  const std::size_t regrowths = model.statistics().regrowths;
  CHECK(regrowths >= 3);
  const std::vector<Structure> structures = {test::molecule(60, 60)};
  model.evaluate(structures);
  CHECK(model.statistics().regrowths == regrowths);
  CHECK(model.statistics().device_bytes == bytes);
}

TEST_CASE("a skin changes which pairs are searched for, not what they give") {
  cuda_model::CudaModel model(test::small_bundle(true), {.skin = 0.5});
  runtime::HostModel host(test::small_bundle(true));
  std::vector<Structure> structures = {test::crystal(2, 2, 2, 7, 3)};
  for (int step = 0; step < 4; ++step) {
    CHECK(test::deviation(model.evaluate(structures)[0], host.evaluate(structures)[0]).force <= 1e-12);
    for (std::size_t i = 0; i < structures[0].positions.size(); ++i) structures[0].positions[i][i % 3] += 0.08;
  }
}

TEST_CASE("systems that are sorted into cells give what the host gives, with a skin and without") {
  constexpr double kSparse = 2.2;  // few neighbours, as there are many atoms
  Structure structure = test::crystal(13, 9, 9, 7, 3);
  REQUIRE(kernels::DeviceNeighbourList::path_for(static_cast<int>(structure.positions.size())) ==
          kernels::ListPath::cells);
  for (auto* vectors : {structure.positions.data(), structure.cell.data()}) {
    const std::size_t count = vectors == structure.cell.data() ? 3 : structure.positions.size();
    for (std::size_t k = 0; k < count; ++k) {
      for (double& x : vectors[k]) x *= kSparse;
    }
  }
  runtime::HostModel host(test::small_bundle(true));
  cuda_model::CudaModel plain(test::small_bundle(true)), with_skin(test::small_bundle(true), {.skin = 0.4});
  CHECK(test::nearly_same(plain.evaluate({&structure, 1}), host.evaluate({&structure, 1})));
  for (int step = 0; step < 2; ++step) {
    CHECK(test::nearly_same(with_skin.evaluate({&structure, 1}), host.evaluate({&structure, 1})));
    for (std::size_t i = 0; i < structure.positions.size(); ++i) structure.positions[i][i % 3] += 0.15;
  }
}
