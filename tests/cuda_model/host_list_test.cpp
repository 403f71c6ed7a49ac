// A list made on the processor gives the results of the list made on the GPU.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Result;
using runtime::Structure;

namespace {

// Clusters, a crystal in every direction, a slab, and a cell smaller than the cutoff in which images repeat.
std::vector<Structure> mixed() {
  return {test::molecule(7, 1), test::crystal(4, 4, 4, 7, 2), test::molecule(1, 3), test::crystal(3, 4, 2, 3, 4),
          test::crystal(1, 2, 2, 7, 5)};
}

std::string message_of(cuda_model::CudaModel& model, const std::vector<Structure>& structures) {
  try {
    model.evaluate(structures);
  } catch (const StructureError& error) {
    return std::to_string(error.system()) + " " + std::to_string(error.atom()) + " " + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("results are those of the list on the GPU, call after call, for every periodicity") {
  const std::vector<Structure> structures = mixed();
  for (const bool double_precision : {false, true}) {
    CAPTURE(double_precision);
    cuda_model::CudaModel gpu(test::small_bundle(double_precision));
    cuda_model::CudaModel host(test::small_bundle(double_precision), {.host_list = true});
    const std::vector<Result> expected = gpu.evaluate(structures);
    const std::vector<Result> found = host.evaluate(structures);
    CHECK(test::nearly_same(found, expected, double_precision ? 1e-12 : 2e-5));
    for (int k = 0; k < 3; ++k) CHECK(test::same_bits(host.evaluate(structures), found));
    CHECK(host.statistics().captures == 0);
    CHECK(host.statistics().repeats == 0);
  }
}

TEST_CASE("energies alone have the same bits, and other batches the same results") {
  const std::vector<Structure> structures = mixed();
  cuda_model::CudaModel host(test::small_bundle(true), {.host_list = true});
  cuda_model::CudaModel cut(test::small_bundle(true), {.host_list = true, .atoms_per_batch = 20});
  const std::vector<Result> both = host.evaluate(structures);
  const std::vector<Result> alone = host.evaluate(structures, {.forces = false});
  for (std::size_t k = 0; k < both.size(); ++k) CHECK(alone[k].energy == both[k].energy);
  CHECK(test::nearly_same(cut.evaluate(structures), both));
  CHECK(cut.statistics().batches > 2);
}

TEST_CASE("a bad structure is told in the same words, and the next call is good") {
  cuda_model::CudaModel gpu(test::small_bundle(false));
  cuda_model::CudaModel host(test::small_bundle(false), {.host_list = true, .atoms_per_batch = 10});
  const std::vector<Structure> good = mixed();
  const std::vector<Result> expected = host.evaluate(good);
  std::vector<std::vector<Structure>> broken(5, good);
  broken[0][1].positions[5][1] = std::nan("");
  broken[1][3].atomic_numbers[2] = 92;
  broken[2][3].atomic_numbers[0] = -1;
  broken[3][1].cell[2] = {0, 0, 0};
  broken[4][0].positions[3] = broken[4][0].positions[1];
  for (std::size_t k = 0; k < broken.size(); ++k) {
    CAPTURE(k);
    const std::string message = message_of(host, broken[k]);
    CHECK(message != "");
    CHECK(message == message_of(gpu, broken[k]));
    CHECK(test::same_bits(host.evaluate(good), expected));
  }
}

TEST_CASE("a batch that memory does not suffice for is halved until it does") {
  const std::vector<Structure> structures(12, test::crystal(3, 3, 3, 7, 1));
  cuda_model::CudaModel free(test::small_bundle(true), {.host_list = true});
  const std::vector<Result> expected = free.evaluate(structures);
  cuda_model::CudaModel one(test::small_bundle(true), {.host_list = true});
  one.evaluate({&structures[0], 1});
  const std::size_t limit = one.statistics().device_bytes * 2;
  REQUIRE(limit < free.statistics().device_bytes);
  cuda_model::CudaModel limited(test::small_bundle(true), {.host_list = true, .memory_limit = limit});
  CHECK(test::nearly_same(limited.evaluate(structures), expected));
}
