#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "dsl/safetensors.h"

using namespace mlffgen::dsl;
namespace fs = std::filesystem;

namespace {

struct Model {
  std::string folder;
  std::string tensor;  // with its shape
  std::vector<std::int64_t> shape;
  std::size_t tensor_count;
};

fs::path reference_folder() {
  const char* folder = std::getenv("MLFFGEN_REFERENCE_DIR");
  return folder != nullptr ? fs::path(folder) : fs::path("..") / "shared" / "reference";
}

}  // namespace

TEST_CASE("every tensor of the trained reference models is read in its shape, finite") {
  const std::vector<Model> models = {
      {"painn_ethanol", "representation.filter_net.weight", {1152, 20}, 39},
      {"student_427k", "embedding.weight", {101, 128}, 0},
      {"student_77k", "embedding.weight", {101, 64}, 0},
      {"student_21k", "embedding.weight", {101, 32}, 26},
  };
  for (const Model& model : models) {
    const fs::path path = reference_folder() / model.folder / "weights.safetensors";
    if (!fs::exists(path)) {
      MESSAGE("skipped: no trained model at " << path.string() << " (set MLFFGEN_REFERENCE_DIR)");
      continue;
    }
    const WeightFile file = WeightFile::open(path);
    CAPTURE(model.folder);
    REQUIRE(file.tensors().contains(model.tensor));
    CHECK(file.tensors().at(model.tensor).shape == model.shape);
    if (model.tensor_count > 0) CHECK(file.tensors().size() == model.tensor_count);
    CHECK(file.metadata().contains("architecture"));
    for (const auto& [name, tensor] : file.tensors()) {
      std::size_t count = 1;
      for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
      CHECK(file.read(name).size() == count);
    }
  }
}
