// Large sets are cut into batches on two lanes: order, memory and errors.
#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Result;
using runtime::Structure;

namespace {

std::vector<Structure> many(int count) {
  std::vector<Structure> structures;
  for (int k = 0; k < count; ++k) structures.push_back(test::molecule(1 + k % 5, static_cast<unsigned>(k)));
  return structures;
}

}  // namespace

TEST_CASE("a set in many batches gives the same as in one, in the order of its structures") {
  const std::vector<Structure> structures = many(17);
  cuda_model::CudaModel whole(test::small_bundle(true)), cut(test::small_bundle(true), {.atoms_per_batch = 6});
  const std::vector<Result> expected = whole.evaluate(structures);
  const std::vector<Result> first = cut.evaluate(structures);
  CHECK(test::nearly_same(first, expected));
  CHECK(test::same_bits(cut.evaluate(structures), first));
  CHECK(whole.statistics().batches < cut.statistics().batches);
  CHECK(test::nearly_same(cut.evaluate({&structures[3], 1})[0], expected[3]));
}

TEST_CASE("no structures give no results") {
  cuda_model::CudaModel model(test::small_bundle(false));
  std::vector<Result> results(3);
  model.evaluate(std::span<const Structure>(), {}, results);
  CHECK(results.empty());
}

TEST_CASE("the first system at fault is named whatever the batches, and the next call is good") {
  std::vector<Structure> structures = many(17);
  cuda_model::CudaModel model(test::small_bundle(false), {.atoms_per_batch = 6});
  const std::vector<Result> expected = model.evaluate(structures);
  std::vector<Structure> broken = structures;
  broken[8].positions[2][1] = std::nan("");
  broken[10].positions.clear();
  broken[16].atomic_numbers[0] = 92;
  try {
    model.evaluate(broken);
    FAIL("no error");
  } catch (const StructureError& error) {
    CHECK(error.system() == 8);
    CHECK(error.atom() == 2);
    CHECK(std::string(error.what()).find("system 8 (counting from 0): atom 2 (counting from 0)") == 0);
  }
  CHECK(test::same_bits(model.evaluate(structures), expected));
  broken[8] = structures[8];
  try {
    model.evaluate(broken);
    FAIL("no error");
  } catch (const StructureError& error) {
    CHECK(error.system() == 10);
    CHECK(error.atom() == -1);
  }
  CHECK(test::same_bits(model.evaluate(structures), expected));
}

TEST_CASE("a batch that memory does not suffice for is halved until it does") {
  const std::vector<Structure> structures = many(40);
  cuda_model::CudaModel free(test::small_bundle(true));
  const std::vector<Result> expected = free.evaluate(structures);
  cuda_model::CudaModel one(test::small_bundle(true));
  one.evaluate({&structures[4], 1});
  const std::size_t limit = one.statistics().device_bytes * 3 / 2;
  REQUIRE(limit < free.statistics().device_bytes);
  for (const int atoms_per_batch : {32768, 20}) {
    cuda_model::CudaModel limited(test::small_bundle(true),
                                  {.memory_limit = limit, .atoms_per_batch = atoms_per_batch});
    CHECK(test::nearly_same(limited.evaluate(structures), expected));
    CHECK(limited.statistics().device_bytes <= limit);
  }
}

TEST_CASE("a system that memory does not suffice for is refused with bytes, and smaller ones are good") {
  cuda_model::CudaModel one(test::small_bundle(true));
  const Structure small = test::molecule(5, 1), large = test::crystal(5, 5, 5, 0, 2);
  const Result expected = one.evaluate({&small, 1})[0];
  const std::size_t limit = one.statistics().device_bytes * 5 / 4;
  cuda_model::CudaModel limited(test::small_bundle(true), {.memory_limit = limit});
  for (int k = 0; k < 2; ++k) {
    try {
      limited.evaluate({&large, 1});
      FAIL("no error");
    } catch (const MemoryError& error) {
      const std::string message = error.what();
      CAPTURE(message);
      CHECK(message.find("for 128 atoms") != std::string::npos);
      CHECK(message.find("bytes needed") != std::string::npos);
      CHECK(message.find("may hold " + std::to_string(limit) + " bytes") != std::string::npos);
    }
    CHECK(test::same_bits(limited.evaluate({&small, 1})[0], expected));
  }
}

TEST_CASE("the memory that calls need is what they take") {
  cuda_model::CudaModel model(test::small_bundle(true));
  const cuda_model::MemoryNeed need = model.memory_need();
  CHECK(need.constants > 0);
  CHECK(need.bytes_per_pair >= 4 + 7 * sizeof(double));
  const Structure structure = test::crystal(4, 4, 4, 0, 2);
  model.evaluate({&structure, 1});
  const auto taken = static_cast<double>(model.statistics().device_bytes - need.constants);
  CHECK(taken > 64.0 * static_cast<double>(need.bytes_per_atom));
}
