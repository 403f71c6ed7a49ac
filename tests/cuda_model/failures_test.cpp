// When the driver refuses. The software GPU is told to; on a real one these cases have nothing to do.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Result;
using runtime::Structure;

namespace {

// Makes a function of the software driver return an error for a scope.
class Failing {
 public:
  explicit Failing(const char* function_and_status) { setenv("SOFTWARE_GPU_FAIL", function_and_status, 1); }
  ~Failing() { unsetenv("SOFTWARE_GPU_FAIL"); }
};

bool is_software(const cuda_model::CudaModel& model) {
  return model.context().device().name.find("Software") != std::string::npos;
}

}  // namespace

TEST_CASE("where graphs cannot be captured the kernels are launched one by one, with one warning") {
  std::vector<std::string> warnings;
  cuda_model::CudaOptions options;
  options.warn = [&](const std::string& message) { warnings.push_back(message); };
  cuda_model::CudaModel model(test::small_bundle(false), options);
  if (!is_software(model)) return;
  const std::vector<Structure> structures = {test::molecule(5, 1)};
  const std::vector<Result> expected = model.evaluate(structures);
  const Failing failing("cuStreamBeginCapture_v2=901");
  for (int k = 0; k < 3; ++k) CHECK(test::same_bits(model.evaluate(structures), expected));
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("graphs do not work here, kernels are launched one by one: ") == 0);
  CHECK(model.statistics().replays == 0);
}

TEST_CASE("an allocation that fails is a DeviceError with its bytes, and the model works afterwards") {
  cuda_model::CudaModel model(test::small_bundle(false));
  if (!is_software(model)) return;
  const std::vector<Structure> small = {test::molecule(5, 1)}, large = {test::molecule(50, 1)};
  const std::vector<Result> expected = model.evaluate(small);
  {
    const Failing failing("cuMemAlloc_v2=2");
    try {
      model.evaluate(large);
      FAIL("no error");
    } catch (const DeviceError& error) {
      const std::string message = error.what();
      CAPTURE(message);
      CHECK(message.find(" bytes of device memory") != std::string::npos);
      CHECK(message.find("bytes of the GPU are free") != std::string::npos);
    }
  }
  CHECK(test::same_bits(model.evaluate(small), expected));
  CHECK(model.evaluate(large).size() == 1);
}
