#include "runtime/api/open_evaluator.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "runtime/bundle.h"

namespace mlffgen::api {
namespace {

runtime::Bundle model() {
  const char* path = std::getenv("MLFFGEN_TEST_MODEL");
  REQUIRE(path != nullptr);
  return runtime::Bundle::open(path);
}

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("devices are host, cuda and cuda:N, and nothing else") {
  CHECK(parse_device("host") == Device{false, 0});
  CHECK(parse_device("cuda") == Device{true, 0});
  CHECK(parse_device("cuda:0") == Device{true, 0});
  CHECK(parse_device("cuda:12") == Device{true, 12});
  for (const char* wrong :
       {"", "gpu", "cuda:", "cuda:x", "cuda1", "cuda:-1", "cuda:1 ", "cuda:12345", "HOST", "host:0"}) {
    INFO(wrong);
    CHECK(contains(error_of([&] { parse_device(wrong); }), "expected host, cuda or cuda:N"));
  }
  CHECK(contains(error_of([] { parse_device("Cuda"); }), "did you mean 'cuda'?"));
}

TEST_CASE("the host takes any model that was compiled for it") {
  const auto evaluator = open_evaluator(model());
  CHECK(evaluator->device().starts_with("host ("));
  CHECK(evaluator->plan().name == "painn-untrained");
  runtime::Structure water;
  water.atomic_numbers = {8, 1, 1};
  water.positions = {{0, 0, 0.12}, {0, 0.76, -0.48}, {0, -0.76, -0.48}};
  CHECK(evaluator->evaluate({&water, 1}).at(0).forces.size() == 3);
}

TEST_CASE("what a GPU would use changes nothing on the host") {
  OpenOptions options;
  options.skin = 1;
  options.memory_limit = 1;
  CHECK(open_evaluator(model(), options)->device().starts_with("host ("));
  for (const double skin : {-1.0, std::nan(""), HUGE_VAL}) {
    options.skin = skin;
    CHECK(contains(error_of([&] { open_evaluator(model(), options); }), "skin"));
  }
}

// The test runs with MLFFGEN_CUDA naming a file that is not there.
TEST_CASE("without a driver a GPU is refused with the reason and the remedy") {
  OpenOptions options;
  options.device.cuda = true;
  const std::string message = error_of([&] { open_evaluator(model(), options); });
  CHECK(contains(message, "the CUDA driver"));
  CHECK(contains(message, "install"));
}

}  // namespace
}  // namespace mlffgen::api
